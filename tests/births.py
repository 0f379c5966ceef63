"""Made-up birth records, with everything that real extracts have wrong in them, and a project."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qi_equity.project import Project

CODES = [*"ABCDEFGHJKLMNPRSZ", "99", "X", "m", "N1", "Q", None]


def births(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """A table of births over two years at three units and one that no project knows."""
    day = pd.Timestamp("2023-01-02") + pd.to_timedelta(rng.integers(0, 730 * 24, count), unit="h")
    gestation = rng.normal(277, 14, count).round()
    blank = rng.random((4, count)) < np.array([[0.001], [0.05], [0.02], [0.1]])
    shares = np.array([40, *[3.0] * (len(CODES) - 1)])
    return pd.DataFrame(
        {
            "born": pd.Series(day).mask(blank[0]).astype("datetime64[us]"),
            "unit": rng.choice(
                ["north", "south", "west", "Elsewhere"], count, p=[0.4, 0.3, 0.29, 0.01]
            ),
            "ethnicity": rng.choice(np.array(CODES, object), count, p=shares / shares.sum()),
            "loss": pd.Series(rng.gamma(2, 230, count).round(1)).mask(blank[1]),
            "gestation": pd.Series(gestation).mask(blank[2]).astype("Int64"),
            "weighed": pd.Series(rng.random(count) < 0.7, dtype="boolean").mask(blank[3]),
            "gestation_text": pd.Series(gestation.astype(int).astype(str)).mask(
                blank[2], "unknown"
            ),
        }
    )


def measure(name: str, rule: dict[str, object], **more: object) -> dict[str, object]:
    words = {"id": name, "name": name, "role": "outcome", "numerator": "n", "direction": "decrease"}
    return {**words, "records": rule, **more}


def project() -> Project:
    """Six measures that use every condition, over weeks and months."""
    known = {"loss": {"known": True}}
    early = {"gestation": {"at_least": 154, "below": 259}}
    text = {"gestation_text": {"at_most": 258, "above": 153}}
    aim = {"stratum": "Black", "measure": "pph", "from": 0.2, "to": 0.1, "by": "2026-01-01"}
    groups = {"Asian": "HJKL", "Black": "MNP", "Mixed": "DEFG", "Other": "RS", "White": "ABC"}
    return Project.model_validate(
        {
            "id": "trial",
            "title": "A trial",
            "clinical_area": "other",
            "network": "N",
            "sites": [{"id": name, "name": f"{name} unit"} for name in ("north", "south", "west")],
            "aim": {
                "population": "women",
                **{key: aim[key] for key in ("measure", "from", "to", "by")},
                "equity": [aim],
            },
            "strata": {
                "code_system": "nhs_16_plus_1",
                "groups": [
                    *({"name": name, "codes": list(codes)} for name, codes in groups.items()),
                    {
                        "name": "Not recorded",
                        "codes": ["Z", "99", "X"],
                        "unknown": True,
                        "missing": True,
                    },
                ],
                "reference": {"compare_with": "everyone else", "reason": "no group is the norm"},
            },
            "measures": [
                measure("pph", {"eligible": known, "numerator": {"loss": {"at_least": 1000}}}),
                measure(
                    "preterm", {"eligible": {"gestation": {"known": True}}, "numerator": early}
                ),
                measure("preterm_text", {"numerator": text}, subgroup="month"),
                measure("weighed", {"numerator": {"weighed": {"is": True}}}),
                measure("loss", {"value": "loss"}, data="continuous", subgroup="month"),
                measure(
                    "severe",
                    {"eligible": {"weighed": {"is": True}}, "numerator": {"loss": {"above": 1500}}},
                    data="count",
                    subgroup="fortnight",
                ),
            ],
            "data": {
                "kind": "records",
                "path": "births.parquet",
                "date": "born",
                "stratum": "ethnicity",
                "site": "unit",
            },
        }
    )
