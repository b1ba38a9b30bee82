"""Alembic's entry: the connection is handed over by the store, there is no configuration file."""

from alembic import context

from visavis.adapters.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
