"""An audit's YAML to an Audit, every problem at once with its place; no data is read here.

A file that is named is looked at for one thing only: that it is still the file that was got.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from qi_equity import ethnicity, project_file
from qi_equity.audit.model import Audit
from qi_equity.errors import Problem, ProjectErrors, UserError, did_you_mean
from qi_equity.project import BEST_AT_BASELINE, EVERYONE_ELSE
from qi_equity.project_file import tree, words
from qi_equity.project_file.draft import Draft

Found = Iterator[tuple[tree.Path, str]]
SHA = re.compile("[0-9a-f]{64}")
Folders = Sequence[Path]
NONE_GIVEN = (
    "name the indicators it speaks of, or say under no_data_yet what would have to be recorded"
)


def load(path: str | os.PathLike[str], folders: Sequence[Path] = ()) -> Audit:
    """The audit in a file; raises ProjectErrors naming every problem there is.

    Files of figures are looked for beside it, then in `folders`.
    """
    path = Path(path)
    read = tree.read(_text(path))
    problems = tuple(_problems(read, path, folders))
    if problems:
        raise ProjectErrors(problems)
    return Audit.model_validate(read.value, by_alias=True, by_name=False)


def check(path: str | os.PathLike[str], folders: Sequence[Path] = ()) -> tuple[Problem, ...]:
    """Every problem of an audit file, in the order of its lines; none where it is right."""
    path = Path(path)
    return tuple(sorted(set(_problems(tree.read(_text(path)), path, folders))))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def found(name: str, folders: Sequence[Path]) -> Path | None:
    """Where a file of figures lies: in the first folder that has it; None where in none."""
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise UserError(f"{path}: {tree.not_text(wrong)}") from wrong


def _problems(read: tree.Tree, path: Path, folders: Sequence[Path]) -> Iterator[Problem]:
    for (line, column), message in read.problems:
        yield Problem(str(path), line, column, message)
    if not isinstance(read.value, dict):
        if not read.problems:
            yield Problem(str(path), 1, 1, "an audit file has keys such as id, area and sources")
        return
    if {"aim", "measures"} <= read.value.keys():
        told = f"this is a project and not an audit; run: qi-equity analyse {path}"
        yield Problem(str(path), 1, 1, told)
        return
    unread = words.unread(read.value, Audit)
    for at, message in unread.messages:
        if at not in read.refused:
            message = message.replace("'the project'", "the audit")
            yield Problem(str(path), *read.place(at, at in unread.keys), message)
    draft = Draft(Audit, read.value)
    for each in CHECKS:
        for at, message in each(draft, (path.parent, *folders)):
            if at not in unread.meant:
                told = f"{words.where(at[:-1], read.value)}{message}"
                yield Problem(str(path), *read.place(at), told)


# ------------------------------------------------------------------ what must hold between parts


def _ids(parts: Iterable[Draft] | None) -> list[str]:
    return [one.id for one in parts or () if one is not None and one.id is not None]


def _unknown(part: Draft, key: str, words_: Iterable[str], kind: str, known: list[str]) -> Found:
    for word in words_:
        if word not in known:
            yield part.at(key), f"no {kind} is called '{word}'{did_you_mean(word, known)}"


def unique(audit: Draft, folders: Folders) -> Found:
    """No id stands twice."""
    for kind in ("places", "dimensions", "sources", "indicators", "concerns"):
        seen: set[str] = set()
        for one in getattr(audit, kind) or ():
            if one.id in seen:
                yield one.at("id"), f"'{one.id}' stands twice among the {kind}"
            seen.add(one.id)


def spans(audit: Draft, folders: Folders) -> Found:
    """Each stretch of days ends after it begins, and the one before comes before."""
    parts = [audit.period, audit.previous, *(one.period for one in audit.sources or ())]
    for one in parts:
        if one is not None and one.from_ and one.to and one.from_ > one.to:
            yield one.at("to"), f"ends on {one.to}, before it begins on {one.from_}"
    for one in (audit.period, audit.previous):
        if one is not None and one.from_ and one.from_.day != 1:
            told = (
                f"sources are read by month: begin on {one.from_.replace(day=1)} or a month later"
            )
            yield one.at("from"), told
        if one is not None and one.to and (one.to + timedelta(days=1)).day != 1:
            yield one.at("to"), "sources are read by month: end on the last day of a month"
    now, before = audit.period, audit.previous
    if now and before and now.from_ and before.to and before.to >= now.from_:
        yield before.at("to"), f"the period before must end before {now.from_}"


def dimensions(audit: Draft, folders: Folders) -> Found:
    """Groups are named once; each is compared with somebody who is there."""
    for one in audit.dimensions or ():
        names = [group.name for group in one.groups or () if group.name]
        for name in {name for name in names if names.count(name) > 1}:
            yield one.at("groups"), f"the group '{name}' stands twice"
        with_ = one.reference.compare_with if one.reference else None
        known = [group.name for group in one.groups or () if group.name and not group.unknown]
        if with_ in names and with_ not in known:
            told = f"'{with_}' is the group of those whose group is not known: nobody is held"
            yield one.reference.at("compare_with"), f"{told} against it; name another"
        elif with_ and with_ not in (EVERYONE_ELSE, *known):
            choices = [EVERYONE_ELSE, *known]
            told = f"an audit compares with a group or everyone else{did_you_mean(with_, choices)}"
            if with_ == BEST_AT_BASELINE:
                told = "an audit has no baseline to choose the best at: name a group, or say why"
            yield one.reference.at("compare_with"), told


def sources(audit: Draft, folders: Folders) -> Found:
    """Readings name what is there; free evidence has words, every other kind figures."""
    for source in audit.sources or ():
        if source.kind == "free evidence":
            if not source.says:
                yield source.at("id"), "free evidence needs its words: add says"
        elif source.kind and not source.reads:
            yield source.at("id"), f"a {source.kind} has figures: add reads"
        if source.linked and source.linked.with_:
            known = _ids(audit.sources)
            yield from _unknown(source.linked, "with", [source.linked.with_], "source", known)
        rules = source.records or {}
        yield from _unknown(source, "records", rules, "indicator", _ids(audit.indicators))
        for one in source.reads or ():
            yield from _reading(audit, one)
            if one.data is not None and one.data.kind == "records" and not rules:
                told = "birth records need a rule for each indicator: add records to the source"
                yield one.at("data"), told


def _reading(audit: Draft, one: Draft) -> Found:
    if one.dimension:
        yield from _unknown(one, "dimension", [one.dimension], "dimension", _ids(audit.dimensions))
    named = one.indicators or ()
    yield from _unknown(one, "indicators", named, "indicator", _ids(audit.indicators))
    if one.code_set and one.code_set != ethnicity.OWN and one.code_set not in ethnicity.SCHEMES:
        known = [ethnicity.OWN, *ethnicity.SCHEMES]
        told = f"no code system is called '{one.code_set}'{did_you_mean(one.code_set, known)}"
        yield one.at("code_set"), told
    own = next((d for d in audit.dimensions or () if d.id == one.dimension), None)
    names = [group.name for group in own.groups or ()] if own else []
    if own:
        yield from _unknown(one, "codes", one.codes or {}, "group", names)
        yield from _unknown(one, "labels", (one.labels or {}).values(), "group", names)


def checksums(audit: Draft, folders: Folders) -> Found:
    """Each file is there, and is still the one that was got."""
    for source in audit.sources or ():
        files = {one.data.path for one in source.reads or () if one.data and one.data.path}
        given = source.sha256 or {}
        for name in sorted(files - set(given)):
            told = f"the checksum of {name} is missing: write what `sha256sum {name}` prints"
            yield source.at("sha256"), told
        for name in sorted(set(given) - files):
            yield (
                source.at("sha256"),
                f"'{name}' is no file of this source{did_you_mean(name, files)}",
            )
        for name in sorted(files & set(given)):
            path = found(name, folders)
            if not SHA.fullmatch(str(given[name])):
                told = (
                    f"'{given[name]}' is no SHA-256 of {name}: write what `sha256sum {name}` prints"
                )
                yield source.at("sha256"), told
            elif path is None and not source.optional:
                yield (
                    source.at("sha256"),
                    (f"there is no file {name} beside the audit; name its folder with --files"),
                )
            elif path is not None and digest(path) != given[name]:
                yield (
                    source.at("sha256"),
                    (
                        f"{name} is not the file that was got on {source.got}: its SHA-256 is now "
                        f"{digest(path)[:12]}...; get it again, or write the new sum and day"
                    ),
                )


def indicators(audit: Draft, folders: Folders) -> Found:
    """Each indicator has sources that are there and that read it."""
    known = _ids(audit.sources)
    shelf = sorted(project_file.library() | project_file.examples())
    for one in audit.indicators or ():
        yield from _unknown(one, "sources", one.sources or (), "source", known)
        for source in audit.sources or ():
            if source.id in (one.sources or ()) and one.id and not _read_by(source, one.id):
                told = (
                    f"'{source.id}' does not read it: name it in the indicators of a reading there"
                )
                yield one.at("sources"), told
        if one.library:
            named = [one.library.partition(".")[0]]
            yield from _unknown(one, "library", named, "library project", shelf)
        if one.data != "count" and not one.denominator and one.id:
            yield one.at("id"), "a proportion or rate is out of somebody: add denominator"
        if one.data == "count" and one.chapter not in (None, "population"):
            yield one.at("data"), "a plain count says nothing of a gap: it belongs to population"


def _read_by(source: Draft, indicator: str) -> bool:
    """Whether a reading of the source counts the indicator; where none is named, all are."""
    every = [one.indicators or tuple(source.records or ()) for one in source.reads or () if one]
    return not every or any(not named or indicator in named for named in every)


def concerns(audit: Draft, folders: Folders) -> Found:
    """What was heard has an indicator, or is said to have none yet; never neither or both."""
    known = _ids(audit.indicators)
    for one in audit.concerns or ():
        yield from _unknown(one, "indicators", one.indicators or (), "indicator", known)
        if bool(one.indicators) == bool(one.no_data_yet):
            yield one.at("id"), NONE_GIVEN
    places, groups = _ids(audit.places), _groups(audit)
    for one in audit.concerns or ():
        if one.group:
            yield from _unknown(one, "group", [one.group], "group", groups)
    for one in audit.assets or ():
        if one.place:
            yield from _unknown(one, "place", [one.place], "place", places)
        yield from _unknown(one, "for", one.for_ or (), "group", groups)
    for one in audit.progress or ():
        if one.indicator:
            yield from _unknown(one, "indicator", [one.indicator], "indicator", known)
        if one.group:
            yield from _unknown(one, "group", [one.group], "group", groups)


def _groups(audit: Draft) -> list[str]:
    return [g.name for d in audit.dimensions or () for g in d.groups or () if g.name]


CHECKS: tuple[Callable[[Draft, Folders], Found], ...] = (
    unique, spans, dimensions, sources, checksums, indicators, concerns,
)  # fmt: skip
