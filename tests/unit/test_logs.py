"""The log: lines of known names, whoever writes into it, and however."""

import ast
import json
import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from support.pages import ROOT
from support.world import World

from visavis import logs
from visavis.logs import FIELDS, METHODS, trace
from visavis.web import frame

SRC = ROOT / "src" / "visavis"


class Quoting(Exception):
    """An error that quotes what it was given."""


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """What ``configure`` changes, put back afterwards."""
    root = logging.getLogger()
    before = (
        root.handlers[:],
        root.level,
        sys.excepthook,
        sys.unraisablehook,
        threading.excepthook,
        warnings.showwarning,
    )
    last_resort, of_structlog = logging.lastResort, structlog.get_config()
    path = tmp_path / "log"
    yield path
    structlog.configure(**of_structlog)
    logging.captureWarnings(capture=False)
    logging.raiseExceptions, logging.lastResort = True, last_resort
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning = before[2:]


Configured = Callable[..., Callable[[], list[dict[str, Any]]]]


@pytest.fixture
def configured(log_file: Path) -> Iterator[Configured]:
    """Configure the log into a file; the answer reads its lines."""
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def configure(**changed: Any) -> Callable[[], list[dict[str, Any]]]:
        logs.configure(**{"level": "debug", "form": "json", "descriptor": descriptor, "keep": False, **changed})
        return lambda: [json.loads(line) for line in log_file.read_text().splitlines()]

    yield configure
    os.close(descriptor)


def test_a_line_has_time_level_and_event_first(configured: Configured) -> None:
    lines = configured()
    structlog.get_logger().info("ready", subjects=3, left_out=None)
    (line,) = lines()
    assert list(line) == ["time", "level", "event", "subjects"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert (line["level"], line["event"], line["subjects"]) == ("info", "ready", 3)


def test_fields_that_are_not_known_are_dropped_and_values_that_are_none_of_ours_are_told_by_type(
    configured: Configured,
) -> None:
    lines = configured()
    structlog.get_logger().error("x", name="SECRET", exc_info=Quoting("SECRET"), place=Quoting("SECRET"))
    assert lines()[0] == {"time": lines()[0]["time"], "level": "error", "event": "x", "place": "Quoting"}


@pytest.mark.parametrize(("level", "told"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_what_is_below_the_level_is_not_told(configured: Configured, level: str, told: int) -> None:
    lines = configured(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), name)("x")
    assert len(lines()) == told


def test_text_is_for_people_and_nothing_in_it_steers_a_terminal(configured: Configured, log_file: Path) -> None:
    configured(form="text")
    structlog.get_logger().error("fault", error="X\x1b[31m\nY", trace=["A", "a.py:1 f"])
    text = log_file.read_text()
    assert re.search(r"^\S+ error   fault error=X\\u001b\[31m\\nY\n    A\n    a.py:1 f\n$", text)


@pytest.mark.filterwarnings("default")
def test_libraries_are_told_by_name_and_place_and_never_quoted(
    configured: Configured, log_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = configured()
    logger = logging.getLogger("somebody.elses")
    logger.info("SECRET")
    logger.warning("call %s", "SECRET")
    logger.error("%d", "SECRET")  # not even as a line that cannot be formatted

    def fail() -> None:
        raise Quoting("SECRET")

    try:
        fail()
    except Quoting:
        logger.exception("SECRET", stack_info=True, extra={"subject": "SECRET"})
    logger.log(35, "SECRET")
    alone = logging.getLogger("somebody.alone")
    alone.propagate = False
    alone.critical("SECRET")
    warnings.warn("SECRET", UserWarning, stacklevel=1)
    told = lines()
    assert [(line["level"], line["library"]) for line in told] == [
        ("warning", "somebody.elses"),
        ("error", "somebody.elses"),
        ("error", "somebody.elses"),
        ("warning", "somebody.elses"),
        ("warning", "py.warnings"),
    ]
    assert all(line["event"] == "library" and ".py:" in line["place"] for line in told)
    assert told[2]["error"] == "Quoting"
    assert "SECRET" not in log_file.read_text() + "".join(capfd.readouterr())


@pytest.mark.filterwarnings("default")
def test_errors_that_nobody_caught_are_told_without_their_text(
    configured: Configured, log_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = configured()

    def fail() -> None:
        raise Quoting("SECRET") from KeyError("SECRET")

    thread = threading.Thread(target=fail, name="SECRET")
    thread.start()
    thread.join()
    try:
        fail()
    except Quoting as error:
        sys.excepthook(Quoting, error, error.__traceback__)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)

    class Dying:
        def __del__(self) -> None:
            fail()

    Dying()
    told = lines()
    assert [(line["event"], line["error"]) for line in told] == [("uncaught", "Quoting")] * 3
    assert all(line["trace"][0] == "Quoting" and "KeyError" in line["trace"] for line in told)
    assert "SECRET" not in log_file.read_text() + "".join(capfd.readouterr())


def test_a_trace_has_types_and_places_innermost_first() -> None:
    def inner() -> None:
        raise ValueError("SECRET")

    def outer() -> None:
        try:
            inner()
        except ValueError as error:
            raise Quoting("SECRET") from error

    with pytest.raises(Quoting) as caught:
        outer()
    told = trace(caught.value)
    assert told[0] == "Quoting"
    assert told[1].endswith(" outer")
    assert told[told.index("ValueError") + 1].endswith(" inner")
    assert all(re.fullmatch(r"\w+|[\w./-]+\.py:\d+ [\w<>]+", entry) for entry in told), told


def test_a_trace_ends_where_errors_go_in_circles_or_deep() -> None:
    one, two = ValueError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert trace(one) == ["ValueError", "KeyError"]

    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        raise ValueError("deep")

    with pytest.raises(ValueError, match="deep") as caught:
        deep(200)
    assert len(trace(caught.value)) <= 40


def test_places_do_not_say_where_we_are_installed() -> None:
    assert logs.place("/home/ann/venv/lib/python3.11/site-packages/uvicorn/server.py") == "uvicorn/server.py"
    assert logs.place("/home/ann/src/visavis/flows/enrol.py") == "visavis/flows/enrol.py"
    assert logs.place("/usr/lib/python3.11/json/decoder.py") == "json/decoder.py"


def test_a_log_that_cannot_be_written_stops_nobody(configured: Configured, world: World) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    configured(descriptor=writing)
    assert world.http.get("/v1/purposes").status_code == 401
    os.close(writing)
    assert world.http.get("/v1/purposes").status_code == 401


def test_each_request_is_one_line(configured: Configured, world: World) -> None:
    lines = configured(level="info")
    gallery = world.gallery()
    world.api("GET", f"/v1/galleries/{gallery}")
    world.http.get("/v1/subjects/sub_SECRET?name=SECRET")
    world.http.request("SECRET", "/v1/purposes")
    world.http.get("/SECRET/SECRET")
    world.http.get("/static/SECRET")
    world.http.get("/healthz")
    world.api("POST", "/v1/galleries", content=b"SECRET")
    told = [tuple(line.get(f) for f in ("method", "route", "status", "code", "caller", "level")) for line in lines()]
    assert told == [
        ("POST", "/v1/purposes", 201, None, "api_key", "info"),
        ("POST", "/v1/galleries", 201, None, "api_key", "info"),
        ("GET", "/v1/galleries/{gallery_id}", 200, None, "api_key", "info"),
        ("GET", "/v1/subjects/{subject_id}", 401, "unauthenticated", "none", "info"),
        ("other", "/v1/purposes", 405, "method_unfit", "none", "info"),
        ("GET", "none", 404, "not_found", "none", "info"),
        ("POST", "/v1/galleries", 422, "request_invalid", "api_key", "info"),
    ]
    for line in lines():
        assert set(line) <= FIELDS - {"address"}
        assert re.fullmatch(r"[0-9a-f]{16}", line["request_id"])
        assert 0 <= line["duration_ms"] < 60_000


def test_calls_that_say_nothing_are_told_at_debug_only(configured: Configured, world: World) -> None:
    lines = configured()
    for path in ("/healthz", "/readyz", "/static/SECRET", "/openapi.json"):
        world.http.get(path)
    told = [(line["route"], line["level"]) for line in lines()]
    assert told == [("/healthz", "debug"), ("/readyz", "debug"), ("/static", "debug"), ("/openapi.json", "info")]


def test_addresses_are_told_where_that_is_set(
    configured: Configured, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = configured()
    told = frame.Frame._tell

    def with_addresses(self: frame.Frame, *arguments: Any, **more: Any) -> None:
        self._log_addresses = True
        told(self, *arguments, **more)
        self._log_addresses = False

    world.http.get("/v1/purposes")
    monkeypatch.setattr(frame.Frame, "_tell", with_addresses)
    world.http.get("/v1/purposes")
    assert [line.get("address") for line in lines()] == [None, "testclient"]


# What the code may write into the log, whether or not a test comes by there.

WRITING = {"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "msg", "bind", "new"}


def modules_that_log() -> list[tuple[str, ast.Module]]:
    paths = [path for path in sorted(SRC.rglob("*.py")) if "get_logger" in path.read_text(encoding="utf-8")]
    return [(str(path.relative_to(SRC)), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def calls_that_log() -> list[tuple[str, ast.Call]]:
    """Every call of a logger, or of one of its methods that was put into the variable ``tell``."""
    return [
        (f"{module}:{node.lineno}", node)
        for module, tree in modules_that_log()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ("tell" in names(node.func) or ("log" in names(node.func) and WRITING & names(node.func)))
    ]


def names(function: ast.expr) -> set[str]:
    """The variable and the attribute that a call is made by."""
    if isinstance(function, ast.Name):
        return {function.id}
    return {function.attr} | names(function.value) if isinstance(function, ast.Attribute) else set()


CALLS = calls_that_log()


@pytest.mark.parametrize(("module", "tree"), modules_that_log(), ids=[module for module, _ in modules_that_log()])
def test_a_logger_is_called_log_and_nothing_else_is_done_with_it(module: str, tree: ast.Module) -> None:
    del module
    made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and "get_logger" in names(node.func)]
    bound = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and node.value in made]
    assert [ast.unparse(node.targets[0]) for node in bound] == ["log"]
    assert len(made) == 1
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "log"]
    assert {node.attr for node in uses} <= WRITING


def test_there_are_calls_to_look_at() -> None:
    assert len(CALLS) >= 9
    assert {place.partition(":")[0] for place, _ in CALLS} >= {
        "web/frame.py",
        "web/problems.py",
        "logs.py",
        "bootstrap.py",
    }


@pytest.mark.parametrize(("place", "call"), CALLS, ids=[place for place, _ in CALLS])
def test_a_call_writes_a_constant_and_known_fields_and_no_text_made_of_values(place: str, call: ast.Call) -> None:
    del place
    (event,) = call.args
    assert isinstance(event, ast.Constant)
    assert re.fullmatch(r"[a-z_]+", str(event.value))
    for field in call.keywords:
        assert field.arg in FIELDS
        for part in ast.walk(field.value):
            assert not isinstance(part, ast.Name) or part.id not in {"str", "repr", "format", "vars", "dir"}
            assert not isinstance(part, ast.Attribute) or part.attr not in {
                "args", "detail", "message", "format", "headers", "query_params", "url", "body", "path_params", "join",
            }  # fmt: skip
    if (named := {field.arg: field.value for field in call.keywords}).get("error") is not None:
        assert "__name__" in ast.unparse(named["error"])


def test_nothing_else_writes_to_standard_error() -> None:
    """Commands do, for the person who typed them; a server's own code has the log."""
    strange = []
    for folder in ("web", "flows", "adapters", "model", "consent", "capture", "embed", "protect", "match", "decide"):
        for path in sorted((SRC / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                writes = name in {"print", "sys.stderr.write", "sys.stdout.write", "logging.getLogger", "warnings.warn"}
                if writes or name.startswith("traceback."):
                    strange.append(f"{path.relative_to(SRC)}:{getattr(node, 'lineno', 0)} {name}")
    assert strange == []


def test_only_methods_of_http_are_told_by_name() -> None:
    assert sorted(METHODS) == ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
