"""Changes, their revisions, and the head of the chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of an empty store."""
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("file_hash", sa.String(64)),
        sa.Column("why", sa.Text),
    )
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("change", sa.BigInteger, sa.ForeignKey("change.id"), nullable=False),
        sa.Column("project", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(600), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("site", sa.String(64)),
        sa.Column("body", sa.Text),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("project", "kind", "key", "version", name="uq_revision_version"),
    )
    op.create_index("ix_revision_site", "revision", ["project", "kind", "site"])
    op.create_index("ix_revision_change", "revision", ["change"])
    head = op.create_table(
        "chain",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revisions", sa.BigInteger, nullable=False),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "revisions": 0, "changes": 0, "hash": "0" * 64}])
