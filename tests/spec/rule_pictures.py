"""The rules as pictures: the cases of test_rules.py, and the page docs/reference/rules.md.

python tests/spec/rule_pictures.py      writes the page anew
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qi_equity.spc.chart import Chart, Lines, Zone
from qi_equity.spc.rules import RULE_SETS, RULES, Rule, long_run, mark, shift, trend

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"

# The centre line is at 5, the limits at 2 and 8, 2 sigma at 3 and 7, 1 sigma at 4 and 6.
HEIGHTS = {"-": 4.5, "=": 5.0, "+": 5.5, " ": np.nan, "x": 5.5}
HEIGHTS |= {"m": 3.5, "n": 2.5, "l": 1.0, "M": 6.5, "N": 7.5, "L": 9.0}
HEIGHTS |= {str(digit): float(digit) for digit in range(10)}
SIGNS = {1: "^", -1: "v", 0: "."}


@dataclass(frozen=True)
class Picture:
    rule: Rule
    points: str
    marks: str
    why: str


def found(rule: Rule, points: str) -> str:
    """Draw a picture's points, and read off the marks."""
    value = np.array([[HEIGHTS[point] for point in points]])
    tested = np.array([[point != "x" for point in points]])
    levels = {name: np.full(value.shape, level) for name, level in LEVELS.items()}
    nearer = {
        Zone.TWO_SIGMA: (levels["-2"], levels["+2"]),
        Zone.ONE_SIGMA: (levels["-1"], levels["+1"]),
    }
    lines = Lines(levels["centre"], levels["-3"], levels["+3"], nearer)
    return "".join(
        SIGNS[int(one)] for one in mark(Chart(value, tested, lines), (rule,))[rule.name][0]
    )


LEVELS = {"centre": 5.0, "-3": 2.0, "+3": 8.0, "-2": 3.0, "+2": 7.0, "-1": 4.0, "+1": 6.0}


def of(rules: str, name: str) -> Rule:
    return next(rule for rule in RULE_SETS[rules] if rule.name == name)


BEYOND, LONG_RUN = RULES["beyond_limits"], RULES["long_run"]
IHI_SHIFT, IHI_TREND = of("ihi", "shift"), of("ihi", "trend")
MDC_SHIFT, MDC_TREND = of("making_data_count", "shift"), of("making_data_count", "trend")
WE_SHIFT, NELSON_SHIFT, TREND = (
    of("western_electric", "shift"),
    of("nelson", "shift"),
    RULES["trend"],
)
NEAR, TWO, FOUR = RULES["near_limits"], RULES["two_of_three"], RULES["four_of_five"]
HUGGING, AVOIDING, ALTERNATING = RULES["hugging"], RULES["avoiding"], RULES["alternating"]

CHAPTERS = {
    "A point beyond the limits": (
        Picture(BEYOND, "+L-+l-", ".^..v.", "outside the limits, high or low"),
        Picture(BEYOND, "+82+", "....", "a point on a limit is inside"),
        Picture(BEYOND, "+ L+", "..^.", "a subgroup without a value is no point"),
        Picture(BEYOND, "lxl", "v.v", "an excluded subgroup is never marked"),
    ),
    "An unusually long run": (
        Picture(LONG_RUN, "-+++++++--", ".^^^^^^^..", "seven, where ten points allow six"),
        Picture(LONG_RUN, "-++++++---", "..........", "six of ten are not unusual"),
        Picture(LONG_RUN, "-+++=++++--", ".^^^.^^^^..", "a point on the line is passed over"),
        Picture(LONG_RUN, "-+++ ++++--", ".^^^.^^^^..", "so is a subgroup without data"),
        Picture(
            LONG_RUN, "-++++++=---", "...........", "and neither counts as useful, or in a run"
        ),
    ),
    "A shift": (
        Picture(IHI_SHIFT, "-++++++-", ".^^^^^^.", "six in a row on one side, each marked"),
        Picture(IHI_SHIFT, "+++++-++++", "..........", "five are not enough"),
        Picture(IHI_SHIFT, "-------", "vvvvvvv", "a longer run is marked to its end"),
        Picture(
            IHI_SHIFT, "-+++=+++-", ".^^^.^^^.", "a point on the line is passed over, unmarked"
        ),
        Picture(IHI_SHIFT, "=+++++=", ".......", "points on the line do not count"),
        Picture(IHI_SHIFT, "+++ +++", "^^^.^^^", "a week without data does not break the run"),
        Picture(IHI_SHIFT, "---x---", "vvv.vvv", "an excluded subgroup is passed over"),
        Picture(IHI_SHIFT, "++++++------", "^^^^^^vvvvvv", "one shift after another"),
        Picture(MDC_SHIFT, "-+++++++-", ".^^^^^^^.", "seven in a row"),
        Picture(MDC_SHIFT, "++++++-", ".......", "six are not seven"),
        Picture(MDC_SHIFT, "+++=++++", "........", "here a point on the line breaks the run"),
        Picture(MDC_SHIFT, "+++ ++++", "^^^.^^^^", "a week without data does not"),
        Picture(WE_SHIFT, "-++++++++", ".^^^^^^^^", "eight in a row"),
        Picture(WE_SHIFT, "+++++++=+", ".........", "a point on the line breaks the run"),
        Picture(NELSON_SHIFT, "--------+", ".........", "eight are not nine"),
        Picture(NELSON_SHIFT, "---------+", "vvvvvvvvv.", "nine in a row"),
    ),
    "A trend": (
        Picture(IHI_TREND, "534567", ".^^^^^", "five points, each higher than the one before"),
        Picture(IHI_TREND, "345645", "......", "four points are not enough"),
        Picture(IHI_TREND, "345567", "^^^.^^", "of two like neighbours the second is passed over"),
        Picture(IHI_TREND, "34 567", "^^.^^^", "a trend goes on across a missing subgroup"),
        Picture(IHI_TREND, "345676543", "^^^^vvvvv", "a turning point belongs to what it begins"),
        Picture(TREND, "345678", "^^^^^^", "six points"),
        Picture(TREND, "3455678", ".......", "here like neighbours break it"),
        Picture(TREND, "876543", "vvvvvv", "falling"),
        Picture(MDC_TREND, "2345678", "^^^^^^^", "seven points"),
        Picture(MDC_TREND, "345678", "......", "six are not seven"),
        Picture(MDC_TREND, "8765 432", "vvvv.vvv", "a missing subgroup does not break it"),
    ),
    "Two of three near a limit": (
        Picture(NEAR, "-NN+-", ".^^..", "two between 2 and 3 sigma, all three on one side"),
        Picture(NEAR, "-N+N-", ".^.^.", "the third may lie between them"),
        Picture(NEAR, "-NN-", "....", "but not on the other side"),
        Picture(NEAR, "-NL+-", ".....", "a point beyond the limit is not near it"),
        Picture(NEAR, "+nLnn-", "...vv.", "and each side is looked at alone"),
        Picture(NEAR, "+77+", "....", "a point on 2 sigma is inside"),
    ),
    "Two of three beyond 2 sigma": (
        Picture(TWO, "-NN-", ".^^.", "the third may lie anywhere"),
        Picture(TWO, "-NL-", ".^^.", "beyond the limit counts too"),
        Picture(TWO, "-N--N-", "......", "four points apart is too far"),
        Picture(TWO, "Nn+", "...", "one on each side is not two"),
    ),
    "Four of five beyond 1 sigma": (
        Picture(FOUR, "-MMMM-", ".^^^^.", "four in a row"),
        Picture(FOUR, "MM-MM", "^^.^^", "the fifth may lie anywhere"),
        Picture(FOUR, "MMM--", ".....", "three are not enough"),
        Picture(FOUR, "mmnm+", "vvvv.", "further out counts too"),
    ),
    "Hugging the centre line": (
        Picture(HUGGING, "+-" * 7 + "+", "^v" * 7 + "^", "fifteen within 1 sigma"),
        Picture(HUGGING, "+-" * 7 + "M", "." * 15, "fourteen are not enough"),
    ),
    "Avoiding the centre line": (
        Picture(AVOIDING, "MmMmMmMm", "^v^v^v^v", "eight outside 1 sigma, on either side"),
        Picture(AVOIDING, "MmMm+mMm", "........", "one within breaks it"),
    ),
    "Up and down by turns": (
        Picture(ALTERNATING, "+-" * 7, "^v" * 7, "fourteen by turns"),
        Picture(ALTERNATING, "+-" * 6 + "+", "." * 13, "thirteen are not enough"),
    ),
}

HEAD = """# The rules

<!-- Written by `python tests/spec/rule_pictures.py`; every picture is a test. -->

A rule says which points are special cause, and on which side. It never says better or worse: that
comes from the direction of the measure. A point can be marked by several rules at once; the first
rule of its set gives it its direction. A phase break ends every pattern.

In the pictures `+` and `-` lie above and below the centre line, `=` on it; `M` and `m` lie beyond
1 sigma, `N` and `n` beyond 2 sigma, `L` and `l` beyond the limits. A digit is a height: the centre
line is at 5, the limits at 2 and 8, 2 sigma at 3 and 7. A blank is a subgroup without a value, `x`
an excluded one. Below, `^` marks a point as high or rising, `v` as low or falling.

"""


def page() -> str:
    """The whole page."""
    lines = [HEAD, "## The rule sets\n\n", "| rule set | rule | points | ties | source |\n"]
    lines.append("|---|---|---|---|---|\n")
    for name, rules in RULE_SETS.items():
        for rule in rules:
            counted = rule.length if rule.length > 1 else ""
            tied = rule.find in (shift, trend, long_run)
            ties = {"pass": "passed over", "break": "break it"}[rule.ties] if tied else ""
            lines.append(f"| {name} | {rule.name} | {counted} | {ties} | {rule.source} |\n")
    lines.append(
        "\nTies are points on the centre line, or like neighbours in a trend. Any rule can be\n"
        'asked for alone, with its length: `rules={"shift": 7, "trend": 6}`. How many runs there\n'
        "are is a property of the whole chart: crossings and their limit stand in the summary.\n"
    )
    for chapter, pictures in CHAPTERS.items():
        lines.append(f"\n## {chapter}\n")
        for picture in pictures:
            rule = picture.rule
            points = f", {rule.length} points" if rule.length > 1 else ""
            lines.append(f"\n`{rule.name}`{points}: {picture.why}.\n\n")
            lines.append(f"```text\n{picture.points}\n{picture.marks}\n```\n")
    return "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
