"""Closed vocabularies: every word of a finding or a chart, spelled here and nowhere else."""

from __future__ import annotations

from enum import StrEnum

# The columns of a table of observations that hold counts.
COUNTS = ["numerator", "denominator"]


class Verdict(StrEnum):
    """What can be said of a gap; no word claims more than its test has shown."""

    WIDENING = "widening"
    NARROWING = "narrowing"
    REVERSED = "reversed"  # the sides changed: who was better off is worse off now
    CLOSED = "closed"
    STEADY = "steady"  # a change that matters would have been seen, on both scales
    GAP = "gap"  # there is one; too early to say whether it changes
    NO_GAP = "no gap"
    TOO_FEW = "too few"
    ONE_LOOK = "one look"  # there is one period: a level, and nothing about change
    ECHO = "echo"  # another group's rate moved, and this gap with it
    HELD_BACK = "held back"  # too many outcomes are not recorded for any of these


class Became(StrEnum):
    """What became of a rate or a gap where an idea was tried; an association, never a cause."""

    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"  # where neither higher nor lower is better as such
    NARROWER = "narrower"
    WIDER = "wider"
    NOT_SHOWN = "not shown"
    EARLY = "early"  # it has not had the time to settle and show
    TOO_FEW = "too few"
    FEW_WAYS = "few ways"  # so few sites that chance alone could look as clear as anything
    TOGETHER = "together"  # no site is left that had not begun


class Favours(StrEnum):
    """Whom a figure of the Workforce Race Equality Standard favours; its own two groups."""

    WHITE = "White"
    BME = "BME"
    UNCLEAR = "unclear"  # its limits hold both
    NOT_ASKED = "not asked"  # a band: more of it may be a career, or the want of one


class Stands(StrEnum):
    """How the answer to a signal stands."""

    OPEN = "open"
    OVERDUE = "overdue"
    ANSWERED = "answered"


class Step(StrEnum):
    """What a team has done and reached, in the order of the improvement scale."""

    CHARTER = "charter"
    PLAN = "plan"
    COUNTS = "counts"
    TESTED = "tested"
    IMPROVED = "improved"
    AIM_MOVED = "aim moved"
    HALFWAY = "halfway"
    SUSTAINED = "sustained"
    REACHED = "reached"


class NotWatched(StrEnum):
    """Why a chart is not watched week by week."""

    WATCHED = ""
    IN_BASELINE = "in baseline"  # the baseline is not over, or nothing has come after it
    TOO_FEW = "too few"  # too little in the baseline to know a level by


class Topic(StrEnum):
    """What an item of an agenda is about."""

    WIDENING = "widening"
    REVERSED = "reversed"
    CONCERN = "concern"
    CHANGED = "changed"  # where neither higher nor lower is better as such
    IMPROVEMENT = "improvement"
    NARROWING = "narrowing"
    CLOSED = "closed"
    LATE = "late"  # a site that has stopped logging


class Meaning(StrEnum):
    """What a marked point means for patients."""

    NONE = "none"
    IMPROVEMENT = "improvement"
    CONCERN = "concern"
    HIGH = "high"
    LOW = "low"
    SPECIAL_CAUSE = "special cause"


class Variation(StrEnum):
    """What a chart says at its latest point: the meaning of its signal, or none."""

    COMMON_CAUSE = "common cause"
    IMPROVEMENT = "improvement"
    CONCERN = "concern"
    HIGH = "high"
    LOW = "low"
    SPECIAL_CAUSE = "special cause"


class Assurance(StrEnum):
    """Whether a process as it runs will meet its target; empty where nothing can be said."""

    UNKNOWN = ""
    CONSISTENT_PASS = "consistent pass"  # nosec B105
    CONSISTENT_FAIL = "consistent fail"
    INCONSISTENT = "inconsistent"  # now and then, by chance


class Ties(StrEnum):
    """What a rule does with points on the line, or with equal neighbours in a trend."""

    PASS = "pass"  # nosec B105
    BREAK = "break"


class Limits(StrEnum):
    """How the limits of counts are worked out."""

    EXACT = "exact"  # from their distribution, where a kind of chart has one
    NORMAL = "normal"  # the textbook's


class MadeOf(StrEnum):
    """What a row of a kind of chart is made of."""

    VALUE = "value"
    COUNTS = "counts"
    READINGS = "readings"


class ChartCaution(StrEnum):
    """What to be careful of when a chart is read; words for them are made elsewhere.

    | code | what it says |
    |---|---|
    | no_value | no subgroup has a value |
    | no_limits_no_event | no event yet, or nothing but events: no limits to judge by |
    | no_limits_too_alike | the subgroups vary too little, or are too few, to estimate limits |
    | provisional_limits | limits rest on few subgroups |
    | runs_guarded | too many points on one side or on a bound for a verdict on runs |
    | sigma_from_spread | most moving ranges are 0: sigma is the standard deviation of the points |
    | missing_subgroups | subgroups are missing between the first and the last |
    """

    NO_VALUE = "no_value"
    NO_LIMITS_NO_EVENT = "no_limits_no_event"
    NO_LIMITS_TOO_ALIKE = "no_limits_too_alike"
    PROVISIONAL_LIMITS = "provisional_limits"
    RUNS_GUARDED = "runs_guarded"
    SIGMA_FROM_SPREAD = "sigma_from_spread"
    MISSING_SUBGROUPS = "missing_subgroups"


class Display(StrEnum):
    """The chart that suits a series, by how many events it has."""

    PROPORTION = "p"
    WIDENED = "widened p"  # several periods make a point
    BETWEEN_EVENTS = "g"
    COUNTS = "counts"  # too few to draw a line through


class DecidedBy(StrEnum):
    """What decides whether a series has changed."""

    NOTHING_YET = "nothing yet"
    RUNS_AND_POINTS = "runs and points"
    CUSUM = "cusum"


class Status(StrEnum):
    """How a series leaves the sites."""

    SHOWN = "shown"
    SMALL = "small"
    WITHHELD = "withheld"
    NOT_COUNTED = "not counted"


class Audience(StrEnum):
    """Who may see a column of findings; one that nobody classified stays with the team."""

    EVERYONE = "everyone"  # it says nothing of counts
    RELEASED = "released"  # everyone, worked out anew from released counts
    WORD = "word"  # everyone, as the team has it, where the series is shown
    COARSE = "coarsened"  # everyone, as the next step of a coarse scale
    TEAM = "team"


class Scale(StrEnum):
    """The coarse scale on which a number leaves the sites."""

    P_VALUE = "p-value"
    FACTOR = "factor"
    WEEKS = "weeks"


class Answer(StrEnum):
    """When a question can have an answer."""

    WEEKS = "weeks"  # after so many
    MET = "met"  # already
    NEVER = "never"  # with this baseline, whatever the wait
    CANNOT = "cannot"  # be planned: see the reason


class Question(StrEnum):
    """What a plan is for: a stratum's rate beside its own past, or its gap to the reference."""

    RATE_TARGET = "target"
    RATE_AIM = "aim"
    RATE_MOVES = "level moves"  # where nothing is aimed at and no gap is compared
    GAP_MOVES = "gap moves by half"
    GAP_AIM = "gap when the aim is met"


class Act(StrEnum):
    """What a line of the audit trail tells of."""

    STARTED = "started"  # a server
    SIGNED_IN = "signed in"
    SIGN_IN_REFUSED = "sign-in refused"
    SIGNED_OUT = "signed out"
    SESSION_ENDED = "session ended"
    REFUSED = "refused"
    READ = "read true counts"
    EXPORTED = "exported"
    BACKED_UP = "backed up"
    RESTORED = "restored"
    RELEASED = "released"
    WITHDRAWN = "release withdrawn"
    PEOPLE = "people changed"
    FACTOR_SET = "second factor set up"
    FACTOR_STOPPED = "second factor stopped"
    FACTOR_RESET = "second factor reset"
    CODE_USED = "recovery code used"
    USERS_FILE = "users file noted"
    PROJECT_FILE = "project file used"
    LEFT_OUT = "left out"  # so many of one kind in a minute that they are only counted


class Standing(StrEnum):
    """What an audit can say of one group at one place, at one look."""

    WORSE = "worse"  # a gap is shown, and the group is the worse off
    BETTER = "better"  # a gap is shown, and the group is the better off
    APART = "apart"  # a gap is shown where neither higher nor lower is better as such
    ECHO = "echo"  # it is gone once the group whose gap is surer is left out
    NO_GAP = "no gap"  # a gap that matters would have been seen
    TOO_EARLY = "too early"  # neither shown nor ruled out
    NOT_COMPARED = "not compared"  # nothing happened, nobody was counted, or it was withheld
    REFERENCE = "reference"  # the others are held against this group


class Moved(StrEnum):
    """What a gap did since the period before, as far as two looks can show."""

    WIDENED = "widened"
    NARROWED = "narrowed"
    TURNED = "turned"  # the sides changed
    NOT_SHOWN = "not shown"
    NOT_KNOWN = ""  # there is no period before


class EquityRule(StrEnum):
    """What `check --equity` asks of a project, in the order it asks."""

    EQUITY_AIM = "equity_aim"
    WHITE_REFERENCE = "white_reference"
    POOLED_GROUPS = "pooled_groups"
    BALANCING_MEASURE = "balancing_measure"
    CO_PRODUCTION = "co_production"
    ELIGIBILITY_BY_ETHNICITY = "eligibility_by_ethnicity"
    CHANGES_WITH_RECORDING = "changes_with_recording"
    PRINCIPLES_ANSWERED = "principles_answered"
    PLANNER_SAYS_NEVER = "planner_says_never"
    LANGUAGE_RECORDED = "language_recorded"
    LEVELLING_DOWN = "levelling_down"
    UNKNOWN_AT_BASELINE = "unknown_at_baseline"
    ROLLING_WINDOWS = "rolling_windows"
    SHORT_BASELINE = "short_baseline"
    CODES_OF_2001 = "codes_of_2001"
    WHOSE_ETHNICITY = "whose_ethnicity"
    OTHER_THRESHOLD = "other_threshold"
    SHARE_BACK = "share_back"
