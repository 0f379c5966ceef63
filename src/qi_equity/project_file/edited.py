"""A project file's text with labels mapped in it: comments and all other lines stay as they are.

Nothing is written here, and nothing but `strata.labels` is ever changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from qi_equity.errors import UserError
from qi_equity.project_file.tree import CoreLoader

ABOVE = "labels of our files that no code list knows, and the group of each"


def with_labels(text: str, labels: Mapping[str, str]) -> str:
    """The text with each label mapped to its group, below those that are there already.

    >>> print(with_labels("strata:\\n  groups: [a]  # ours\\nid: x\\n", {"Blk": "Black"}))
    strata:
      groups: [a]  # ours
      labels: # labels of our files that no code list knows, and the group of each
        "Blk": "Black"
    id: x
    <BLANKLINE>
    """
    strata = _of(CoreLoader(text).get_single_node(), "strata")
    if not isinstance(strata, yaml.MappingNode) or strata.flow_style or not strata.value:
        raise UserError("strata: write it over several lines, so that labels can be added below")
    there = _of(strata, "labels")
    indent = " " * strata.value[0][0].start_mark.column
    if there is None:
        lines = [f"{indent}labels: # {ABOVE}", *_lines(f"{indent}  ", labels)]
        return _below(text, strata, lines)
    if not isinstance(there, yaml.MappingNode) or there.flow_style or not there.value:
        raise UserError("strata.labels: write it over several lines, a label a line")
    return _below(text, there, _lines(" " * there.value[0][0].start_mark.column, labels))


def _lines(indent: str, labels: Mapping[str, str]) -> list[str]:
    quoted = {label: json.dumps(label, ensure_ascii=False) for label in labels}
    return [
        f"{indent}{quoted[label]}: {json.dumps(group, ensure_ascii=False)}"
        for label, group in labels.items()
    ]


def _below(text: str, node: yaml.Node, lines: list[str]) -> str:
    """The text with lines below the last line of a part, and above what stands after it."""
    end = len(text[: _end(node)].rstrip())
    at = text.find("\n", end)
    head, rest = (text[: at + 1], text[at + 1 :]) if at >= 0 else (f"{text}\n", "")
    return head + "".join(f"{line}\n" for line in lines) + rest


def _end(node: yaml.Node) -> int:
    """Where the last thing of a part ends: the part itself ends with the comments below it."""
    flow = isinstance(node, yaml.CollectionNode) and (node.flow_style or not node.value)
    if isinstance(node, yaml.MappingNode) and not flow:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not flow:
        return _end(node.value[-1])
    return int(node.end_mark.index)


def _of(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)
