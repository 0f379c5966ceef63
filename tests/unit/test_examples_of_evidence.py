"""The page of examples says what the words say of its weeks today, and shows a picture of each."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def script():
    spec = importlib.util.spec_from_file_location("examples", DOCS / "examples_of_evidence.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def test_the_sentences_on_the_page_are_those_of_the_words():
    examples = script()
    assert examples.PAGE.read_text(encoding="utf-8") == examples.page()
    for example in examples.EXAMPLES:
        assert (examples.PICTURES / f"{example.name}.png").is_file()
