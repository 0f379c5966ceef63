"""The users file: argon2 hashes, no way in without a password, lock-out and a limit on tries."""

from __future__ import annotations

import json
import stat

import pytest
from argon2 import PasswordHasher

from qi_equity import store
from qi_equity.errors import UserError
from qi_equity.store import SignInRefused, Users
from qi_equity.store.users import FAILURES, LOCKED_SECONDS, TRIES, TRY_SECONDS
from store_network import PROJECT, made, row

PASSWORD = "correct horse staple"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # quick, for tests alone


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def users(tmp_path, clock):
    users = Users(tmp_path / "users.json", clock, WEAK)
    users.save("Jo", "contributor", ["north"], PASSWORD)
    return users


def test_the_right_password_lets_in_with_role_and_sites(users):
    jo = users.sign_in("jo", PASSWORD)
    assert (jo.name, jo.role, jo.sites) == ("Jo", "contributor", {"north"})


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Jo", "wrong horse staple"), ("Jo", ""), ("Jo", PASSWORD + " "), ("Jo", PASSWORD.upper()),
        ("sam", PASSWORD), ("", ""), ("Jo\x00", PASSWORD), ("Jo", "x" * 10_000_000),
        ("' OR 1=1 --", PASSWORD), ("../users", PASSWORD),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_the_same_words(users, name, password):
    with pytest.raises(SignInRefused, match=r"^the name and the password do not belong together"):
        users.sign_in(name, password)


def test_there_is_no_default_user(tmp_path):
    nobody = Users(tmp_path / "none.json", hasher=WEAK)
    assert nobody.all() == ()
    for name in ("admin", "root", ""):
        with pytest.raises(SignInRefused):
            nobody.sign_in(name, "admin")


def test_the_file_holds_no_password_and_nobody_else_may_read_it(users):
    text = users.path.read_text(encoding="utf-8")
    assert PASSWORD not in text
    assert json.loads(text)["users"]["jo"]["password"].startswith("$argon2id$")
    assert stat.S_IMODE(users.path.stat().st_mode) == 0o600
    tries = users.path.with_name("users.json.tries")
    assert stat.S_IMODE(tries.stat().st_mode) == 0o600


def test_a_hash_is_as_strong_as_rfc_9106_advises_and_a_weak_one_is_made_anew(users, clock):
    def cost():
        kept = json.loads(users.path.read_text(encoding="utf-8"))["users"]["jo"]["password"]
        return dict(part.split("=") for part in kept.split("$")[3].split(","))

    assert cost() == {"m": "8", "t": "1", "p": "1"}
    Users(users.path, clock).sign_in("jo", PASSWORD)
    assert cost() == {"m": "65536", "t": "3", "p": "4"}, "64 MiB, 3 passes: the second choice"
    Users(users.path, clock).sign_in("jo", PASSWORD)


def test_two_users_of_one_password_have_two_hashes(users):
    users.save("sam", "admin", password=PASSWORD)
    kept = json.loads(users.path.read_text(encoding="utf-8"))["users"]
    assert kept["jo"]["password"] != kept["sam"]["password"]


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "too short"), ("aaaaaaaaaaaaaa", "easy to guess"), ("x" * 11 + "y" * 300, "easy"),
        ("abcdef" * 60, "256 at most"), ("three words\x00 here", "control character"),
    ],
)  # fmt: skip
def test_a_poor_password_is_refused(users, password, why):
    with pytest.raises(UserError, match=why):
        users.save("sam", "clinician", password=password)
    with pytest.raises(UserError, match="easy to guess"):
        users.save("a long name here", "clinician", password="A long NAME here")
    assert users.find("sam") is None


def test_after_too_many_wrong_passwords_the_right_one_is_refused_until_the_time_is_up(users, clock):
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            users.sign_in("jo", "wrong horse staple")
    with pytest.raises(SignInRefused, match="or the account is locked"):
        users.sign_in("JO ", PASSWORD)
    clock.now += LOCKED_SECONDS + 1
    assert users.sign_in("jo", PASSWORD).name == "Jo"


def test_the_lock_holds_in_another_process_and_after_a_restart(users, clock):
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            users.sign_in("jo", "wrong horse staple")
    with pytest.raises(SignInRefused):
        Users(users.path, clock, WEAK).sign_in("jo", PASSWORD)


def test_a_lock_on_one_name_leaves_the_others_in(users):
    users.save("sam", "admin", password=PASSWORD)
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            users.sign_in("jo", "wrong horse staple")
    assert users.sign_in("sam", PASSWORD).role == "admin"


def test_signing_in_clears_what_went_wrong_before(users):
    for _ in range(3):
        for _ in range(FAILURES - 1):
            with pytest.raises(SignInRefused):
                users.sign_in("jo", "wrong horse staple")
        users.sign_in("jo", PASSWORD)


def test_a_new_password_set_by_an_admin_opens_a_locked_account(users):
    for _ in range(FAILURES):
        with pytest.raises(SignInRefused):
            users.sign_in("jo", "wrong horse staple")
    users.save("jo", "contributor", ["north"], "another horse staple")
    assert users.sign_in("jo", "another horse staple").name == "jo"


def test_one_address_has_so_many_tries_a_minute_over_all_names(users, clock):
    for number in range(TRIES):
        with pytest.raises(SignInRefused):
            users.sign_in(f"name{number}", "wrong horse staple", address="10.0.0.1")
    with pytest.raises(SignInRefused, match="too many tries"):
        users.sign_in("jo", PASSWORD, address="10.0.0.1")
    assert users.sign_in("jo", PASSWORD, address="10.0.0.2")
    clock.now += TRY_SECONDS + 1
    assert users.sign_in("jo", PASSWORD, address="10.0.0.1")


def test_somebody_who_signs_in_elsewhere_has_a_role_here_and_no_password(users):
    users.save("amina@nhs.example", "facilitator")
    assert users.find("Amina@NHS.example").role == "facilitator"
    assert users.find("somebody@nhs.example") is None
    for password in ("", "None", "null"):
        with pytest.raises(SignInRefused):
            users.sign_in("amina@nhs.example", password)


def test_role_and_sites_can_change_and_a_user_can_go(users):
    users.save("jo", "clinician", ["south"])
    jo = users.sign_in("jo", PASSWORD)
    assert (jo.role, jo.sites) == ("clinician", {"south"})
    users.remove("JO")
    with pytest.raises(SignInRefused):
        users.sign_in("jo", PASSWORD)
    with pytest.raises(UserError, match="no user 'jo'"):
        users.remove("jo")


def test_a_damaged_users_file_lets_nobody_in(users):
    for text in ("{", "[]", '{"users": []}', '{"users": {"jo": 1}}'):
        users.path.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="is no list of users"):
            users.sign_in("jo", PASSWORD)


def test_a_role_that_is_not_there_cannot_be_given(users):
    with pytest.raises(UserError, match="not a role"):
        users.save("sam", "root")


def test_the_file_says_who_gave_whom_which_role(users):
    users.save("jo", "clinician", ["south", "north"], by="amina")
    users.remove("jo", by="amina")
    said = [(change["by"], change["what"]) for change in users.changes()]
    assert said == [
        ("", "Jo: contributor at north"),
        ("amina", "jo: clinician at north, south"),
        ("amina", "jo: removed"),
    ]


def test_a_role_taken_away_is_gone_at_once_from_a_page_that_is_open(users, tmp_path):
    made(tmp_path / "network.sqlite").close()
    opened = store.open(tmp_path / "network.sqlite", find=users.find)
    view = opened.as_user(users.sign_in("jo", PASSWORD))
    view.log(PROJECT, [row(1, 20)])
    users.save("jo", "clinician", ["north"])
    with pytest.raises(store.Forbidden, match="does not allow: log"):
        view.log(PROJECT, [row(1, 20, week="2025-01-13")])
    assert len(view.observations(PROJECT)) == 1
    users.save("jo", "clinician", ["south"])
    assert len(view.observations(PROJECT)) == 0
    users.remove("jo")
    with pytest.raises(store.Forbidden, match="no longer there"):
        view.observations(PROJECT)
    opened.close()
