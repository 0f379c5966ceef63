"""The smallest project as text, and what is told about it when somebody changes it."""

from __future__ import annotations

from pathlib import Path

from qi_equity.project_file import check

HERE = Path(__file__).parent / "projects"
SMALLEST = (HERE / "smallest.yaml").read_text(encoding="utf-8")


def problems_of(text, tmp_path):
    file = tmp_path / "project.yaml"
    file.write_text(text, encoding="utf-8")
    return check(file)


def told(text, tmp_path):
    return [f"{p.line}:{p.column}: {p.message}" for p in problems_of(text, tmp_path)]
