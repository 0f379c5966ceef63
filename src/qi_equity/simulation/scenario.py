"""What the made-up network is made of: sizes, mixes, published rates, and what changes when.

Tables only. The truth that tests look for is read off these; nothing here is drawn or counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Level:
    """Where a measure stands before anything changes.

    The rate is a fraction, events a birth, or the typical value; share is the part of births
    that is eligible; ratios say how a broad group's rate compares with the rate.
    """

    rate: float
    source: str
    ratios: Mapping[str, float] = field(default_factory=dict)
    share: float = 1.0
    spread: float = 0.5  # of one woman's value, on the log scale


@dataclass(frozen=True, slots=True)
class Effect:
    """One true change: from a week on, a rate is multiplied by a factor."""

    project: str
    measure: str
    site: str
    stratum: str
    week: int
    factor: float
    what: str


# Births a week, and what kind of place it is.
BIRTHS = (
    (100, "city"),
    (72, "town"),
    (90, "city"),
    (60, "shire"),
    (110, "city"),
    (70, "town"),
    (66, "shire"),
    (95, "town"),
    (84, "city"),
    (75, "town"),
)
GROUPS = ("Asian", "Black", "Mixed", "White", "Other", "Unknown")
MIX: Mapping[str, Mapping[str, float]] = {
    "city": dict(zip(GROUPS, (0.22, 0.18, 0.07, 0.42, 0.06, 0.05), strict=True)),
    "town": dict(zip(GROUPS, (0.18, 0.12, 0.05, 0.55, 0.05, 0.05), strict=True)),
    "shire": dict(zip(GROUPS, (0.13, 0.10, 0.06, 0.61, 0.05, 0.05), strict=True)),
}

# A site, the week its coding begins to decay, and the share not recorded in the last week.
CODING_DECAY = ("site_g", 60, 0.35)
# Weeks a site has not logged: the last ones of a late site, and a fortnight of leave.
LATE = (("site_j", slice(-4, None)), ("site_d", slice(30, 32)))
NOT_LOGGED = 0.004  # of other weeks, anywhere

NO_FIGURE = "no published figure found: chosen to be plausible"
ROOM_FOR = "chosen below the project's target, so that there is room to improve"
# Babies born before 34 weeks, women with a referral accepted, women with gestational diabetes,
# women with a reason to be tested: as parts of all births.
EARLY, ACCEPTED, DIABETES, AT_RISK = 0.025, 0.06, 0.07, 0.35

# (project, measure) -> where it stands. Figures are of services, and say nothing of bodies.
LEVELS: Mapping[tuple[str, str], Level] = {
    ("pph_reduction", "pph_1000"): Level(
        0.06,
        "12% in Black and minority ethnic women and 5% in White women (Lancashire Teaching "
        "Hospitals, rho-harp.org)",
        {"Asian": 1.15, "Black": 2.0, "Mixed": 1.2, "White": 0.9},
    ),
    ("pph_reduction", "risk_assessed"): Level(0.86, ROOM_FOR, {"Asian": 0.97, "Black": 0.96}),
    ("pph_reduction", "loss_weighed"): Level(0.72, ROOM_FOR),
    ("pph_reduction", "transfusion"): Level(0.015, NO_FIGURE, {"Black": 1.4}),
    ("preterm_optimisation", "cord_management"): Level(
        0.47,
        "24% to 45% to 58% over three years in the North East (Health Innovation NENC)",
        {"Asian": 0.81, "Black": 0.83},
        EARLY,
    ),
    ("preterm_optimisation", "steroids"): Level(0.84, ROOM_FOR, {"Black": 0.95}, EARLY),
    ("preterm_optimisation", "early_milk"): Level(
        0.62, ROOM_FOR, {"Asian": 0.92, "Black": 0.95}, EARLY
    ),
    ("preterm_optimisation", "cold_on_admission"): Level(0.18, NO_FIGURE, {}, EARLY),
    ("perinatal_mental_health_referrals", "referred"): Level(
        0.078,
        "7.1 contacts in 100 births expected in 2020/21, 10 in 2022/23 (RCPsych); less community "
        "access for Black African, Asian and White Other women (Jankovic 2020)",
        {"Asian": 0.51, "Black": 0.75},
    ),
    ("perinatal_mental_health_referrals", "asked"): Level(0.86, ROOM_FOR, {"Asian": 0.93}),
    ("perinatal_mental_health_referrals", "seen_in_2_weeks"): Level(
        0.6, ROOM_FOR, {"Asian": 0.9, "Black": 0.9}, ACCEPTED
    ),
    ("perinatal_mental_health_referrals", "discharged_unseen"): Level(
        0.12, NO_FIGURE, {"Black": 1.3}, ACCEPTED
    ),
    ("gestational_diabetes", "postnatal_test"): Level(
        0.57, ROOM_FOR, {"Asian": 0.93, "Black": 0.8}, DIABETES
    ),
    ("gestational_diabetes", "tested_by_28"): Level(
        0.78, ROOM_FOR, {"Asian": 0.85, "Black": 0.92}, AT_RISK
    ),
    ("gestational_diabetes", "clinic_in_a_week"): Level(0.7, ROOM_FOR, {"Black": 0.93}, DIABETES),
    ("gestational_diabetes", "induction"): Level(
        0.45, "29.5% of all births (NHS England, April 2025); more with diabetes", {}, DIABETES
    ),
}

EVERY_SITE, EVERY_STRATUM = "every site", "every stratum"
OTHERS = ("Asian", "Mixed", "Other", "White", "Unknown")

# Everything that truly changes. Weeks count from the first Monday; those after a cycle's start
# are the change the cycle made. All other cells are chance.
EFFECTS: tuple[Effect, ...] = (
    Effect("pph_reduction", "pph_1000", "site_a", "Black", 61, 0.45, "improvement"),
    Effect("pph_reduction", "pph_1000", "site_c", EVERY_STRATUM, 74, 0.55, "improvement"),
    *(  # the average improves and one group is left behind
        Effect("pph_reduction", "pph_1000", "site_e", stratum, 50, 0.5, "improvement")
        for stratum in OTHERS
    ),
    Effect("pph_reduction", "pph_1000", "site_h", "Mixed", 60, 0.8, "improvement"),
    Effect("pph_reduction", "loss_weighed", "site_a", EVERY_STRATUM, 53, 1.25, "improvement"),
    Effect("pph_reduction", "loss_weighed", "site_b", EVERY_STRATUM, 53, 1.25, "improvement"),
    Effect("pph_reduction", "risk_assessed", "site_i", "Asian", 45, 0.8, "concern"),
    Effect(
        "preterm_optimisation", "cord_management", EVERY_SITE, EVERY_STRATUM, 54, 1.3, "improvement"
    ),
    Effect("preterm_optimisation", "early_milk", "site_e", EVERY_STRATUM, 78, 1.15, "improvement"),
    Effect(
        "perinatal_mental_health_referrals", "referred", "site_c", "Asian", 55, 1.9, "improvement"
    ),
    Effect(
        "perinatal_mental_health_referrals",
        "asked",
        "site_f",
        EVERY_STRATUM,
        67,
        1.1,
        "improvement",
    ),
    Effect("perinatal_mental_health_referrals", "referred", "site_i", "Black", 50, 0.4, "concern"),
    Effect("gestational_diabetes", "tested_by_28", "site_e", "Asian", 52, 1.17, "improvement"),
    Effect("gestational_diabetes", "postnatal_test", "site_d", "Black", 57, 1.4, "improvement"),
    Effect(
        "gestational_diabetes", "clinic_in_a_week", "site_b", EVERY_STRATUM, 60, 0.75, "concern"
    ),
)
