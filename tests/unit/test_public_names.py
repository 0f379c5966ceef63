"""The names that scripts rely on are there, and stay what they are whatever is imported."""

import subprocess
import sys

import pytest

import qi_equity

FIRST = [
    "",
    "import qi_equity.analyse, qi_equity.project_file, qi_equity.frames.gaps",
    "from qi_equity.analyse import plan",
    "import qi_equity.cli, qi_equity.words.terminal",
]
TWICE = """
import qi_equity
for name in [*qi_equity.__all__, *qi_equity.__all__]:
    assert type(getattr(qi_equity, name)).__name__ == "function", name
"""


@pytest.mark.parametrize("first", FIRST)
def test_public_names_are_functions_whatever_was_imported_first(first: str) -> None:
    subprocess.run([sys.executable, "-c", f"{first}\n{TWICE}"], check=True)


def test_a_module_can_be_imported_by_its_name_all_the_same() -> None:
    from qi_equity.analyse import analyse

    assert analyse is qi_equity.analyse


def test_the_package_lists_its_public_names() -> None:
    assert set(qi_equity.__all__) <= set(dir(qi_equity))
    with pytest.raises(AttributeError, match="no attribute 'analyze'"):
        _ = qi_equity.analyze
