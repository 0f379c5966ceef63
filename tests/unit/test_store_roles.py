"""Every role, every operation, their own site and others: one table, asked at the boundary."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from argon2 import PasswordHasher

from qi_equity import store
from qi_equity.errors import DataErrors, UserError
from qi_equity.store.access import PERMISSIONS, RoleName, User
from store_network import (
    PROJECT,
    SITES,
    WEEKS,
    YAML,
    AsLogged,
    made,
    project,
    row,
    table,
    user,
)

# The user belongs to north. South's counts are shared with the network, and so are north's;
# east has not consented. "all" are the three, "shared" the two, "net" is what has no one site.
TABLE = """
operation               | contributor | clinician | facilitator     | equity_lead     | admin
see counts              | north       | north     |                 | north           | all
see history             | north       | north     |                 | north           | all
see protected           |             |           | shared          | shared          | shared
log a count             | north       |           |                 | north           | all
correct a count         | north       |           |                 | north           | all
import a file           | north       |           |                 | north           | all
undo a count            | north       |           |                 | north           | all
undo an import          | north       |           |                 | north           | all
read an entry           | north net   | north net | north south net | north net       | all net
write an entry          | north       |           | north south net | north net       | all net
revise an entry         | north       |           | north south net | north net       | all net
move an entry           | north       |           | north south net | north net       | all net
undo an entry           | north       |           | north south net | north net       | all net
see entry's history     | north net   | north net | north south net | north net       | all net
read a plan             | north       | north     | all             | all             | all
save a new plan         |             |           |                 | north           | all
change a plan           |             |           |                 | north           | all
undo a plan             |             |           |                 | north           | all
give consent            |             |           |                 | north           | all
undo consent            |             |           |                 | north           | all
check a release         |             |           |                 | north           | all
approve a release       |             |           |                 | north           | all
withdraw a release      |             |           |                 | north           | all
back up                 |             |           |                 |                 | net
export                  |             |           |                 |                 | net
verify                  |             |           |                 |                 | net
change people           |             |           |                 |                 | net
read the trail          |             |           |                 |                 | net
note a file             |             |           |                 |                 | net
see an import's account |             |           |                 |                 | net
"""

WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASHES = {"north": "1" * 64, "south": "2" * 64, "east": "3" * 64}


def note(place, text="we listened"):
    return store.SessionNote(
        day=date(2025, 1, 6), text=text, sites=() if place == "net" else (place,)
    )


@dataclass
class World:
    """A store with something of every kind at every place, put there by an admin."""

    folder: Path
    notes: dict[str, str]
    revisions: dict[tuple[str, str], int]

    def open(self, folder: Path) -> store.Store:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return store.open(folder / "network.sqlite", protect=AsLogged())


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("world")
    opened = made(folder / "network.sqlite", protect=AsLogged())
    admin = opened.as_user(user(name="root"))
    notes = {place: admin.write(PROJECT, note(place)) for place in (*SITES, "net")}
    revisions = {("note", place): at for place in notes for at in [newest(admin, notes[place])]}
    for site in SITES:
        admin.import_table(PROJECT, table((site,), WEEKS[:2]), HASHES[site])
        revisions["import", site] = newest(admin, HASHES[site])
        admin.log(PROJECT, [row(1, 20, site=site, week=WEEKS[2])])
        revisions["count", site] = newest(admin, ("pph", site, "Black", WEEKS[2]))
        admin.save_project(project((site,), f"only_{site}"), YAML)
        held = admin.project_file(f"only_{site}").revision
        admin.save_project(project((site,), f"only_{site}", title="New"), YAML, seen=held)
        revisions["plan", site] = admin.project_file(f"only_{site}").revision
        admin.consent(PROJECT, site, site != "east")
        revisions["consent", site] = newest(admin, site)
    admin.release(PROJECT, "the first")
    opened.close()
    return World(folder, notes, revisions)


def newest(view, key):
    return view.history(PROJECT, key)[-1].id


# Each act answers whether it was allowed, by what came back; a refusal is raised.


def see_counts(view, world, place, _):
    return place in set(view.observations(PROJECT)["site"])


def see_history(view, world, place, _):
    everything = any(
        one.site == place and one.kind == "observation" for one in view.history(PROJECT)
    )
    one = bool(view.history(PROJECT, ("pph", place, "Black", WEEKS[2])))
    assert everything == one
    return one


def see_protected(view, world, place, _):
    return place in set(view.protected(PROJECT)["site"])


def at(view, place):
    """The same user as one of this place alone: a release is of all sites at once."""
    sites = view.user.sites & {place}
    return store.Desk(view._database, User("somebody", view.user.role, sites), view._protect)


def check_a_release(view, world, place, _):
    return at(view, place).release(PROJECT, keep=False)


def approve_a_release(view, world, place, _):
    return at(view, place).release(PROJECT, "so decided").number == 2


def withdraw_a_release(view, world, place, _):
    return at(view, place).withdraw(PROJECT, 1, "a mistake")


def log_a_count(view, world, place, _):
    return view.log(PROJECT, [row(1, 20, site=place, stratum="Asian", week="2025-02-03")]).written


def correct_a_count(view, world, place, _):
    seen = world.revisions["count", place]
    changed = row(2, 20, site=place, week=WEEKS[2], revision=seen)
    return view.log(PROJECT, [changed], reason="recount").corrected


def import_a_file(view, world, place, _):
    return view.import_table(PROJECT, table((place,), ("2025-03-03",)), "9" * 64).taken


def undo_a_count(view, world, place, _):
    return view.undo(world.revisions["count", place], "why").written


def undo_an_import(view, world, place, _):
    return view.undo(world.revisions["import", place], "why").written


def read_an_entry(view, world, place, _):
    return world.notes[place] in view.entries(PROJECT, store.SessionNote)


def write_an_entry(view, world, place, _):
    return view.write(PROJECT, note(place, "another"))


def revise_an_entry(view, world, place, _):
    seen = world.revisions["note", place]
    return view.write(PROJECT, note(place, "more"), key=world.notes[place], seen=seen)


def move_an_entry(view, world, place, _):
    """Take another place's entry to one's own site: both places must be one's to write for."""
    seen = world.revisions["note", place]
    return view.write(PROJECT, note("north", "mine"), key=world.notes[place], seen=seen)


def undo_an_entry(view, world, place, _):
    return view.undo(world.revisions["note", place], "why").written


def see_entrys_history(view, world, place, _):
    return bool(view.history(PROJECT, world.notes[place]))


def read_a_plan(view, world, place, _):
    name = f"only_{place}"
    assert (name in view.projects()) == bool(refusal(lambda: view.project(name)) is None)
    assert view.project_file(name).content == YAML
    return bool(view.revision(name))


def save_a_new_plan(view, world, place, _):
    return view.save_project(project((place,), "new_one"), YAML).written


def change_a_plan(view, world, place, _):
    seen = world.revisions["plan", place]
    name = f"only_{place}"
    return view.save_project(project((place,), name, title="Newer"), YAML, seen=seen).written


def undo_a_plan(view, world, place, _):
    return view.undo(world.revisions["plan", place], "why").written


def give_consent(view, world, place, _):
    return view.consent(PROJECT, place, place == "east").written


def undo_consent(view, world, place, _):
    return view.undo(world.revisions["consent", place], "why").written


def back_up(view, world, place, folder):
    return view.backup(folder / "copy.sqlite").whole


def export(view, world, place, folder):
    return view.export(folder / "exported")


def verify(view, world, place, _):
    return view.verify().whole


def change_people(view, world, place, folder):
    return view.people(store.Users(folder / "users.json", hasher=WEAK)).all() == ()


def read_the_trail(view, world, place, _):
    return view.trail() is not None


def note_a_file(view, world, place, folder):
    view.note_file(store.Act.PROJECT_FILE, folder / "p.yaml", {"sha256": "1" * 64})
    return True


def see_an_imports_account(view, world, place, _):
    return bool(view.history(PROJECT, HASHES["north"]))


def refusal(act, *arguments):
    try:
        act(*arguments)
    except UserError as refused:
        return refused
    return None


def rows():
    head, *lines = [line.split("|") for line in TABLE.strip().splitlines()]
    roles = [cell.strip() for cell in head[1:]]
    for operation, *cells in lines:
        for role, cell in zip(roles, cells, strict=True):
            held = cell.replace("all", "north south east").replace("shared", "north south")
            yield operation.strip(), role, set(held.split())


def cases():
    alone = ("back up", "export", "verify", "change people", "read the trail", "note a file",
             "see an import's account")  # fmt: skip
    for operation, role, allowed in rows():
        sited = any({"net"} & held for name, _, held in rows() if name == operation)
        places = ("net",) if operation in alone else (*SITES, *(("net",) if sited else ()))
        for place in places:
            yield operation, role, place, place in allowed


def function_of(operation):
    return globals()[operation.replace("'", "").replace(" ", "_")]


@pytest.mark.parametrize(("operation", "role", "place", "allowed"), list(cases()))
def test_a_role_may_do_what_the_table_says_and_nothing_else(
    world, tmp_path, operation, role, place, allowed
):
    opened = world.open(tmp_path / "network")
    try:
        admin = opened.as_user(user(name="root"))
        before = admin.verify()
        view = opened.as_user(User("somebody", role, ["north"]))
        try:
            outcome = bool(function_of(operation)(view, world, place, tmp_path))
        except (store.Forbidden, DataErrors) as refused:
            outcome, why = False, str(refused)
            if "you may" not in why and "does not allow" not in why:
                raise  # refused for another reason than who asks
        assert outcome == allowed
        if not allowed:
            assert admin.verify() == before, "nothing was written"
    finally:
        opened.close()


def test_the_table_names_every_role():
    head = TABLE.strip().splitlines()[0].split("|")[1:]
    assert {cell.strip() for cell in head} == set(get_args(RoleName)) == set(PERMISSIONS)


def test_every_public_method_of_a_view_is_in_the_table_or_harmless():
    methods = {name for name in dir(store.Desk) if not name.startswith("_")}
    asked = {
        "observations", "history", "protected", "log", "import_table", "undo", "entries", "write",
        "projects", "project", "project_file", "revision", "save_project", "consent", "backup",
        "export", "verify", "people", "trail", "note_file", "release", "withdraw", "begin",
        "release_due",
    }  # fmt: skip
    # who one is; the names of sites, which of them consented, and what went out to the network of a
    # project one may see; what puts on record what oneself does; and how many writes there were
    own = {
        "user", "sites", "consented", "record", "looked", "releases", "released", "is_due",
        "version",
    }  # fmt: skip
    assert methods - asked == own


# What the table cannot say


def test_nobody_sees_or_writes_without_signing_in(tmp_path):
    opened = made(tmp_path / "network.sqlite")
    with pytest.raises(store.Forbidden, match="sign in first"):
        opened.as_user(None)
    opened.close()


@pytest.mark.parametrize("role", get_args(RoleName))
def test_a_project_of_other_sites_and_one_that_is_not_there_are_refused_alike(
    world, tmp_path, role
):
    opened = world.open(tmp_path / "network")
    view = opened.as_user(User("somebody", role, ["nowhere"]))
    asks = (
        lambda name: view.project(name),
        lambda name: view.project_file(name),
        lambda name: view.revision(name),
        lambda name: view.sites(name),
        lambda name: view.consented(name),
        lambda name: view.history(name),
    )
    if role in ("contributor", "clinician"):
        for ask in asks:
            hidden, absent = refusal(ask, "only_east"), refusal(ask, "absent")
            assert str(hidden).replace("only_east", "absent") == str(absent)
            assert isinstance(hidden, store.Forbidden)
    for ask in asks:
        assert isinstance(refusal(ask, "absent"), store.Forbidden)
    opened.close()


def test_a_file_with_other_sites_rows_is_refused_whole_or_keeps_ones_own(world, tmp_path):
    opened = world.open(tmp_path / "network")
    view = opened.as_user(User("jo", "contributor", ["north"]))
    rows_of_all = table(SITES, ("2025-03-03",))
    with pytest.raises(DataErrors, match="you may not log for this site"):
        view.import_table(PROJECT, rows_of_all, "8" * 64)
    done = view.import_table(PROJECT, rows_of_all, "8" * 64, accept_valid=True)
    assert (done.taken, len(done.refused)) == (6, 12)
    assert set(view.observations(PROJECT)["site"]) == {"north"}
    assert view.observations(PROJECT, site="north").equals(view.observations(PROJECT))
    assert view.observations(PROJECT, site="south").empty
    opened.close()


def test_an_entry_of_two_sites_needs_both_to_be_written_and_one_to_be_read(world, tmp_path):
    opened = world.open(tmp_path / "network")
    both = store.SessionNote(day=date(2025, 1, 6), text="x", sites=("north", "south"))
    jo = opened.as_user(User("jo", "contributor", ["north"]))
    assert isinstance(refusal(lambda: jo.write(PROJECT, both)), store.Forbidden)
    key = opened.as_user(User("al", "contributor", ["north", "south"])).write(PROJECT, both)
    assert key in jo.entries(PROJECT, store.SessionNote)
    secret = store.SessionNote(day=date(2025, 1, 6), text="x", sites=("north", "east"))
    hidden = opened.as_user(user()).write(PROJECT, secret)
    guide = opened.as_user(user("facilitator"))
    assert key in guide.entries(PROJECT, store.SessionNote)
    assert hidden not in guide.entries(PROJECT, store.SessionNote), "east has not consented"
    opened.close()


def test_consent_taken_back_closes_the_counts_and_the_notes_at_once(world, tmp_path):
    opened = world.open(tmp_path / "network")
    guide = opened.as_user(user("facilitator"))
    assert "south" in set(guide.protected(PROJECT)["site"])
    opened.as_user(user()).consent(PROJECT, "south", False, "the board has not met")
    assert "south" not in set(guide.protected(PROJECT)["site"])
    assert world.notes["south"] not in guide.entries(PROJECT, store.SessionNote)
    opened.close()


def test_a_role_that_is_not_there_is_refused():
    with pytest.raises(store.Forbidden, match="'root' is not a role"):
        User("jo", "root")  # type: ignore[arg-type]
    with pytest.raises(store.Forbidden, match="name is empty"):
        User(" ", "admin")
