"""``visavis audit`` as an auditor types it, against a server and against a copy in a folder."""

import csv
import io
import itertools
import json
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from sim.evil_log import Answer, EvilLog, evil_log
from support.log_builder import LogBuilder, Story, built, signer_of, witness_of

from visavis.audit.leaf import read_entry
from visavis.audit.note import NoteSigner
from visavis.audit.stats import Counts, chart
from visavis.cli.main import program
from visavis.client.raising import problem_here
from visavis.model.audit import Event

LOG = signer_of()
ANN, BEN = witness_of(1), witness_of(2)
ROOT = Path(__file__).resolve().parents[2]
KEY = ("--log-key", str(LOG.key))
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.delenv("VISAVIS_LOG_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *words, **more: CliRunner().invoke(program, ["audit", *map(str, words)], **more)


@pytest.fixture
def log(tmp_path: Path) -> LogBuilder:
    return built(tmp_path / "log", 300, cosigners=[ANN])


@pytest.fixture
def server(log: LogBuilder) -> Iterator[EvilLog]:
    with evil_log(log.folder) as server:
        yield server


def data(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def refused(result: Result, code: str, *told: str) -> None:
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.replace("\n", " ").find(f"{code}: ") >= 0, result.stderr
    for words in told:
        assert words in result.stderr


def grown(log: LogBuilder, size: int) -> None:
    log.add(itertools.islice(Story(0).entries(), log.tree.size, size)).publish()


def test_a_log_is_checked_over_http_and_in_a_folder(run: Run, log: LogBuilder, server: EvilLog) -> None:
    for place in (server.url, f"{server.url}/", log.folder):
        told = data(run("verify", place, *KEY, "--json"))
        assert told["log"] == LOG.name
        assert (told["entries"], told["read"], told["last_day"]) == (300, 300, "2026-01-01")
        assert told["cosigned"] == {}
    shown = run("verify", server.url, env={"VISAVIS_LOG_KEY": str(LOG.key)})
    assert shown.exit_code == 0
    assert "300" in shown.stdout


def test_an_empty_log_is_one(run: Run, tmp_path: Path) -> None:
    built(tmp_path / "empty", 0)
    assert data(run("verify", "empty", *KEY, "--json"))["entries"] == 0
    assert data(run("stats", "empty", *KEY, "--json", "--plot", "p.svg")) == []
    ET.parse(tmp_path / "p.svg")  # noqa: S314 -- we wrote it


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), None),
        (("--witness-key", ANN.key), None),
        (("--witness-key", ANN.key, "--witness-key", BEN.key, "--witnesses", "1"), None),
        (("--witness-key", BEN.key, "--witnesses", "0"), None),
        (("--witness-key", BEN.key), "cosignatures_missing"),
        (("--witness-key", ANN.key, "--witness-key", BEN.key), "cosignatures_missing"),
        (("--witness-key", LOG.key), "verifier_key_malformed"),
        (("--witness-key", "x"), "verifier_key_malformed"),
    ],
)
def test_as_many_witnesses_as_were_asked_for(
    run: Run, log: LogBuilder, words: tuple[str, ...], code: str | None
) -> None:
    result = run("verify", log.folder, *KEY, *words)
    if code is None:
        assert result.exit_code == 0, result.output
    else:
        refused(result, code)


def test_more_witnesses_than_keys_can_never_be(run: Run, log: LogBuilder) -> None:
    for words in (("--witnesses", "1"), ("--witness-key", ANN.key, "--witness-key", ANN.key, "--witnesses", "2")):
        result = run("verify", log.folder, *KEY, *words)
        assert result.exit_code == 2
        assert "--witnesses" in result.stderr


def test_who_signed_is_told(run: Run, log: LogBuilder) -> None:
    told = data(run("verify", log.folder, *KEY, "--witness-key", ANN.key, "--json"))
    assert told["cosigned"] == {ANN.name: "2026-02-02T02:40:00+00:00"}


@pytest.mark.parametrize("key", [str(signer_of(2).key), str(signer_of(1, origin="other.example").key)])
def test_another_key_does_not_do(run: Run, log: LogBuilder, key: str) -> None:
    refused(run("verify", log.folder, "--log-key", key), "note_unsigned")


def test_a_key_is_needed(run: Run, log: LogBuilder) -> None:
    assert run("verify", log.folder).exit_code == 2
    refused(run("verify", log.folder, "--log-key", str(ANN.key)), "verifier_key_malformed")


@pytest.mark.parametrize("place", ["nowhere", "http://127.0.0.1:9/log"])
def test_a_place_without_a_log(run: Run, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.adapters.log_source._TRIES", 1)
    refused(run("verify", place, *KEY), "log_unreachable")


def test_what_was_checked_is_remembered_and_only_what_is_new_is_read(
    run: Run, log: LogBuilder, server: EvilLog, tmp_path: Path
) -> None:
    remembered = ("--remember", "log.json", *KEY, "--json")
    assert data(run("verify", server.url, *remembered))["read"] == 300
    assert stat.S_IMODE((tmp_path / "log.json").stat().st_mode) == 0o600
    assert json.loads((tmp_path / "log.json").read_bytes())["version"] == 1
    server.asked.clear()
    assert data(run("verify", server.url, *remembered))["read"] == 0
    assert server.asked == ["checkpoint"]
    grown(log, 600)
    server.asked.clear()
    assert data(run("verify", server.url, *remembered))["read"] == 300
    assert "tile/entries/000" not in server.asked
    assert list(tmp_path.glob("*evidence*")) == []
    assert list(tmp_path.glob(".log.json*")) == []


def test_evidence_is_kept_of_a_fork_and_the_memory_stays(run: Run, log: LogBuilder, tmp_path: Path) -> None:
    remembered = ("--remember", "log.json", *KEY)
    run("verify", log.folder, *remembered)
    before = (tmp_path / "log.json").read_bytes()
    for size in (600, 300):
        forked = LogBuilder(tmp_path / f"fork{size}").add(itertools.islice(Story(7).entries(), size))
        forked.publish()
        refused(run("verify", forked.folder, *remembered), "log_forked", "Evidence: log.json.evidence-300-")
        kept = {path.read_bytes() for path in tmp_path.glob("log.json.evidence-*")}
        assert {log.fetch("checkpoint"), forked.fetch("checkpoint")} <= kept
    assert (tmp_path / "log.json").read_bytes() == before
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.glob("*evidence*"))
    refused(run("verify", forked.folder, *remembered), "log_forked")  # what is kept does not stand in the way
    told = json.loads(run("verify", forked.folder, *remembered, "--json").stderr)
    assert told["code"] == "log_forked"
    assert "Evidence: log.json.evidence-300-" in told["detail"]
    assert data(run("verify", log.folder, *remembered, "--json"))["read"] == 0


def test_evidence_is_kept_of_a_rewound_log(run: Run, log: LogBuilder, tmp_path: Path) -> None:
    run("verify", log.folder, *KEY, "--remember", "log.json")
    refused(
        run("verify", built(tmp_path / "old", 200).folder, *KEY, "--remember", "log.json"), "checkpoint_stale", "200"
    )
    assert len(list(tmp_path.glob("log.json.evidence-200-*"))) == 1
    assert len(list(tmp_path.glob("log.json.evidence-300-*"))) == 1


def test_the_first_look_at_a_false_log_leaves_its_checkpoint_and_no_memory(
    run: Run, log: LogBuilder, tmp_path: Path
) -> None:
    log.write("tile/entries/000", b"")
    refused(run("verify", log.folder, *KEY, "--remember", "log.json"), "entry_malformed", "tile/entries/000")
    (kept,) = tmp_path.glob("log.json.evidence-300-*")
    assert kept.read_bytes() == log.fetch("checkpoint")
    assert not (tmp_path / "log.json").exists()


def test_evidence_that_cannot_be_written_is_told(run: Run, log: LogBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    run("verify", log.folder, *KEY, "--remember", "log.json")

    def full(path: Path, _: bytes) -> None:
        raise problem_here("file_unwritable", f"{path}: No space left on device.")

    monkeypatch.setattr("visavis.cli.audit.write_private", full)
    log.write("checkpoint", log.note(200))
    result = run("verify", log.folder, *KEY, "--remember", "log.json")
    refused(result, "checkpoint_stale", "file_unwritable", log.note(200).decode(), log.note(300).decode())


def test_a_log_that_is_away_leaves_no_evidence(run: Run, log: LogBuilder, server: EvilLog, tmp_path: Path) -> None:
    remembered = (*KEY, "--remember", "log.json")
    run("verify", server.url, *remembered)
    grown(log, 600)
    server.lies["tile/entries/001"] = Answer(status=403)
    refused(run("verify", server.url, *remembered), "log_unreachable")
    server.lies["checkpoint"] = Answer(status=403)
    refused(run("verify", server.url, *remembered), "log_unreachable")
    assert list(tmp_path.glob("*evidence*")) == []


@pytest.mark.parametrize("content", [b"", b"{}", b"not json"])
def test_a_memory_that_is_damaged_is_left_alone(run: Run, log: LogBuilder, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.json").write_bytes(content)
    refused(run("verify", log.folder, *KEY, "--remember", "log.json"), "audit_memory_unusable")
    assert (tmp_path / "log.json").read_bytes() == content


def test_a_memory_is_not_written_where_it_cannot_be(run: Run, log: LogBuilder, server: EvilLog) -> None:
    del log
    refused(run("verify", server.url, *KEY, "--remember", "no/such/folder.json"), "file_unwritable")
    assert server.asked == []


def test_consistency_between_checkpoints_that_were_kept(run: Run, log: LogBuilder, server: EvilLog) -> None:
    Path("old").write_bytes(log.note(300))
    grown(log, 600)
    Path("new").write_bytes(log.note(600))
    grown(log, 700)
    assert data(run("consistency", "old", server.url, *KEY, "--json"))["begins_with"] == 300
    assert not [path for path in server.asked if "entries" in path]
    for first, second in (("old", "new"), ("new", "old")):
        told = data(run("consistency", first, log.folder, "--newer", second, *KEY, "--json"))
        assert (told["begins_with"], told["entries"]) == (300, 600)
    other = LogBuilder(Path("other")).add(itertools.islice(Story(7).entries(), 700))
    other.publish()
    refused(run("consistency", "old", "other", *KEY), "log_forked")
    Path("forged").write_bytes(other.note(600))
    refused(run("consistency", "new", log.folder, "--newer", "forged", *KEY), "log_forked", "600")
    refused(run("consistency", "forged", log.folder, *KEY), "log_forked", "700")
    log.write("checkpoint", log.note(200))
    refused(run("consistency", "old", log.folder, *KEY), "checkpoint_stale", "200")
    refused(run("consistency", "old", log.folder, "--witness-key", ANN.key, *KEY), "cosignatures_missing")
    Path("old").write_bytes(bytes(10_000_000))
    refused(run("consistency", "old", log.folder, *KEY), "note_malformed")


def test_a_proof_in_a_file(run: Run, log: LogBuilder) -> None:
    Path("7.tlog-proof").write_bytes(bytes(log.proof(7, cosigners=[ANN])))
    for end in (b"", b"\n"):
        Path("entry").write_bytes(log.entries[7] + end)
        told = data(run("proof", "7.tlog-proof", "--entry", "entry", *KEY, "--witness-key", ANN.key, "--json"))
        assert (told["index"], told["event"]) == (7, read_entry(log.entries[7]).event.value)
    Path("entry").write_bytes(log.entries[8])
    refused(run("proof", "7.tlog-proof", "--entry", "entry", *KEY), "proof_wrong")
    Path("entry").write_bytes(bytes(1_000_000))
    refused(run("proof", "7.tlog-proof", "--entry", "entry", *KEY), "proof_wrong")
    Path("7.tlog-proof").write_bytes(b"no")
    refused(run("proof", "7.tlog-proof", "--entry", "entry", *KEY), "proof_malformed")
    formless = LogBuilder(Path("formless")).add([b"party"])
    Path("7.tlog-proof").write_bytes(bytes(formless.proof(0)))
    Path("entry").write_bytes(b"party")
    refused(run("proof", "7.tlog-proof", "--entry", "entry", *KEY), "entry_malformed")


# How often what happened.


@pytest.fixture
def days(tmp_path: Path) -> LogBuilder:
    """A log of forty days."""
    log = LogBuilder(tmp_path / "days").add(itertools.islice(Story(3, a_day=30).entries(), 1200))
    log.publish()
    return log


def test_counts_are_those_of_the_entries(run: Run, days: LogBuilder) -> None:
    rows = data(run("stats", days.folder, *KEY, "--json"))
    entries = [read_entry(entry) for entry in days.entries]
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found[row["when"], row["event"]] += row["entries"]
    assert found == Counter((entry.day, entry.event.value) for entry in entries)
    matches = [e for e in entries if e.event is Event.DECISION and e.fields["outcome"] == "MATCH"]
    assert sum(row["entries"] for row in rows if row["outcome"] == "MATCH") == len(matches)
    for by, whens in (("month", {"2026-01", "2026-02"}), ("all", {""})):
        coarse = data(run("stats", days.folder, *KEY, "--json", "--by", by))
        assert {row["when"] for row in coarse} == whens
        assert sum(row["entries"] for row in coarse) == 1200


def test_counts_as_csv_and_for_people(run: Run, days: LogBuilder) -> None:
    result = run("stats", days.folder, *KEY, "--csv", "--by", "all")
    table = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert sum(int(row["entries"]) for row in table) == 1200
    assert {row["event"] for row in table} >= {"session", "decision", "offer"}
    shown = run("stats", days.folder, *KEY, "--by", "all").stdout
    assert "NO_MATCH" in shown
    assert "when" not in shown
    assert run("stats", days.folder, *KEY, "--csv", "--json").exit_code == 2


def test_nothing_is_told_of_a_log_that_does_not_check_out(run: Run, days: LogBuilder, tmp_path: Path) -> None:
    days.write("tile/entries/003", days.fetch("tile/entries/002"))
    refused(run("stats", days.folder, *KEY, "--plot", "p.svg", "--csv"), "entry_wrong", "Entry 768")
    assert not (tmp_path / "p.svg").exists()


def test_a_picture_of_the_days(run: Run, days: LogBuilder, tmp_path: Path) -> None:
    assert run("stats", days.folder, *KEY, "--plot", "p.svg").exit_code == 0
    picture = ET.parse(tmp_path / "p.svg").getroot()  # noqa: S314 -- we wrote it
    svg = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in picture.iter(f"{svg}text")]
    assert LOG.name in texts
    assert {"session", "decision MATCH", "2026-01-01", "2026-02-09"} <= set(texts)
    assert {element.tag.removeprefix(svg) for element in picture.iter()} == {
        *("svg", "title", "desc", "style", "rect", "text", "line", "path")
    }
    assert "prefers-color-scheme:dark" in (tmp_path / "p.svg").read_text()
    width, height = map(float, picture.attrib["viewBox"].split()[2:])
    for text in picture.iter(f"{svg}text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height


def test_a_picture_of_ten_thousand_years_is_no_larger(tmp_path: Path) -> None:
    counts = Counts()
    commitment = Story().random(32)
    for day in ("0001-01-01", "9999-12-31"):
        pattern = f'{{"commitment":"{commitment}","day":"{day}","event":"start","v":1}}'
        counts.see(read_entry(pattern.encode()))
    drawn = chart(counts.rows(), origin='<&">')
    assert len(drawn) < 10_000
    ET.fromstring(drawn)  # noqa: S314 -- we made it
    (tmp_path / "p.svg").write_text(drawn)


def test_a_name_from_elsewhere_cannot_steer_the_terminal(run: Run, tmp_path: Path) -> None:
    other = NoteSigner("[red]log", LOG.private_key)
    LogBuilder(tmp_path / "odd", signer=other).publish()
    assert "[red]log" in run("verify", "odd", "--log-key", other.key).stdout


ALONE = """
import sys
from visavis.cli.main import program
program(sys.argv[1:], prog_name="visavis", standalone_mode=False)
loaded = {"openvino", "onnx", "sqlalchemy", "fastapi", "uvicorn", "visavis.bootstrap"} & set(sys.modules)
print(sorted(loaded), file=sys.stderr)
"""


def test_an_auditor_needs_no_server_no_data_and_no_models(log: LogBuilder, tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin", "HOME": str(tmp_path / "nobody")}
    ran = subprocess.run(
        [sys.executable, "-c", ALONE, "audit", "verify", str(log.folder), *KEY],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "[]\n"
    assert not (tmp_path / "nobody").exists()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """What is remembered is of people and open sessions. A million entries like these took 81 MB."""
    maker = "import sys; sys.path[:0] = ['tests']; from pathlib import Path; from support.log_builder import built"
    made = f"{maker}; built(Path(sys.argv[1]), 200_000)"
    subprocess.run([sys.executable, "-c", made, str(tmp_path)], cwd=ROOT, check=True)
    measured = f"{ALONE}\nprint(open('/proc/self/status').read().split('VmHWM:')[1].split()[0], file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", measured, "audit", "verify", str(tmp_path), *KEY, "--remember", str(tmp_path / "m")],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert int(ran.stderr.split()[-1]) < 100 * 1024
