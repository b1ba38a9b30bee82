"""The store on a SQL database, through SQLAlchemy and Alembic."""
