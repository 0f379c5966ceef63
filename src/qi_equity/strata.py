"""Vocabulary: how the women and babies counted are told apart, and with whom each is compared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from qi_equity.parts import Id, Name, Part, Text, YesNo


def _as_text(value: object) -> object:
    """A target rate is kept as it was written."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value


# Between the names of two groups that stand together; no group of either has it in its name.
CROSSED = " × "


class Group(Part):
    """A stratum as the team names it, and the codes that belong to it."""

    name: Name
    codes: tuple[str, ...] = Field(default=(), description="codes or labels in the source")
    unknown: YesNo = Field(
        default=False, description="not stated, not known or missing: shown, never compared"
    )
    missing: YesNo = Field(default=False, description="records left empty belong here")
    note: Text | None = None


class Reference(Part):
    """Whom each stratum is compared with, and why; there is no default."""

    compare_with: Annotated[Name, BeforeValidator(_as_text)] = Field(
        description="a group's name, 'everyone else', 'best at baseline' or a target rate",
        json_schema_extra={"type": ["string", "number"]},
    )
    reason: Text = Field(description="why this comparison, in the team's words")


class Dimension(Part):
    """One way of telling the women and babies counted apart."""

    dimension: Name = "ethnicity"
    whose: Literal["mother", "baby", "staff"] = "mother"
    code_system: Id = Field(default="own", description="where the codes are from")
    roll_up: Name | None = Field(default=None, description="a named roll-up of the code system")
    ordered: YesNo = Field(
        default=False,
        description="true: the groups have an order and stand in it, the worst off first, such as "
        "tenths of deprivation; never so for ethnicity",
    )
    groups: tuple[Group, ...] = Field(min_length=2)
    labels: dict[Name, Name] = Field(
        default_factory=dict,
        description="labels of your files that no code list knows, and the group of each",
    )
    reference: Reference

    @property
    def known(self) -> tuple[str, ...]:
        """The names of the groups that are compared, in the team's order."""
        return tuple(group.name for group in self.groups if not group.unknown)

    @property
    def target(self) -> float | None:
        """The target rate that strata are compared with; None where a group is, "5" included.

        >>> mothers = (Group(name="5"), Group(name="6"))
        >>> reasons = {"reason": "the network's standard"}
        >>> [Dimension(groups=mothers, reference=Reference(compare_with=one, **reasons)).target
        ...  for one in (5, 0.05)]
        [None, 0.05]
        """
        word = self.reference.compare_with
        if word in [group.name for group in self.groups]:
            return None
        try:
            return float(word)
        except ValueError:
            return None


class Crossing(Dimension):
    """A second dimension, and whom each group of both together is compared with."""

    dimension: Name
    both: Reference = Field(description="whom the groups of both dimensions are compared with")


class Strata(Dimension):
    """How the women and babies counted are told apart, by one dimension or two that are crossed."""

    crossed_with: Crossing | None = Field(
        default=None, description="a second dimension; each is shown alone, and both together"
    )

    @property
    def cells(self) -> tuple[Group, ...]:
        """The groups that counts are kept of: of both dimensions together where there are two.

        >>> known = ({"name": "Black"}, {"name": "White"})
        >>> usual = {"compare_with": "everyone else", "reason": "nobody is the norm"}
        >>> needed = {"dimension": "interpreter", "groups": ({"name": "Yes"}, {"name": "No"}),
        ...           "reference": usual, "both": usual}
        >>> both = Strata(groups=known, reference=usual, crossed_with=needed)
        >>> [group.name for group in both.cells]
        ['Black × Yes', 'Black × No', 'White × Yes', 'White × No']
        """
        if self.crossed_with is None:
            return self.groups
        return tuple(
            Group(name=crossed(one.name, two.name), unknown=one.unknown or two.unknown)
            for one in self.groups
            for two in self.crossed_with.groups
        )


def crossed(one: str, two: str) -> str:
    """The name of a group of both dimensions together.

    >>> crossed("Black", "Interpreter needed")
    'Black × Interpreter needed'
    """
    return one + CROSSED + two


def sides_of(name: str) -> tuple[str, str] | None:
    """The groups that a crossed one is of; None where it is of one dimension only.

    >>> sides_of("Black × Interpreter needed"), sides_of("Black")
    (('Black', 'Interpreter needed'), None)
    """
    one, mark, two = name.partition(CROSSED)
    return (one, two) if mark else None
