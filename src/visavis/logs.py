"""The server's log: lines made of names and numbers that are known beforehand, and of nothing that anybody sent.

A line says what happened (``event``, a constant) with the fields of ``FIELDS``; any other field is dropped. Errors are
told by their types and the places in the code they came from: their texts may quote what a person sent. What libraries
write to the standard library's loggers becomes a line that says which library wrote it, and where in its code.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final, Literal

import structlog

FIELDS: Final = frozenset({
    "time", "level", "event",
    "request_id", "method", "route", "status", "duration_ms", "code", "caller", "address",
    "error", "trace", "library", "place",
    "version", "port", "tls", "subjects", "left_out", "variable", "nearest",
    "published", "committed", "codes", "people", "tail",
})  # fmt: skip
"""Every field that a line may have. None holds what a caller sent, but ``address``, which is off unless it is set."""

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are told by name: any other word in their place was made up by a caller."""

_PACKAGES: Final = ("site-packages", "dist-packages", "src")
_DEEPEST: Final = 40

log = structlog.get_logger(__name__)


Level = Literal["debug", "info", "warning", "error"]


def configure(*, level: Level, form: Literal["json", "text"], descriptor: int, keep: bool = True) -> None:
    """Send every line of this process to an open file: ours, those of libraries, and errors that nobody caught.

    :param keep: whether loggers that have written once keep this configuration, which is faster.
    """
    sink = _Sink(descriptor)
    structlog.configure(
        processors=[_known_only, _as_json if form == "json" else _as_text],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=keep,
    )
    # Libraries tell of their work at lower levels; of that nothing would be left without its text.
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    # Else a line that cannot be told, or that nobody takes, would be printed with its text.
    logging.raiseExceptions = False
    logging.lastResort = None
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread


class _Sink:
    """Writes whole lines at once, so that those of several threads do not mix."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def msg(self, line: bytes) -> None:
        # Who reads the log may have gone, or its disk be full; people are still at the door.
        with suppress(OSError):
            os.write(self._descriptor, line)

    debug = info = warning = error = critical = msg


def trace(error: BaseException) -> list[str]:
    """Where an error came from, innermost first: types and places in the code, without any text or value."""
    told: list[str] = []
    for one in _chain(error):
        told.append(type(one).__name__)
        told += reversed([*_places(one.__traceback__)])
    return told[:_DEEPEST]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield f"{place(code.co_filename)}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next


def place(file: str) -> str:
    """A source file's name from its package on: where it is installed is nobody's business."""
    parts = PurePath(file).parts
    starts = [at + 1 for at, part in enumerate(parts) if part in _PACKAGES]
    return "/".join(parts[starts[-1] :] if starts else parts[-2:])


def _known_only(_logger: object, level: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    known = {name: value for name, value in line.items() if name in FIELDS and value is not None}
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"time": now, "level": level, "event": known.pop("event", ""), **known}


def _as_json(_logger: object, _level: str, line: MutableMapping[str, Any]) -> bytes:
    return f"{_dump(line)}\n".encode()


_dump = json.JSONEncoder(default=lambda value: type(value).__name__, separators=(",", ":")).encode


def _as_text(_logger: object, _level: str, line: MutableMapping[str, Any]) -> bytes:
    words = [line.pop("time"), f"{line.pop('level'):7}", line.pop("event", "")]
    stack = line.pop("trace", [])
    words += [f"{name}={_dump(value).strip(chr(34))}" for name, value in line.items()]
    return ("\n    ".join([" ".join(words), *stack]) + "\n").encode()


class _Libraries(logging.Handler):
    """Tells that a library wrote something, and where in its code; not what."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        tell = log.error if record.levelno >= logging.ERROR else log.warning
        tell(
            "library",
            library=record.name,
            place=f"{place(record.pathname)}:{record.lineno}",
            error=None if error is None else type(error).__name__,
            trace=None if error is None else trace(error),
        )


def _uncaught(kind: type[BaseException], error: BaseException, _traceback: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("uncaught", error=kind.__name__, trace=trace(error))


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    if found.exc_value is not None:
        log.error("uncaught", error=type(found.exc_value).__name__, trace=trace(found.exc_value))


def _uncaught_in_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None:
        log.error("uncaught", error=type(found.exc_value).__name__, trace=trace(found.exc_value))
