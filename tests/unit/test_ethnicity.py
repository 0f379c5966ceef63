"""Codes are read as recorded, rolled up by their own scheme, and never guessed."""

import csv
from importlib.resources import files

import pytest

from qi_equity import ethnicity
from qi_equity.errors import UserError
from qi_equity.ethnicity import SCHEMES, alike, homes, members, quintile, recognise, roll_up

NHS = "nhs_16_plus_1"


@pytest.mark.parametrize(
    ("value", "code", "status", "why"),
    [
        ("A", "A", "stated", "a national code"),
        ("a", "A", "stated", "lower case is met in practice"),
        (" N ", "N", "stated", "padded to two characters"),
        ("N7", "N", "stated", "national first, local second"),
        ("pX", "P", "stated", "national first, local second, in lower case"),
        ("Z", "Z", "not stated", "asked, and chose not to say"),
        ("Z1", "Z", "not stated", "with a local character"),
        ("99", "99", "not known", "nobody asked, or could"),
        (99, "99", "not known", "a spreadsheet's whole number"),
        (99.0, "99", "not known", "a spreadsheet's number"),
        ("X", "X", "not known", "Hospital Episode Statistics"),
        ("", None, "missing", "empty"),
        (None, None, "missing", "nothing at all"),
        (float("nan"), None, "missing", "a data frame's nothing"),
        ("9", None, "invalid", "withdrawn in 2004"),
        ("Q", None, "invalid", "a letter the standard does not use"),
        ("O", None, "invalid", "a letter the standard does not use"),
        ("Black", None, "invalid", "a word is not a code: B is Irish"),
        ("9A", None, "invalid", "no national code"),
        ("White - Irish", "B", "stated", "the standard's own label"),
        ("Total", None, "total", "not a group at all"),
    ],
)
def test_nhs_codes(value, code, status, why):
    found = recognise(value, NHS)
    assert (found.code, found.status) == (code, status), why


def test_what_was_recorded_is_kept_with_its_scheme_and_version():
    found = recognise("n7", NHS)
    assert (found.source, found.scheme) == ("n7", NHS)
    assert "2001" in found.version


def test_every_nhs_code_is_there_once():
    assert "".join(SCHEMES[NHS].codes) == "ABCDEFGHJKLMNPRSZ99X"


@pytest.mark.parametrize(
    ("code", "nhs", "six", "census"),
    [
        ("A", "White", "White", "White"),
        ("F", "Mixed", "Mixed", "Mixed"),
        ("L", "Asian", "Asian", "Asian"),
        ("M", "Black", "Black", "Black"),
        ("R", "Other", "Chinese", "Asian"),
        ("S", "Other", "Other", "Other"),
        ("Z", "Not stated", "Not stated", "Not stated"),
        ("99", "Not known", "Not known", "Not known"),
        ("", "Missing", "Missing", "Missing"),
        ("I", "Invalid code", "Invalid code", "Invalid code"),
    ],
)
def test_roll_ups_differ_where_the_schemes_do(code, nhs, six, census):
    recorded = recognise(code, NHS)
    assert [roll_up(recorded, to) for to in ("nhs_5", "nhs_6", "ons_5")] == [nhs, six, census]


@pytest.mark.parametrize(("scheme", "stated"), [("ons_2021", 19), ("ons_2011", 18)])
def test_census_groups(scheme, stated):
    codes = [code for code in SCHEMES[scheme].codes.values() if code.status == "stated"]
    assert len(codes) == stated
    assert {code.groups["ons_5"] for code in codes} == {
        "Asian",
        "Black",
        "Mixed",
        "White",
        "Other",
    }
    assert roll_up(recognise("Chinese", scheme), "ons_5") == "Asian"
    assert roll_up(recognise("chinese", scheme), "nhs_5") == "Other"


def test_roma_is_new_in_2021():
    assert recognise("Roma", "ons_2021").status == "stated"
    assert recognise("Roma", "ons_2011").status == "invalid"


@pytest.mark.parametrize(
    "label", ["Not Known", "Not known", "NOT KNOWN", "not  known"], ids=["A", "B", "C", "D"]
)
def test_published_labels_drift_in_case(label):
    assert recognise(label, "msds_8").code == "Not known"


def test_published_missing_is_not_the_same_as_not_known():
    labels = ["Not Stated", "Not Known", "Missing Value / Value outside reporting parameters"]
    statuses = [recognise(label, "msds_8").status for label in labels]
    assert statuses == ["not stated", "not known", "missing"]


@pytest.mark.parametrize(
    ("scheme", "to", "reason"),
    [
        ("msds_8", "ons_5", "Chinese"),
        ("msds_continuity_4", "nhs_5", "adds Asian, Black and Mixed"),
        (NHS, "nhs_7", "did you mean"),
        ("cdc_nchs", "imd_5", "has no roll-up"),
    ],
)
def test_a_roll_up_that_cannot_be_is_refused_with_the_reason(scheme, to, reason):
    with pytest.raises(UserError, match=reason):
        roll_up(recognise("White", scheme), to)


def test_an_unknown_scheme_is_named():
    with pytest.raises(UserError, match=r"'nhs_16'; did you mean 'nhs_16_plus_1'"):
        recognise("A", "nhs_16")


@pytest.mark.parametrize(
    ("value", "scheme", "fifth", "label"),
    [
        ("01 - Most deprived", "imd_decile", 1, "Most deprived tenth"),
        (10, "imd_decile", 5, "Least deprived tenth"),
        ("02", "imd_decile", 1, "Tenth 2 of 10, counted from the most deprived"),
        (10, "imd_decile_reversed", 1, "Most deprived tenth"),
        (1, "imd_quintile", 1, "Most deprived fifth"),
        (1, "imd_quintile_reversed", 5, "Least deprived fifth"),
        (
            "Resident elsewhere in UK",
            "imd_decile",
            None,
            "Resident elsewhere in the United Kingdom",
        ),
        (11, "imd_decile", None, "Invalid code"),
    ],
)
def test_deprivation_keeps_its_direction(value, scheme, fifth, label):
    recorded = recognise(value, scheme)
    assert (quintile(recorded), recorded.label) == (fifth, label)


def test_the_direction_is_stored_with_the_scheme():
    assert SCHEMES["imd_decile"].direction == "1 is most deprived"
    assert SCHEMES["imd_quintile_reversed"].direction == "1 is least deprived"


GROUPS = {"Asian": ["H", "J", "K", "L"], "Black": ["M", "N", "P"], "Unknown": ["Z", "99"]}


def test_a_team_has_its_own_groups():
    found = homes(["h", "P2", "z", "99", "", "O", "A"], GROUPS, NHS, missing="Unknown")
    assert found == {
        "h": ("Asian", "stated"),
        "P2": ("Black", "stated"),
        "z": ("Unknown", "not stated"),
        "99": ("Unknown", "not known"),
        "": ("Unknown", "missing"),
        "O": (None, "invalid"),
        "A": (None, "stated"),
    }


def test_groups_of_a_roll_up_stand_for_their_codes():
    assert members("Asian", NHS, "nhs_5") == ("H", "J", "K", "L")
    assert members("Asian", NHS, "ons_5") == ("H", "J", "K", "L", "R")
    groups = {"Asian": (), "Everyone else asked": ["Black", "White", "Mixed", "S"]}
    found = homes(["R", "S", "A"], groups, NHS, "ons_5")
    assert [found[code][0] for code in "RSA"] == [
        "Asian",
        "Everyone else asked",
        "Everyone else asked",
    ]


def test_own_words_are_matched_as_written_apart_from_case_and_space():
    groups = {"Mexican": ["mex"], "Asked": ["declined"], "None": []}
    found = homes(["MEX ", "declined", "mexican", ""], groups)
    assert found["MEX "] == ("Mexican", "stated")
    assert found["declined"] == ("Asked", "not stated")
    assert found["mexican"] == (None, "invalid")
    assert found[""] == (None, "missing")


def test_us_labels_of_three_publications_are_one_group():
    labels = ["nhblack", "Black, NH", "Black NH", "Non-Hispanic Black", "Black Non-Hispanic"]
    assert {recognise(label, "cdc_nchs").code for label in labels} == {"Non-Hispanic Black"}
    assert alike(labels) == (tuple(labels),)


def test_labels_of_different_groups_are_not_alike():
    assert alike(["Black African", "Black Caribbean", "Asian", "White"]) == ()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_spelling_in_the_table_is_read_back(scheme):
    for code in SCHEMES[scheme].codes.values():
        assert recognise(code.code, scheme).code == code.code
        assert recognise(code.label, scheme).code == code.code
        assert recognise(code.code.upper(), scheme).code == code.code
        assert recognise(code.code.lower(), scheme).code == code.code


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_stated_codes_have_groups(scheme):
    for code in SCHEMES[scheme].codes.values():
        assert code.status == "stated" or not code.groups
        assert code.status in ethnicity.UNSTATED or code.status == "stated"


@pytest.mark.parametrize("scheme", ["nhs_16_plus_1", "ons_2021", "ons_2011"])
@pytest.mark.parametrize(
    ("label", "group"),
    [
        ("Indian", "Asian"),
        ("Asian - Indian", "Asian"),
        ("Black African", "Black"),
        ("BLACK  AFRICAN", "Black"),
        ("Caribbean", "Black"),
        ("Carribean", "Black"),
        ("African", "Black"),
        ("white-british", "White"),
        ("White: British", "White"),
        ("Any other White background ", "White"),
        ("White & Black Caribbean", "Mixed"),
        ("Mixed White and Black Caribbean", "Mixed"),
        ("Chinese", "Other"),
        ("Other", "Other"),
        ("Refused", "Not stated"),
        ("Declined to disclose", "Not stated"),
        ("Prefer not to say", "Not stated"),
        ("Not Known", "Not known"),
        ("Unknown", "Not known"),
        ("Not recorded", "Not known"),
    ],
)
def test_labels_as_they_are_written(scheme: str, label: str, group: str) -> None:
    assert roll_up(recognise(label, scheme), "nhs_5") == group


def test_a_label_that_nobody_mapped_is_never_not_stated() -> None:
    found = homes(["Martian", "Refused", ""], GROUPS, NHS, missing="Unknown")
    assert found["Martian"] == (None, "invalid")
    assert found["Refused"] == ("Unknown", "not stated")


@pytest.mark.parametrize("scheme", ["nhs_16_plus_1", "ons_2021", "ons_2011", "msds_8"])
def test_a_spelling_means_one_code_of_its_scheme(scheme: str) -> None:
    found: dict[str, set[str]] = {}
    for row in csv.DictReader((files("qi_equity") / "ethnicity.csv").read_text().splitlines()):
        if row["scheme"] == scheme:
            for each in (row["code"], row["label"], *filter(None, row["aliases"].split("|"))):
                found.setdefault(ethnicity._words(each), set()).add(row["code"])
    assert {words: codes for words, codes in found.items() if len(codes) > 1} == {}
