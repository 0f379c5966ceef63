"""No name is left over in the source: what nothing there speaks of any more is taken out."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
WORD = re.compile(r"\w+")
# What calls a function by its name, without our naming it: a decorator, or a class of another's.
CALLERS = re.compile(r"command|callback|validator|serializer|fixture")
NOT_NAMED = {
    # A library calls it, by the name that the library gave it.
    "get_short_help_str", "list_commands", "format_commands",  # Typer
    "_handle_msg", "_build_layout",  # Panel
    "prepare", "transform_first_chunk", "set_secure_cookie", "write_error",  # Tornado
    "get_user", "login_url", "login_handler", "logout_url", "logout_handler",  # Bokeh
    "writable",  # io
    "ignore_aliases",  # PyYAML
    "_prepare",  # SQLAlchemy
    "_repr_html_",  # Jupyter
    # Tests and benchmarks take it in the place of something that is slow.
    "FixedBackend", "example_network",
}  # fmt: skip


def named(path: Path) -> Iterator[str]:
    """Every function, class and constant that a module gives a name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not any(
            CALLERS.search(ast.dump(each)) for each in node.decorator_list
        ):
            yield node.name
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))


def test_every_name_in_the_source_is_spoken_of_a_second_time():
    beside = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".html", ".toml")]
    texts = [path.read_text("utf-8") for path in [*SOURCE, *beside, ROOT / "pyproject.toml"]]
    times = Counter(word for text in texts for word in WORD.findall(text))
    once = {name for path in SOURCE for name in named(path) if times[name] == 1}
    assert {name for name in once if not name.startswith("__")} - NOT_NAMED == set()
    assert NOT_NAMED - set(times) == set()


def test_nothing_is_left_to_be_done_in_a_comment():
    marks = re.compile(r"#.*\b(?:TODO|FIXME|XXX|HACK)\b")
    homes = ("src", "tests", "benchmarks", "docs", "apps")
    found = [path for home in homes for path in (ROOT / home).rglob("*.py")
             if path != Path(__file__) and marks.search(path.read_text("utf-8"))]  # fmt: skip
    assert found == []
