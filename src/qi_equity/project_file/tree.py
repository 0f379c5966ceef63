"""YAML text to plain values and the place of each; what they mean is not known here.

Read as YAML 1.2 core: only true and false are truth values (NO is a word), dates stay text, and
nothing in a file can make Python objects. Files are held to limits before anything is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from qi_equity.plain import problem_of, visible

Path = tuple[str | int, ...]
Place = tuple[int, int]

# A project of 500 short measures is 68 kB and 6,600 parts, seven levels deep.
MOST_CHARACTERS = 2_000_000
MOST_PARTS = 100_000
DEEPEST = 32

# How workbooks and documents begin: those of today (zip) and those of before 2007 (OLE2).
PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

CORE = "tag:yaml.org,2002:"


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2 core schema: null, true and false, decimal numbers; all else is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)"
        r"|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
):
    CoreLoader.add_implicit_resolver(CORE + _tag, re.compile(_pattern), _first)

# The same in C, ten times as quick, where PyYAML was built with it. What it says of a mistake is
# another text in another place, so a file with a mistake is read once more in Python.
QUICK: Any = CoreLoader
if yaml.__with_libyaml__:
    QUICK = type("QuickLoader", (yaml.CSafeLoader,), {
        "yaml_implicit_resolvers": CoreLoader.yaml_implicit_resolvers,
    })  # fmt: skip

LEADING_ZERO = re.compile(r"^[-+]?0[0-9]")


def not_text(wrong: UnicodeDecodeError) -> str:
    """Why a file that should be text cannot be read as it, and the way out."""
    if wrong.object.startswith(PACKED):
        return "this is a workbook or another Office document, and not the text that is asked for"
    return "this is not text in UTF-8; save the file again with the encoding UTF-8"


@dataclass(slots=True)
class Tree:
    """Plain values, where each stands, and what was wrong with the text itself."""

    value: Any = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    problems: list[tuple[Place, str]] = field(default_factory=list)
    refused: set[Path] = field(default_factory=set)

    def place(self, path: Path, of_key: bool = False) -> Place:
        """Where a value or its key stands; the nearest part around it if it is not there."""
        if of_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))


def read(text: str) -> Tree:
    """The text as a tree; what cannot be read is in its problems.

    >>> tree = read("country: NO\\nfrom: 2024-01-31")
    >>> tree.value, tree.place(("from",))
    ({'country': 'NO', 'from': '2024-01-31'}, (2, 7))
    """
    quickly = _read(text, QUICK)
    return _read(text, CoreLoader) if quickly.problems and QUICK is not CoreLoader else quickly


def _read(text: str, loader: Any) -> Tree:
    tree = Tree()
    try:
        if _within_limits(text, tree, loader):
            node = loader(text).get_single_node()
            tree.value = _built(node, (), tree) if node is not None else None
    except yaml.MarkedYAMLError as wrong:
        tree.problems.append(_plainly(wrong))
    except yaml.reader.ReaderError as wrong:
        before = text[: wrong.position]
        place = (before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        tree.problems.append((place, "there is a character here that a text file cannot hold"))
    return tree


def _within_limits(text: str, tree: Tree, loader: Any) -> bool:
    """Whether the stream of events is of a size that is safe to build."""
    if len(text) > MOST_CHARACTERS:
        told = f"the file is longer than {MOST_CHARACTERS:,} characters; is it a project file?"
        tree.problems.append(((1, 1), told))
        return False
    for what, mark in _too_much(text, loader):
        tree.problems.append((_place(mark), what))
    return not tree.problems


def _too_much(text: str, loader: Any) -> Iterator[tuple[str, Any]]:
    depth = parts = documents = 0
    for event in yaml.parse(text, loader):
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            yield f"'*{event.anchor}' repeats another part; write that part out in full here", mark
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        parts += isinstance(event, yaml.NodeEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            yield "a second document starts here; keep one project in a file", mark
            return
        if depth > DEEPEST:
            yield f"parts stand inside one another more than {DEEPEST} deep", mark
            return
        if parts > MOST_PARTS:
            yield f"the file has more than {MOST_PARTS:,} parts; is it a project file?", mark
            return


def _built(node: yaml.Node, path: Path, tree: Tree) -> Any:
    tree.values[path] = _place(node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return tuple(_built(item, (*path, i), tree) for i, item in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, tree)
    return _scalar(node, path, tree)


def _mapping(node: yaml.MappingNode, path: Path, tree: Tree) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, place = key_node.value, _place(key_node.start_mark)
        if problem := _strange(str(key) if isinstance(key_node, yaml.ScalarNode) else ""):
            tree.problems.append((place, f"the key '{visible(key)}' has {problem}; take it out"))
        if not isinstance(key_node, yaml.ScalarNode):
            tree.problems.append((place, "a key must be a single word"))
        elif key in built:
            first = tree.keys[(*path, key)][0]
            told = f"'{visible(key)}' stands twice (first on line {first}); keep one of the two"
            tree.problems.append((place, told))
        else:
            tree.keys[(*path, key)] = place
            built[key] = _built(value_node, (*path, key), tree)
    return built


def _scalar(node: yaml.Node, path: Path, tree: Tree) -> Any:
    text, kind = str(node.value), node.tag.removeprefix(CORE)
    if problem := _strange(text):
        told = f"this text has {problem}; take it out"
    elif kind in ("int", "float") and LEADING_ZERO.match(text):
        told = f"{text} starts with a zero; put a code in quotes ('{text}'), or drop the zero"
    elif kind not in SCALARS:
        told = f"the tag {node.tag} is not used in project files; write the plain value"
    else:
        try:
            return SCALARS[kind](text)
        except (
            ValueError,
            KeyError,
        ):  # a tag put by hand (!!int x), or more digits than a number can have
            told = f"'{text[:40]}' cannot be read as a number or truth value"
    tree.problems.append((tree.values[path], told))
    tree.refused.add(path)
    return None


def _strange(text: str) -> str | None:
    """The first character of a text that no word has, with its code."""
    if text.isascii() and text.isprintable():
        return None
    found = ((problem_of(one), place, one) for place, one in enumerate(text, 1))
    return next(
        (
            f"{problem} (U+{ord(one):04X}) at place {place}"
            for problem, place, one in found
            if problem
        ),
        None,
    )


SCALARS: dict[str, Callable[[str], Any]] = {
    "null": lambda text: None,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": int,
    "float": lambda text: float(text.lower().replace(".inf", "inf").replace(".nan", "nan")),
    "str": str,
}


NEVER_CLOSED = "a quote or bracket is opened here and never closed, or a comma is missing in it"
# PyYAML's words for the mistakes people make most, in the words of the people who make them.
PLAIN = (
    ("character '\\t'", "there is a tab here; indent with spaces"),
    ("cannot start any token", "this character cannot start a value; put the value in quotes"),
    ("mapping values are not allowed", "a ':' where none can be: put a text with ': ' in quotes, "
     "or check how far the line is indented"),
    ("could not find expected ':'", "a key without its ':', or a text that runs over lines "
     "without being indented"),
    ("expected <block end>", "this line is not indented like the lines it belongs with"),
    ("unexpected end of stream", NEVER_CLOSED),
    ("expected ',' or", NEVER_CLOSED),
    ("<document start>", "something stands here after the end of the project"),
    ("an anchor", "a value cannot start with '&' as it is; put it in quotes"),
    ("duplicate anchor", "a value cannot start with '&' as it is; put it in quotes"),
    ("an alias", "a value cannot start with '*' as it is; put it in quotes"),
    ("a block scalar", "after a '>' or '|' the text starts on the next line, indented"),
    ("a flow node", "something is missing between brackets or commas here"),
    ("undefined tag", "a value cannot start with '!' as it is; put it in quotes"),
    ("unknown escape character", "a \\ has a meaning of its own in double quotes; use single"),
)  # fmt: skip


def _plainly(wrong: yaml.MarkedYAMLError) -> tuple[Place, str]:
    """Where and what is wrong with the text, for someone who has never heard of YAML."""
    said = f"{wrong.context or ''} {wrong.problem or ''}"
    told = next((told for words, told in PLAIN if words in said), f"cannot be read: {said.strip()}")
    opened = wrong.context_mark if told is NEVER_CLOSED else None
    return _place(opened or wrong.problem_mark or wrong.context_mark), told


def _place(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
