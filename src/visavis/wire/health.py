"""Is it alive, is it ready, and which key signs its offers."""

from typing import Literal

from visavis.wire.shape import Shape


class Health(Shape):
    """The process answers; ``sealed`` while it waits for its custodians, ``loading`` while it loads its galleries.

    With ``loading``: ``subjects`` are in memory so far, of about so many ``people``. ``liveness``: the modes that can
    be checked here; nothing while it is sealed.
    """

    status: Literal["ok", "sealed", "loading"] = "ok"
    subjects: int | None = None
    people: int | None = None
    liveness: list[str] | None = None


class Ready(Shape):
    """The server decides. ``left_out``: subjects whose stored rows or receipts did not check out at the start."""

    status: Literal["ready"] = "ready"
    subjects: int
    left_out: int


class ControllerKeys(Shape):
    """The public keys that offers are signed with, as JWKs (RFC 7517); a key's ``kid`` stands in the offers."""

    keys: list[dict[str, str]]
