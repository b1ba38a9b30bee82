"""The schema: columns are named like the fields they hold, and rules that the database can hold are constraints too."""

from visavis.adapters.sql.tables.acts import decisions, look_alikes, pairings, reviews, sessions, stations
from visavis.adapters.sql.tables.callers import (
    accounts,
    answered,
    api_keys,
    console_sessions,
    exports,
    import_entries,
    imports,
    nonces,
    readings,
)
from visavis.adapters.sql.tables.columns import metadata
from visavis.adapters.sql.tables.galleries import bar_moves, galleries, gallery_keys, own_rates, purpose_texts, purposes
from visavis.adapters.sql.tables.log import generations, log_entries, log_head, log_openings, server
from visavis.adapters.sql.tables.people import (
    credentials,
    enrolments,
    receipts,
    references,
    subject_keys,
    subjects,
    tombstones,
    tries,
)

__all__ = [
    "accounts",
    "answered",
    "api_keys",
    "bar_moves",
    "console_sessions",
    "credentials",
    "decisions",
    "enrolments",
    "exports",
    "galleries",
    "gallery_keys",
    "generations",
    "import_entries",
    "imports",
    "log_entries",
    "log_head",
    "log_openings",
    "look_alikes",
    "metadata",
    "nonces",
    "own_rates",
    "pairings",
    "purpose_texts",
    "purposes",
    "readings",
    "receipts",
    "references",
    "reviews",
    "server",
    "sessions",
    "stations",
    "subject_keys",
    "subjects",
    "tombstones",
    "tries",
]
