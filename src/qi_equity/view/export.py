"""Findings as open files: CSV tables and one JSON document."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from qi_equity.findings import TABLES, Findings
from qi_equity.plain import inert_cell
from qi_equity.words.cautions import caution_text


def write(findings: Findings, folder: Path) -> list[Path]:
    """Write a CSV for each table of findings, and findings.json with the answers; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, kind in TABLES.items():
        table = findings.table(kind)
        path = folder / f"{name}.csv"
        inert(table).to_csv(path, index=False, encoding="utf-8")
        paths.append(path)
    path = folder / "findings.json"
    text = json.dumps(document(findings), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return [*paths, path]


def document(findings: Findings) -> dict[str, Any]:
    """The findings as plain values; what is missing is null.

    The points stand in points.csv alone: a reader of the JSON wants the answers.
    """
    project = findings.project
    return {
        "project": project.id,
        "title": project.title,
        "synthetic": project.synthetic,
        "reference": project.strata.reference.model_dump(),
        "judged": findings.judged,
        "as_of": findings.as_of,
        "chance": asdict(findings.chance) if findings.chance else None,
        "charts": _records(findings.charts),
        "gaps": _records(findings.gaps),
        "inequality": _records(findings.inequality),
        "cusums": _records(findings.cusums),
        "cautions": cautions(findings),
    }


def cautions(findings: Findings) -> list[dict[str, Any]]:
    """What to be careful of, as codes with numbers and in words."""
    return [
        {"code": one.code, "measure": one.measure, "site": one.site, "stratum": one.stratum}
        | {"numbers": dict(one.numbers), "text": caution_text(one)}
        for one in findings.cautions
    ]


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """The table with no text that a spreadsheet would run as a formula, headers included.

    >>> inert(pd.DataFrame({"stratum": ["=1+1", "Black", "\\n =1"]}))["stratum"].tolist()
    ["'=1+1", 'Black', "'\\n =1"]
    """
    safe = table.copy()
    for name in safe.columns:
        kind = safe[name].dtype
        if isinstance(kind, pd.CategoricalDtype):
            safe[name] = safe[name].astype(object)
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            safe[name] = safe[name].map(inert_cell)
    return safe.rename(columns=inert_cell)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): _plain(value) for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        # Infinity is an answer (weeks to go: never), not a number that JSON knows.
        return None if math.isnan(value) else ("infinity" if value > 0 else "-infinity")
    return value
