"""The words that rules look for: lists to extend by a line; no project, no rule, no sentence.

A list can miss and can ask too much. It asks where a reviewer would; the way out is a reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qi_equity.answers import telling


def _any(*words: str) -> re.Pattern[str]:
    """A pattern for words that begin so."""
    return re.compile(rf"\b(?:{'|'.join(words)})")


# --- Whom groups are compared with (rule 2) -----------------------------------------------------
# Size and custom are no reason why one group is the norm.
CUSTOM = _any(
    "largest", "biggest", "majority", "most (?:women|mothers|births|numerous|of (?:our|the))",
    "(?:more|so) (?:numerous|many)", "enough (?:women|births|mothers|numbers)", "large numbers",
    "bulk of", "usual", "default", r"norms?\b", "normative", r"custom\b", "customary", "tradition",
    "conventional", r"conventions?\b", "historical", "always (?:been|done|used|compared)",
    "commonly", "common practice", "standard (?:practice|choice|approach|group|compar|reference)",
    "(?:everybody|everyone|others?|most (?:people|units|trusts|reports|papers)) (?:do|use|compare)",
    "(?:reference|baseline|comparison|control|index) (?:group|categor|class|level)", "comparator",
    "national (?:report|publication|audit)", "literature", "(?:general|host) population",
    "indigenous", "native",
)  # fmt: skip
# What a comparison is to answer: where that is said, custom beside it is no matter.
PURPOSE = _any(
    "(?:the|our|a|one) question", r"(?:we|to) (?:ask|know|learn|find out)\b",
    "asks? (?:what|how|whether|why)", "(?:want|wish) to (?:know|see|learn)",
    "(?:see|shows?|answers?|measure|tell) (?:what|how|whether|why)", "racis", "discriminat",
    "privileg", "advantag", "spared", "unequal", "(?:best|better) served", "served best",
    "fare (?:best|better)", "best (?:of|care|outcomes?|rate|at)", "lowest (?:rate|risk|share)",
    "highest (?:rate|share)", "(?:distance|gap) (?:to|from|between)",
    "(?:built|made|designed|planned|works|written) (?:for|around)",
)  # fmt: skip
# Said of something that it is not so, or that it may be so and is not why.
DENIED = re.compile(
    r"\b(?:not(?! only)|no(?! other| better| particular| special)|never|nor|neither|without"
    r"|rather than|instead of|although|though|even if|\w+n['’]t)\b"
)
CLAUSES = re.compile(
    r"[.;:!?\n–—]|\bbut\b|,\s*(?:since|because|as|so|and (?:we|they|it))\b", re.IGNORECASE
)

# --- Groups added together (rule 3) -------------------------------------------------------------
TOGETHER = _any(
    r"bame\b", r"bme\b", r"bipoc\b", r"poc\b", "ethnic minorit", "minority ethnic",
    r"minorit(?:y|ies)\b", "minoriti[sz]ed", "raciali[sz]ed", "global majority",
    "ethnically diverse", "marginali[sz]ed", "global south", r"of colou?r\b", "non[- ]?white",
    "diverse (?:communit|background|group)",
    "(?:not|than|but|except|excluding|outside) white", "all (?:the )?others",
    "(?:all|every) other (?!asian|black|white|mixed)",
    "everybody", "everyone", r"the rest\b", "rest of", "all ethnic", r"black (?:and|or|&) brown",
)  # fmt: skip
ADDED = _any(r"together\b", r"combined\b", r"pooled\b", r"added up\b", r"grouped\b")
# Words of a broad group. Chinese has none: it is Asian in one list and Other in the next.
BROAD = {
    "asian": _any("asian", "indian", "pakistani", "bangladeshi", "sri lankan", "filipin"),
    "black": _any(r"black\b", "african", "caribbean"),
    "white": _any(r"white\b"),
    "mixed": _any(r"mixed\b", "multiple (?:ethnic|heritage)", "dual heritage"),
    "arab": _any("arab"),
    "hispanic": _any("(?<!non-)(?<!non )(?<!not )hispanic", r"latin[aox]s?\b"),
}
# One group of people with two origins, as the census has it: "White and Asian", "Mixed: ...".
MIXED_ALONE = re.compile(
    r"^\W*(?:(?:any )?other )?(?:mixed|multiple|dual)\b"
    r"(?!\W*(?:,|/|and\b|or\b|&)\W*(?:asian|black|white|other)\b)"
    r"|^\W*white\s*(?:and|&)\s*(?:black|asian|african|caribbean)[\w ]*$"
)
OTHERS = _any(r"others?\b")
# "Black or other", and not "Black or other Black".
WITH_OTHERS = re.compile(
    r"\b(?:asian|black|mixed|white)\s*(?:and|or|&|/)\s*(?:any )?others?\b"
    r"(?! (?:asian|black|white|mixed|multiple|african|caribbean))"
)
# A dimension with such groups is of ethnicity, whatever it is called.
ORIGINS = _any(
    r"white\b", r"black\b", "asian", "african", "caribbean", r"indian\b", "pakistani", r"roma\b",
    "bangladeshi", "chinese", r"arab\b", "hispanic", r"latin[aox]\b", r"mixed\b", r"m[aā]ori\b",
    "pasifika", r"bame\b", r"bme\b",
)  # fmt: skip
BY_ORIGIN = ("ethnic", "family origin", "race", "racial", "heritage", "ancestr")
# Origins in who counts (rule 6): no white cells, no mixed feeding.
OF_AN_ORIGIN = _any(
    "(?:south |east )?asian", r"black\b", "african", "caribbean", "chinese",
    "white (?:british|women|mothers)",
)  # fmt: skip
# Family origin is itself a reason for this test (NICE NG3).
OF_DIABETES = ("glucose tolerance", "gestational diabetes", "ogtt", "gdm")
LABELS_OF_2001 = ("asian or asian british", "black or black british", "chinese or other ethnic")

# --- Found by looking (rule 7) ------------------------------------------------------------------
LOOKED_FOR = (
    "loss", "measured", "weighed", "score", "asked", "answers", "screen", "diagnos", "smok",
    "haemorrhag", "hemorrhag", "pph", "bleed", "bled", "tear", "torn", "sphincter", "oasi",
    "perineal", "depress", "anxi", "domestic abuse", "domestic violence", "jaundice", "sepsis",
    "infection", "hypoglyc", "hypertens", "pre-eclampsia", "preeclampsia", "anaemi", "reported",
    "growth restrict", "small for gest", "found", "identified", "detected", "disclosed",
)  # fmt: skip

# --- Being understood (rule 10) -----------------------------------------------------------------
SPOKEN = (
    "interpret", "language", "bilingual", "multilingual", "heard", "listen", "told", "explain",
    "communicat", "words", "translat", "leaflet", "letters", "written", "asked", "understand",
    "understood", "misunderst", "consent", "counsel", "believ", "plain english", "informed",
    "wishes",
)  # fmt: skip
# Words that speak of women, or of the staff among themselves.
SAID_AROUND = (
    "information", "conversation", "debrief", "talk", "discuss", "question", "advice", "decision",
    "speak", "feedback", "voice", "concern", "education",
)  # fmt: skip
AMONG_STAFF = (
    "staff", "team", "huddle", "handover", "midwives", "doctors", "clinicians", "consultant",
    "rota", "system", "governance", "board",
)  # fmt: skip
WOMEN = (
    "women", "woman", "mother", "parent", "famil", "partner", "patient", "people", "she", "her",
    "they",
)  # fmt: skip
BY_LANGUAGE = ("language", "interpreter", "english")
# English that is easy is still English, and no language provided.
EASY_ENGLISH = _any("(?:plain|simple|clear|easy|everyday|lay|body)[- ](?:english|language)")


def says(text: str | None, words: Sequence[str]) -> bool:
    """Whether a text has a word that begins so: race, and not trace.

    >>> says("By race", ("race",)), says("Her trace", ("race",))
    (True, False)
    """
    return any(re.search(rf"\b{re.escape(word)}", (text or "").casefold()) for word in words)


def plainly(name: str) -> str:
    """A name without capitals and without the points of its letters.

    >>> plainly("B.A.M.E. women")
    'bame women'
    """
    return re.sub(r"(?<=\b\w)\.", "", name.casefold())


# A reason without a word of purpose may still say one, if it says this much.
MUCH = 8


def says_what_for(reason: str) -> bool:
    """Whether a reason to compare with one group says what that is to answer.

    >>> says_what_for("Our statistician chose it."), says_what_for("We ask what racism costs.")
    (False, True)
    """
    return _in_a_clause(PURPOSE, reason) or (telling(reason) >= MUCH and not of_custom(reason))


def of_custom(reason: str) -> bool:
    """Whether a reason is a group's size or a custom, and says no more.

    >>> of_custom("They are the largest group."), of_custom("Not because they are the largest.")
    (True, False)
    """
    return _in_a_clause(CUSTOM, reason) and not _in_a_clause(PURPOSE, reason)


def _in_a_clause(words: re.Pattern[str], reason: str) -> bool:
    return any(_affirmed(words, clause.casefold()) for clause in CLAUSES.split(reason))


def _affirmed(words: re.Pattern[str], clause: str) -> bool:
    found = words.search(clause)
    return found is not None and not DENIED.search(clause[: found.start()])


def broad_groups(name: str) -> set[str]:
    """The broad groups that a name speaks of; one where it is one group of two origins.

    >>> sorted(broad_groups("Black or Asian")), broad_groups("White and Black Caribbean")
    (['asian', 'black'], {'mixed'})
    """
    told = plainly(name)
    if MIXED_ALONE.search(told):
        return {"mixed"}
    return {group for group, words in BROAD.items() if words.search(told)}


def adds_up(name: str) -> bool:
    """Whether a name adds groups together by its own words.

    >>> adds_up("Women of colour"), adds_up("Black or other"), adds_up("Black or other Black")
    (True, True, False)
    """
    told = plainly(name)
    if told.startswith("white") and broad_groups(told) == {"white"} and not OTHERS.search(told):
        return False  # "White minorities": all in White in every list
    origins = [group for group, words in BROAD.items() if words.search(told)]
    joined = ADDED.search(told) and len(origins) > 1
    several = len(broad_groups(told)) > 1
    return bool(TOGETHER.search(told) or WITH_OTHERS.search(told) or joined or several)


def among_staff(text: str) -> bool:
    """Whether a text is about the staff among themselves.

    >>> among_staff("Debrief of the team"), among_staff("Debrief after birth")
    (True, False)
    """
    return says(text, AMONG_STAFF) and not says(text, WOMEN)
