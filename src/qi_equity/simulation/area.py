"""A made-up area with several sources that disagree, and what was put in: for the example audit.

Nobody in it is real. Two systems of one provider record the same births and do not agree on who
people are; a council, a voluntary group and a national publisher count them in their own ways.
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SEED = 20250501
FIRST, LAST = "2023-05-01", "2025-04-30"
UNITS = {"Ashdown": 2500, "Brackenford": 1900, "Coldwater": 1300}  # births a year
# Shares of births near those of a mixed English town; codes of the 2001 census.
MIX = {"White": 0.60, "Asian": 0.20, "Black": 0.11, "Mixed": 0.04, "Other": 0.05}
CODES = {"White": "ABC", "Asian": "HJKL", "Black": "MNP", "Mixed": "DEFG", "Other": "RS"}
NOT_KNOWN = 0.03
# What was put in. Each is a rate, then the factor of a group at a unit (or everywhere).
DECAY = ("Coldwater", 0.02, 0.16)  # share without ethnicity, from the first month to the last
TAKEN_FOR_OTHER = 0.22  # Asian and Mixed mothers whom the second system calls "other"
RATES = {
    "loss": 0.05,
    "preterm": 0.07,
    "apgar": 0.012,
    "smoker": 0.08,
    "late": 0.28,
    "formula": 0.3,
}
FACTORS = {
    ("loss", "Black", ""): 1.9,
    ("late", "Asian", "Brackenford"): 1.5,
    ("late", "Black", ""): 1.25,
    ("apgar", "Asian", "Ashdown"): 1.8,
}
BY_DEPRIVATION = {"smoker": 2.6, "preterm": 1.5, "late": 1.3}  # most over least deprived
NEED = {"White": 0.05, "Asian": 0.28, "Black": 0.16, "Mixed": 0.04, "Other": 0.30}
PROVIDED = {"Ashdown": 0.86, "Brackenford": 0.55, "Coldwater": 0.80}
HEARD = {"White": 0.82, "Asian": 0.66, "Black": 0.60, "Mixed": 0.76, "Other": 0.78}
WORDS = {  # how a voluntary group writes who answered
    "White": "White (any)", "Asian": "South or East Asian heritage", "Black": "Black heritage",
    "Mixed": "Mixed heritage", "Other": "Another background",
}  # fmt: skip
PUBLISHED = {  # how a national file writes it
    "White": "White", "Asian": "Asian or Asian British", "Black": "Black or Black British",
    "Mixed": "Mixed", "Other": "Any other ethnic group", "": "Not Known",
}  # fmt: skip
AGES = ("under 25", "25 to 34", "35 and over")

Text = NDArray[np.object_]


def area(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Every made-up file of the example audit, by its name; the same seed gives the same files.

    >>> sorted(area())[:3]
    ['council_children.csv', 'council_women.csv', 'maternity_system.csv.gz']
    """
    rng = np.random.default_rng(seed)
    births = _births(rng)
    maternity = _maternity(births, rng)
    late = births[births["date"] >= "2024-05-01"]
    return {
        "maternity_system.csv.gz": maternity,
        "neonatal_system.csv.gz": _neonatal(births, rng),
        "published_rates.csv": _published(late, maternity),
        "council_women.csv": _council_women(rng),
        "council_children.csv": _council_children(late, rng),
        "voices_survey.csv": _survey(rng),
        "staff_survey.csv": _staff(rng),
    }


def write(folder: Path, seed: int = SEED) -> list[Path]:
    """The files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in area(seed).items():
        text = io.StringIO()
        table.to_csv(text, index=False, lineterminator="\n")
        held = text.getvalue().encode()
        paths.append(folder / name)
        # Without the time of writing, so that the same figures are the same file.
        paths[-1].write_bytes(gzip.compress(held, mtime=0) if name.endswith(".gz") else held)
    return paths


def _births(rng: np.random.Generator) -> pd.DataFrame:
    """What is true of every birth; no system holds all of it."""
    days = pd.date_range(FIRST, LAST)
    parts = []
    for unit, births in UNITS.items():
        size = round(births * len(days) / 365)
        parts.append(pd.DataFrame({"unit": unit, "date": np.sort(rng.choice(days, size))}))
    table = pd.concat(parts, ignore_index=True)
    size = len(table)
    group = rng.choice(list(MIX), size, p=list(MIX.values()))
    poorer = np.where(np.isin(group, ("Asian", "Black")), 0.62, 1.0)
    table["group"] = group
    table["imd"] = np.clip(np.ceil(10 * rng.beta(1.1 * poorer, 1.3, size)), 1, 10).astype(int)
    table["age"] = rng.choice(AGES, size, p=(0.18, 0.57, 0.25))
    table["need"] = rng.random(size) < np.vectorize(NEED.get)(group)
    given = np.vectorize(PROVIDED.get)(table["unit"])
    table["provided"] = table["need"] & (rng.random(size) < given)
    for name, rate in RATES.items():
        table[name] = rng.random(size) < _chance(table, name, rate)
    return table


def _chance(table: pd.DataFrame, name: str, rate: float) -> NDArray[np.float64]:
    """The rate of each birth: the usual one times what was put in."""
    found = np.full(len(table), rate)
    for (of, group, unit), factor in FACTORS.items():
        if of == name:
            here = (table["group"] == group) & ((table["unit"] == unit) | (unit == ""))
            found = np.where(here, found * factor, found)
    steep = BY_DEPRIVATION.get(name, 1.0)
    return np.minimum(found * steep ** ((5.5 - table["imd"].to_numpy()) / 9), 0.95)


def _codes(table: pd.DataFrame, rng: np.random.Generator) -> Text:
    """The letter that each group is written with."""
    at = rng.integers(0, 12, len(table))
    letters = [CODES[one][k % len(CODES[one])] for one, k in zip(table["group"], at, strict=True)]
    return np.array(letters, dtype=object)


def _maternity(births: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    size = len(births)
    code = _codes(births, rng)
    unit, first, last = DECAY
    months = (births["date"].dt.year - 2024) * 12 + births["date"].dt.month - 5
    ramp = np.clip(months / 11, 0, 1)  # over the audit's year
    lost = np.where(births["unit"] == unit, first + (last - first) * ramp, NOT_KNOWN)
    code = np.where(rng.random(size) < lost, rng.choice(["Z", "99"], size), code)
    usual = rng.gamma(6, 60, size).round()
    loss = np.where(births["loss"], 1000 + rng.exponential(350, size).round(), usual.clip(50, 995))
    return pd.DataFrame(
        {
            "birth_id": np.arange(100_001, 100_001 + size),
            "date": births["date"].dt.strftime("%Y-%m-%d"),
            "unit": births["unit"],
            "ethnicity": code,
            "imd_decile": births["imd"],
            "age_band": births["age"],
            "interpreter_needed": np.where(births["need"], "Yes", "No"),
            "interpreter_provided": np.where(births["provided"], 1, 0),
            "blood_loss_ml": loss.astype(int),
            "preterm": births["preterm"].astype(int),
            "apgar_5": np.where(births["apgar"], 5, 9),
            "smoker_at_birth": births["smoker"].astype(int),
            "booked_after_70_days": births["late"].astype(int),
        }
    )


def _neonatal(births: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The same births in another system: other codes for the mother, and the baby's beside them."""
    size = len(births)
    code = _codes(births, rng)
    mixed = births["group"].isin(["Asian", "Mixed"]) & (rng.random(size) < TAKEN_FOR_OTHER)
    code = np.where(mixed, "S", code)
    code = np.where(rng.random(size) < 2 * NOT_KNOWN, "99", code)
    baby = np.where(rng.random(size) < 0.06, "G", code)
    baby = np.where(rng.random(size) < 0.18, "", baby)
    return (
        pd.DataFrame(
            {
                "birth_id": np.arange(100_001, 100_001 + size),
                "born": births["date"].dt.strftime("%Y-%m-%d"),
                "site": births["unit"],
                "mother_ethnicity": code,
                "baby_ethnicity": baby,
                "preterm": births["preterm"].astype(int),
                "formula_first": births["formula"].astype(int),
            }
        )
        .sample(frac=0.97, random_state=int(rng.integers(1 << 31)))
        .sort_values("birth_id")
    )


def _published(births: pd.DataFrame, maternity: pd.DataFrame) -> pd.DataFrame:
    """Bleeds of the year as a national file gives them: 1 to 7 as 5, all else to the nearest 5."""
    letter = {code: group for group, codes in CODES.items() for code in codes}
    rows = maternity.loc[births.index].assign(
        group=lambda table: table["ethnicity"].map(letter).fillna("").map(PUBLISHED),
        bleed=lambda table: table["blood_loss_ml"] >= 1000,
    )
    sums = rows.groupby(["unit", "group"])["bleed"].agg(["sum", "count"]).reset_index()
    return sums.assign(numerator=_to_five(sums["sum"]), denominator=_to_five(sums["count"])).drop(
        columns=["sum", "count"]
    )


def _to_five(counts: pd.Series) -> pd.Series:
    small = (counts > 0) & (counts < 8)
    return (5 * (counts / 5).round()).where(~small, 5).astype(int)


def _council_women(rng: np.random.Generator) -> pd.DataFrame:
    """Women of 15 to 44 by district and group, as a census table would give them."""
    rows = []
    for unit, births in UNITS.items():
        for group, share in MIX.items():
            women = births * 17 * share * (1.12 if group == "White" else 0.85)
            rows.append((unit, group, int(rng.poisson(women))))
    return pd.DataFrame(rows, columns=["district", "ethnic_group", "women_15_to_44"])


def _council_children(births: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Smoking at birth as the council has it: of women living there, an earlier year, to five."""
    rows = []
    for (unit, group), some in births.groupby(["unit", "group"]):
        women = round(len(some) * 0.93)
        smokers = rng.binomial(women, float(some["smoker"].mean()) * 1.5)
        rows.append((unit, group, smokers, women))
    table = pd.DataFrame(rows, columns=["district", "ethnic_group", "smokers", "women"])
    return table.assign(smokers=_to_five(table["smokers"]), women=_to_five(table["women"]))


def _survey(rng: np.random.Generator) -> pd.DataFrame:
    """Who answered a voluntary group's survey, and who of them was listened to."""
    rows = []
    for unit, births in UNITS.items():
        for group, share in MIX.items():
            asked = int(rng.poisson(births * share * 0.13))
            rows.append((unit, WORDS[group], asked, int(rng.binomial(asked, HEARD[group]))))
    return pd.DataFrame(rows, columns=["where", "how_i_describe_myself", "answered", "listened_to"])


def _staff(rng: np.random.Generator) -> pd.DataFrame:
    """Staff who met discrimination from a manager or colleague, in the groups of their survey."""
    rows = []
    for unit, births in UNITS.items():
        for group, share, rate in (("White", 0.7, 0.07), ("BME", 0.3, 0.17)):
            staff = round(births * share / 11)
            rows.append((unit, group, staff, int(rng.binomial(staff, rate))))
    return pd.DataFrame(rows, columns=["unit", "group", "answered", "met_discrimination"])
