"""Whether what somebody wrote is an answer yet; whether it is a good one is for people to weigh.

Only what is no answer in any reading is taken for none: a mark, a word that stands for an empty
field, a promise to answer later. Anything that tells one thing more is an answer.
"""

from __future__ import annotations

import re

# How an answer is put off.
PUT_OFF = (
    r"(?:to be (?:\w+ )??(?:agreed|confirmed|decided|discussed|completed|advised|announced"
    r"|determined|done|written|added|filled(?: in)?|arranged|worked out|developed|drafted)"
    r"|to (?:follow|confirm|decide|agree)|t\.?b\.?[acd])\b"
)
# What stands where an answer is to come, or says that there is none.
NONE_YET = re.compile(
    rf"\b(?:{PUT_OFF}|(?:n\.?/?a|nil|none|null|blank|empty|unknown|pending|todo|to do|wip"
    r"|ditto|idem|x{2,}|lorem ipsum|placeholder|draft|dunno|in due course|watch this space"
    r"|(?:work )?in (?:progress|hand|development)|at present|as last (?:year|time)"
    r"|under (?:discussion|review|development|consideration)"
    r"|not (?:yet )?(?:applicable|known|agreed|answered|decided|available|recorded|done|sure|yet)"
    r"|no (?:answer|reason|comment|idea|note|information)s?|(?:don.?t|do not) know"
    r"|(?:see|as|same as|as per|per|in) (?:the )?(?:above|below|before|previous|minutes?|notes?"
    r"|files?|attach\w*|appendix|e-?mail|elsewhere|usual|discussed|agreed|documents?))\b)"
)
# A sentence that begins so defers, whatever few words say where or with whom.
DEFERS = re.compile(rf"^\W*(?:{PUT_OFF}|(?:pending|awaiting)\b)")
FEW = 6  # telling words: with no more, one that defers tells nothing else
# Words that tell nothing when they stand alone.
FILLER = frozenset(
    re.findall(
        r"\w+",
        "a add an and answer as at be been by can complete done for from go has have here how i "
        "in insert is it its later me meeting meetings my next no not now of ok okay on or our "
        "please same so soon still team tell that the their them then there these they this to "
        "today tomorrow up us was we what when where which who will with write yes yet you your",
    )
)


def telling(text: str | None) -> int:
    """How many words of a text tell something.

    >>> telling("Six women decide with us"), telling("see minutes"), telling("to be agreed - ?")
    (3, 0, 0)
    """
    told = NONE_YET.sub(" ", (text or "").casefold())
    # One letter is a mark and no word, save in a writing that has no letters of an alphabet.
    words = [word for word in re.findall(r"[^\W_]+", told) if len(word) > 1 or not word.isascii()]
    return sum(word not in FILLER and not word.isdigit() for word in words)


def is_answer(text: str | None) -> bool:
    """Whether a text answers at all.

    >>> [is_answer(text) for text in ("?", "tbc", "n/a", "-", "To be agreed with the board", "")]
    [False, False, False, False, False, False]
    >>> [is_answer(text) for text in ("Weekly.", "The mothers' circle decides which ideas we try")]
    [True, True]
    """
    few = telling(text)
    return few > 0 and not (few <= FEW and DEFERS.match((text or "").casefold()))


# "Numbers too small to chart", "Chosen by both communities": fewer words give no why.
WORDS_OF_A_REASON = 3


def is_reason(text: str | None) -> bool:
    """Whether a text has words enough to be a reason that can be weighed.

    >>> is_reason("Because."), is_reason("see minutes of March"), is_reason("Both groups chose it")
    (False, False, True)
    """
    return is_answer(text) and telling(text) >= WORDS_OF_A_REASON
