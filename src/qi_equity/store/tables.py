"""The tables of the store, as the newest migration leaves them; no queries live here.

One table holds every revision of everything: observations, projects, cycles, notes, actions,
consents and imports. A thing's current state is its highest version. Beside it stands the audit
trail: who did and who looked. Nothing is ever updated but the two rows of `chain`, which hold the
number and the hash of the newest revision and of the newest line of the trail.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# Who did what, when, from where and why: one row an act (a save, an import, an undo).
change = Table(
    "change",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("who", String(200), nullable=False),
    Column("at", String(32), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("file_hash", String(64)),
    Column("why", Text),
)

# body is canonical JSON; null says that the thing was withdrawn.
revision = Table(
    "revision",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("change", BigInteger, ForeignKey("change.id"), nullable=False),
    Column("project", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(600), nullable=False),
    Column("version", Integer, nullable=False),
    Column("site", String(64)),
    Column("body", Text),
    Column("hash", String(64), nullable=False),
    # Two writers can never both follow the same version: the database itself refuses the second.
    UniqueConstraint("project", "kind", "key", "version", name="uq_revision_version"),
    Index("ix_revision_site", "project", "kind", "site"),
    Index("ix_revision_change", "change"),
)

# Who did what that changes no count, and who looked. about is canonical JSON, and never holds a
# count; revisions and head are the newest revision at that moment, so that one chain vouches for
# the other.
trail = Table(
    "trail",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", String(32), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("project", String(64)),
    Column("about", Text, nullable=False),
    Column("revisions", BigInteger, nullable=False),
    Column("head", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_trail_who", "who"),
    Index("ix_trail_what", "what"),
)

# The newest links; writers lock a row, so revisions and lines are numbered without gaps.
REVISIONS, TRAIL = 1, 2
chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revisions", BigInteger, nullable=False),
    Column("changes", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)
