"""Read the packed reference figures back into one table per case and file."""

import csv
import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent


@cache
def packed(tool: str) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Case -> file -> column -> values, as they were printed."""
    found: dict[str, Any] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    with (HERE / f"{tool}.csv").open(newline="") as file:
        next(file)
        for cell in csv.DictReader(file):
            found[cell["case"]][cell["file"]][cell["column"]].append(cell["value"])
    return found


def number(text: str) -> float:
    return np.nan if text in ("", "NA", "NaN") else float(text.replace("Inf", "inf"))


class Case:
    """One case of a tool: its options, its input and what the tool answered."""

    def __init__(self, tool: str, name: str) -> None:
        self.files = packed(tool)[name]
        self.options = {key: json.loads(value[0]) for key, value in self.files["args"].items()}

    def numbers(self, file: str, column: str) -> np.ndarray:
        return np.array([number(text) for text in self.files[file][column]])

    def words(self, file: str, column: str) -> list[str]:
        return self.files[file][column]

    def has(self, file: str, column: str) -> bool:
        return column in self.files[file]

    def by_area(self, column: str) -> np.ndarray:
        """Input values as one row per area, in the order the tool answers."""
        areas, values = self.words("input", "area"), self.numbers("input", column)
        order = sorted(set(areas))
        return np.array([values[[area == one for area in areas]] for one in order])
