"""The database itself refuses to change or delete a revision."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFUSAL = "the history is append-only"


def upgrade() -> None:
    """Guard both tables of the history."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
    for table in ("change", "revision"):
        for act in ("UPDATE", "DELETE"):
            head = f'CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON "{table}"'
            op.execute(
                f"{head} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
                if sqlite
                else f"{head} FOR EACH ROW EXECUTE FUNCTION refuse_rewriting()"
            )
