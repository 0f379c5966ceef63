"""What Alembic runs: the steps, on the connection it was handed; no configuration file."""

from __future__ import annotations

from alembic import context

# There is a configuration only while Alembic runs; a test runner that imports this finds none.
if hasattr(context, "config"):
    context.configure(**context.config.attributes, transactional_ddl=False)
    context.run_migrations()
