"""The one error of the client: what the server refused, or why it could not be asked."""

from typing import Final

from visavis.wire.shape import Problem

OWN_CODES: Final = {
    "unreachable": (
        "The server cannot be reached",
        "Check the address and that the server runs. After a write, look first whether it was done.",
    ),
    "timed_out": (
        "The server did not answer in time",
        "Try again later, or allow more time. After a write, look first whether it was done.",
    ),
    "answer_unreadable": (
        "The answer is not one of this server's",
        "Check that the address is a Visavis server of this release and not a proxy or another service.",
    ),
    "url_unsafe": (
        "The connection would not be private",
        "Use https: keys and faces travel unencrypted over plain http, which is for this machine only.",
    ),
    "api_key_missing": (
        "There is no API key",
        "Set VISAVIS_API_KEY to the key that 'visavis init' or 'visavis apikey create' showed.",
    ),
    "link_unreadable": ("The link is not whole", "Copy the whole link, with everything after the '#'."),
    "offer_unfit": (
        "What is shown is not what would be signed",
        "Do not sign. Ask the controller for a new link, and tell them about this message.",
    ),
    "receipt_unreadable": ("The receipt file cannot be used", "Use the file that was saved when the person agreed."),
    "key_unreadable": (
        "The key file cannot be used",
        "Name a key that this station can use: 'visavis station key FILE' makes one.",
    ),
    "photo_unreadable": ("The photo cannot be read", "Check the path and that the file can be read."),
    "file_exists": ("The file exists already", "Name another file; nothing is overwritten."),
    "file_unwritable": ("The file cannot be written", "Name a file in a folder you can write to."),
}
"""What can go wrong on this side: title and mend by code."""


_CLIENT_ERRORS: Final = 4


class VisavisProblem(Exception):
    """A call did not do what was asked.

    What is raised is one of the classes of ``visavis.client.errors``, one for each code; only a code that this release
    does not know yet comes as a plain ``VisavisProblem``. ``problem`` is the server's RFC 9457 document. Where the
    server gave none, it is ours, with one of ``OWN_CODES``, no request id, and the HTTP status that came, or 0.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail} {problem.mend}".strip())
        self.problem = problem
        self.evidence: bytes | None = None
        """What the server sent, where its transparency log does not check out: keep it."""

    @property
    def code(self) -> str:
        """The stable name of what went wrong."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status, or 0 where no answer came."""
        return self.problem.status

    @property
    def refused(self) -> bool:
        """Whether the server itself said no, so that nothing was done; false where that is not known."""
        return self.problem.status // 100 == _CLIENT_ERRORS and self.code not in OWN_CODES

    @property
    def detail(self) -> str:
        """What happened this time."""
        return self.problem.detail

    @property
    def mend(self) -> str:
        """What a person can do about it."""
        return self.problem.mend

    @property
    def request_id(self) -> str:
        """By which the operator finds the request in the server's log; empty where no answer came."""
        return self.problem.request_id

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which the same call can succeed, where the server knows."""
        return self.problem.retry_after_s
