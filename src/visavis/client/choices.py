"""The words that a caller chooses from."""

from typing import Final, Literal

PAGE: Final = 50
"""Entries of one page of a list, where none is said; the server gives 200 at most."""

Scope = Literal["admin", "enrol", "operate", "export", "seal", "backup", "metrics", "audit", "approve"]
Role = Literal["admin", "operator", "auditor", "custodian", "caseworker"]
Resolution = Literal["activate", "erase", "noted"]
SessionKind = Literal["identify", "verify", "document_check"]
Variant = Literal["whole", "head", "blink"]
"""What somebody can do before the camera: anything, anything but shutting their eyes, or only that."""
Language = Literal["en", "de"]
"""In which the server writes what people read (BCP 47)."""
