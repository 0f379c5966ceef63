"""The audit trail: who did and who looked, in a chain of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REFUSAL = "the history is append-only"


def upgrade() -> None:
    """Make the trail, its first link and its guards; and guard a server's tables from TRUNCATE."""
    op.create_table(
        "trail",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("project", sa.String(64)),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("revisions", sa.BigInteger, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_trail_who", "trail", ["who"])
    op.create_index("ix_trail_what", "trail", ["what"])
    chain = sa.table("chain", *(sa.column(name) for name in ("id", "revisions", "changes", "hash")))
    op.bulk_insert(chain, [{"id": 2, "revisions": 0, "changes": 0, "hash": "0" * 64}])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for act in ("UPDATE", "DELETE"):
        head = f'CREATE TRIGGER trail_no_{act.lower()} BEFORE {act} ON "trail"'
        op.execute(
            f"{head} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            if sqlite
            else f"{head} FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
        )
    if not sqlite:
        for table in ("change", "revision", "trail"):
            op.execute(
                f'CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON "{table}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
            )
