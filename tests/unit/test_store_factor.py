"""The second factor of a user, and the chain of the users file."""

from __future__ import annotations

import json

import pytest
from test_store_users import PASSWORD, WEAK, Clock

from qi_equity.errors import UserError
from qi_equity.store import Act, SignInRefused, Users, factor
from qi_equity.store.users import FAILURES, LOCKED_SECONDS


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def users(tmp_path, clock, told):
    users = Users(tmp_path / "users.json", clock, WEAK)
    users.tell = lambda *one: told.append(one)
    users.save("Jo", "contributor", ["north"], PASSWORD)
    users.save("Amina", "admin", [], PASSWORD)
    return users


SECRET = factor.new_secret()


def code_at(moment):
    return factor.pyotp.TOTP(SECRET).at(int(moment))


@pytest.fixture
def codes(users, clock):
    codes = users.set_factor("jo", SECRET, code_at(clock()))
    clock.now += 30
    return codes


def let_in(users, code, password=PASSWORD):
    try:
        return users.sign_in("jo", password, code=code).name == "Jo"
    except SignInRefused:
        return False


def test_the_codes_are_those_of_rfc_6238():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # its appendix B, the last six digits
    for moment, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        assert factor.step_of(secret, code, moment) == moment // 30


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "\u0661\u0662\u0663", "9" * 999])
def test_without_the_code_the_right_password_is_refused_in_the_same_words(users, codes, code):
    with pytest.raises(SignInRefused, match="code is missing or wrong, or the account is locked"):
        users.sign_in("jo", PASSWORD, code=code)


def test_the_code_of_now_and_of_half_a_minute_off_fits_and_no_other(users, codes, clock):
    for off, fits in ((-60, False), (60, False), (30, True)):
        assert let_in(users, code_at(clock() + off)) == fits, off
        clock.now += 300


def test_a_code_is_taken_once_and_no_older_one_after_it(users, codes, clock):
    now = code_at(clock())
    assert let_in(users, now)
    assert not let_in(users, now), "seen over a shoulder"
    assert not let_in(Users(users.path, clock, WEAK), now), "in another process"
    assert not let_in(users, code_at(clock() - 30))
    assert let_in(users, code_at(clock() + 30))


def test_the_code_that_set_it_up_signs_nobody_in(users, clock):
    users.set_factor("jo", SECRET, code_at(clock()))
    assert not let_in(users, code_at(clock()))


def test_codes_are_guessed_no_more_often_than_passwords(users, codes, clock):
    for _ in range(FAILURES):
        assert not let_in(users, "000000")
    assert not let_in(users, code_at(clock())), "locked"
    clock.now += LOCKED_SECONDS + 1
    assert let_in(users, code_at(clock()))


def test_a_recovery_code_fits_once_and_is_on_record(users, codes, clock, told):
    assert not let_in(users, codes[2], "wrong horse staple")
    assert let_in(users, codes[2].upper().replace("-", " "))
    assert not let_in(users, codes[2])
    assert users.codes_left("jo") == 7
    assert let_in(users, codes[7])
    assert [about["what"] for _, act, about in told if act == Act.CODE_USED] == [
        "Jo: recovery code 3 used", "Jo: recovery code 8 used",
    ]  # fmt: skip
    wrong = codes[0][:-1] + ("a" if codes[0][-1] != "a" else "b")
    assert not let_in(users, wrong)


def test_the_file_holds_recovery_codes_as_hashes_and_no_record_tells_secret_or_code(
    users, codes, told
):
    text = users.path.read_text(encoding="utf-8")
    kept = json.loads(text)["users"]["jo"]["factor"]["codes"]
    assert all(one.startswith("$argon2id$") for one in kept)
    for code in codes:
        assert code not in text
        assert code not in str(told)
    assert SECRET not in str(told)
    assert SECRET not in str(users.changes())


def test_it_is_set_up_by_a_code_that_fits_and_reset_by_an_admin_on_record(users, clock, told):
    with pytest.raises(UserError, match="does not fit"):
        users.set_factor("jo", SECRET, "000000")
    assert not users.has_factor("jo")
    users.set_factor("jo", SECRET, code_at(clock()))
    users.stop_factor("jo", by="Amina")
    assert let_in(users, "")
    acts = [(who, act) for who, act, _ in told if "factor" in act.value]
    assert acts == [("jo", Act.FACTOR_SET), ("Amina", Act.FACTOR_RESET)]
    with pytest.raises(UserError, match="no second factor"):
        users.stop_factor("jo", by="jo")


def test_a_change_of_role_or_password_keeps_the_second_factor(users, codes, clock):
    users.save("Jo", "clinician", ["south"], "another horse staple")
    assert not let_in(users, "", "another horse staple")
    assert let_in(users, code_at(clock()), "another horse staple")


# Who tried


def test_tries_are_told_and_a_password_typed_as_a_name_is_not_repeated(users, told):
    told.clear()
    for name in ("jo", "my secret password"):
        with pytest.raises(SignInRefused):
            users.sign_in(name, "wrong horse staple", "10.0.0.1")
    users.sign_in("jo", PASSWORD, "10.0.0.1")
    about = {"address": "10.0.0.1"}
    assert told == [
        ("Jo", Act.SIGN_IN_REFUSED, about), ("", Act.SIGN_IN_REFUSED, about),
        ("Jo", Act.SIGNED_IN, about),
    ]  # fmt: skip


# An account elsewhere


def test_a_name_given_to_another_account_of_the_organisation_is_refused(users):
    users.save("jo@trust.example", "clinician", ["north"])
    assert users.bind("Jo@trust.example", "sub 1").role == "clinician"
    users.bind("jo@trust.example", "sub 1")
    with pytest.raises(SignInRefused, match="another account"):
        users.bind("jo@trust.example", "sub 2")
    users.unbind("jo@trust.example", by="Amina")
    assert users.bind("jo@trust.example", "sub 2")
    with pytest.raises(SignInRefused, match="not in the list"):
        users.bind("sam@trust.example", "sub 3")


# The chain of the file


def test_a_users_file_is_whole_and_its_head_is_told_at_each_change(users, told):
    assert users.broken() is None
    noted = [about for _, act, about in told if act == Act.USERS_FILE]
    assert [one["changes"] for one in noted] == [1, 2]
    assert users.broken(noted) is None
    assert users.head() == {key: noted[-1][key] for key in ("changes", "head")}


def edited(users, edit):
    told = json.loads(users.path.read_text(encoding="utf-8"))
    edit(told)
    users.path.write_text(json.dumps(told), encoding="utf-8")


def strip(told):
    told["users"]["jo"]["role"] = "admin"
    for one in told["changes"]:
        one.pop("hash", None)
        one.pop("users", None)


CASES = {
    "a role": (lambda told: told["users"]["jo"].update(role="admin"), "changed by other hands"),
    "a user slipped in": (
        lambda told: told["users"].update(eve=told["users"]["amina"] | {"name": "Eve"}),
        "changed by other hands",
    ),
    "a second factor taken out": (
        lambda told: told["users"]["jo"].update(factor=None), "changed by other hands",
    ),
    "who changed it": (lambda told: told["changes"][0].update(by="x"), "change 1"),
    "a change left out": (lambda told: told["changes"].pop(), "missing"),
    "links taken off the last": (
        lambda told: [told["changes"][-1].pop(name) for name in ("hash", "users")],
        "change 2",
    ),
    "links taken off all": (strip, "change 1 is not the one that was noted"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_users_file_that_was_changed_by_other_hands_is_named(users, told, case):
    noted = [about for _, act, about in told if act == Act.USERS_FILE]
    edit, said = CASES[case]
    edited(users, edit)
    assert said in users.broken(noted)


def test_a_users_file_of_before_there_were_links_is_taken_as_it_is_and_linked_on(users, told):
    edited(users, strip)
    assert users.broken() is None
    users.save("sam", "clinician", ["north"])
    assert users.broken() is None
    edited(users, lambda told: told["users"]["sam"].update(role="admin"))
    assert "changed by other hands" in users.broken()
