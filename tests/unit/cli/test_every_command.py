import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from click.testing import CliRunner, Result
from fixtures.answers import (
    AGREED,
    BASE,
    ENROLMENT,
    ERASURE,
    GALLERY,
    GALLERY_DETAIL,
    IMPORT,
    INVITED,
    KEY,
    LOOK_ALIKE,
    OTHER_WAY,
    OWN,
    OWN_RATES,
    PURPOSE,
    READING,
    RECORD,
    REVIEW,
    ROTATED,
    SECRET,
    SENT_PHOTOS,
    STATION,
    SUBJECT,
    SUBJECT_ROW,
    TERMS,
    Answer,
    FakeServer,
    an_id,
    page,
    problem,
)

from visavis.cli.main import program
from visavis.client import public_key_text
from visavis.client.station_key import load_station_key

Run = Callable[..., Result]

LINK = f"{BASE}/consent#{SECRET}"
GAL, SUB, STA, REV, PUR, KEY_ID = (an_id(kind) for kind in ("gal", "sub", "sta", "rev", "pur", "key"))


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


ALL = list(commands(program))


def test_the_commands_are_these() -> None:
    assert {" ".join(path) for path in ALL} == {
        *("init", "serve", "doctor", "models install", "models list", "settings show", "settings example"),
        *("purpose create", "purpose list", "purpose show", "purpose reword", "purpose end"),
        *("gallery create", "gallery list", "gallery show", "gallery measure", "gallery subjects"),
        *("import run", "import status", "import links"),
        *("exports request", "exports list", "exports show", "exports approve", "exports fetch", "exports import"),
        "exports sign",
        *("station key", "station create", "station list", "station show", "station reopen", "station attest"),
        *("station pair", "station rekey", "station retire"),
        *("account add", "account list", "account roles", "account reset", "account disable"),
        *("apikey create", "apikey list", "apikey rotate", "apikey revoke"),
        *("enrol", "withdraw", "subject show", "subject archive", "subject credentials"),
        "consent photos",
        *("consent show", "consent sign", "consent decline", "consent grant", "me show", "me log"),
        *("me withdraw", "me archive", "me archive-check", "me renew"),
        *("identify", "verify", "document-check", "pin", "qr"),
        *("review list", "review resolve", "decisions list", "readings list"),
        *("look-alike list", "look-alike declare", "look-alike end"),
        *("witness init", "witness accept", "witness serve", "witness show"),
        *("backup", "restore", "erasure prove", "drill", "plan", "evaluate", "evaluate pad"),
        *("keys ceremony", "keys confirm", "keys custodians", "keys unseal", "keys seal", "keys rehearse"),
        *("keys rehearsal", "keys show", "keys rotate root", "keys rotate epoch", "keys rotate gallery"),
        "keys rotate subject",
        "tls self-signed",
        *("audit verify", "audit consistency", "audit proof", "audit stats"),
    }


@pytest.mark.parametrize("path", [(), *ALL], ids=lambda path: " ".join(path) or "visavis")
def test_every_command_has_help_and_json(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(program, [*path, "--help"])
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert result.stdout.split("\n\n")[1].strip(), "it says what it is for"


@pytest.mark.parametrize("name", ["identify", "verify", "document-check", "pin", "qr"])
def test_help_tells_the_exit_codes_of_decisions(name: str) -> None:
    text = " ".join(CliRunner().invoke(program, [name, "--help"]).stdout.split())
    assert "0 MATCH, 10 NO_MATCH, 11 REFUSED, 12 REVIEW, 1 the server refused" in text


CREATE = (
    "purpose create --name Door --controller Acme --contact mail@acme.example --jurisdiction DE"
    " --retention-days 30 --target-kind fpir --target 0.01 --text-file -"
)
CALLS: list[tuple[str, str, Answer]] = [
    (CREATE, "POST /v1/purposes", PURPOSE),
    ("purpose list", "GET /v1/purposes", page(PURPOSE)),
    (f"purpose end {PUR} --yes", f"POST /v1/purposes/{PUR}/end", PURPOSE),
    (f"purpose show {PUR}", f"GET /v1/purposes/{PUR}", PURPOSE),
    (
        f"purpose reword {PUR} --text-file -",
        f"POST /v1/purposes/{PUR}/texts",
        {"version": 2, "language": "en", "text": "x", "created_at": PURPOSE["created_at"]},
    ),
    (f"gallery create --name Staff --purpose {PUR}", "POST /v1/galleries", GALLERY),
    ("gallery list", "GET /v1/galleries", page(GALLERY)),
    (f"gallery show {GAL}", f"GET /v1/galleries/{GAL}", GALLERY_DETAIL),
    (f"gallery measure {GAL}", f"POST /v1/galleries/{GAL}/own-rates", OWN_RATES),
    (f"gallery subjects {GAL}", f"GET /v1/galleries/{GAL}/subjects", page(SUBJECT_ROW)),
    (
        f"station create --name D --gallery {GAL} --public-key {'A' * 43} --attended",
        "POST /v1/stations",
        STATION,
    ),
    ("station list", "GET /v1/stations", page(STATION)),
    (f"station show {STA}", f"GET /v1/stations/{STA}", STATION),
    (f"station reopen {STA}", f"POST /v1/stations/{STA}/reopening", STATION),
    (f"station rekey {STA} --public-key {'B' * 43}", f"PUT /v1/stations/{STA}/key", STATION),
    (f"station attest {STA} --chain PHOTO", f"PUT /v1/stations/{STA}/attestation", STATION),
    (f"station retire {STA} --yes", f"DELETE /v1/stations/{STA}", None),
    ("apikey create --name desk --scope enrol --scope operate", "POST /v1/api-keys", KEY),
    ("apikey list", "GET /v1/api-keys", page(KEY)),
    (f"apikey create --name desk --scope operate --gallery {GAL} --days 30", "POST /v1/api-keys", KEY),
    (f"apikey rotate {KEY_ID} --overlap-hours 2", f"POST /v1/api-keys/{KEY_ID}/rotation", ROTATED),
    (f"apikey revoke {KEY_ID} --yes", f"DELETE /v1/api-keys/{KEY_ID}", None),
    (f"enrol {GAL} --reference 7 PHOTO", f"POST /v1/galleries/{GAL}/enrolments", ENROLMENT),
    (f"enrol {GAL} --reference 7 --invite", f"POST /v1/galleries/{GAL}/invitations", INVITED),
    (
        f"enrol {GAL} --reference 7 --without-face",
        f"POST /v1/galleries/{GAL}/without-face",
        {"subject_id": SUB, "other_way": OTHER_WAY},
    ),
    (f"import status {an_id('imp')}", f"GET /v1/imports/{an_id('imp')}", IMPORT),
    (f"subject show {SUB}", f"GET /v1/subjects/{SUB}", SUBJECT),
    (
        f"subject show --gallery {GAL} --reference 7",
        f"POST /v1/galleries/{GAL}/subjects/lookup",
        SUBJECT,
    ),
    (f"subject credentials {SUB} --yes --reason lost", f"POST /v1/subjects/{SUB}/credentials", OTHER_WAY),
    (f"withdraw {SUB} --yes --reason desk", f"POST /v1/subjects/{SUB}/withdrawal", None),
    (f"consent show {LINK}", "GET /v1/consent", TERMS),
    (f"consent photos {LINK} PHOTO PHOTO", "POST /v1/consent/photos", SENT_PHOTOS),
    (
        f"consent decline {LINK} --yes",
        "POST /v1/consent/refusal",
        {"status": "DECLINED", "other_way": OTHER_WAY},
    ),
    ("review list", "GET /v1/reviews", page(REVIEW)),
    (f"review resolve {REV} noted", f"POST /v1/reviews/{REV}/resolution", None),
    (f"look-alike list {GAL}", f"GET /v1/galleries/{GAL}/look-alikes", page(LOOK_ALIKE)),
    (f"look-alike declare {GAL} {SUB} {an_id('sub')}", f"POST /v1/galleries/{GAL}/look-alikes", LOOK_ALIKE),
    (f"look-alike end {an_id('alk')}", f"DELETE /v1/look-alikes/{an_id('alk')}", None),
    (f"decisions list {GAL}", "GET /v1/decisions", page(RECORD)),
    (f"decisions list {PUR}", "GET /v1/decisions", page(RECORD)),
    (f"erasure prove {SUB}", f"GET /v1/erasures/{SUB}", ERASURE),
    (f"readings list {GAL}", "GET /v1/readings", page(READING)),
    (f"readings list {PUR}", "GET /v1/readings", page(READING)),
]


def words(line: str, photo: str) -> list[str]:
    return [photo if word == "PHOTO" else word for word in line.split()]


@pytest.mark.parametrize(("line", "door", "answer"), CALLS, ids=[" ".join(c[0].split()[:3]) for c in CALLS])
class TestEveryCall:
    def test_it_reaches_its_door_and_gives_json(
        self, run: Run, server: FakeServer, photo: str, line: str, door: str, answer: Answer
    ) -> None:
        server.answers[door] = answer
        result: Result = run(*words(line, photo), "--json", typed="We open the door.\n")
        assert result.exit_code == 0, result.output
        assert server.called == [door]
        assert isinstance(json.loads(result.stdout), dict)

    def test_it_speaks_to_people(
        self, run: Run, server: FakeServer, photo: str, line: str, door: str, answer: Answer
    ) -> None:
        server.answers[door] = answer
        result: Result = run(*words(line, photo), typed="We open the door.\n")
        assert result.exit_code == 0, result.output
        assert result.output.strip()
        assert not result.stdout.lstrip().startswith("{")

    def test_a_refusal_is_told_on_standard_error(
        self, run: Run, server: FakeServer, photo: str, line: str, door: str, answer: Answer
    ) -> None:
        del answer
        server.answers[door] = problem("scope_missing", 403)
        result: Result = run(*words(line, photo), typed="We open the door.\n")
        assert result.exit_code == 1
        assert result.stdout == ""
        for told in ("scope_missing", "What happened.", "What to do.", "req-1"):
            assert told in result.stderr


def test_a_refusal_is_json_where_that_was_asked_for(run: Run, server: FakeServer) -> None:
    server.answers["GET /v1/galleries"] = problem("rate_limited", 429, retry_after_s=3.0)
    result: Result = run("--json", "gallery", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert json.loads(result.stderr) == {
        "code": "rate_limited",
        "detail": "What happened.",
        "mend": "What to do.",
        "request_id": "req-1",
        "retry_after_s": 3.0,
    }


def test_without_a_key_nothing_is_sent(run: Run, server: FakeServer) -> None:
    result: Result = run("gallery", "list", env={"VISAVIS_API_KEY": ""})
    assert result.exit_code == 1
    assert "api_key_missing" in result.stderr
    assert server.requests == []


def test_options_before_the_command_go_before_the_environment(run: Run, server: FakeServer) -> None:
    server.answers["GET /v1/galleries"] = page()
    run("--url", "http://127.0.0.1:9", "--api-key", "other", "gallery", "list")
    assert str(server.requests[0].url).startswith("http://127.0.0.1:9/")
    assert server.requests[0].headers["Authorization"] == "Bearer other"


def test_a_value_of_the_wrong_form_is_named_but_not_repeated(run: Run, server: FakeServer) -> None:
    result: Result = run("gallery", "create", "--name", "n", "--purpose", "not-an-identifier")
    assert result.exit_code == 1
    assert "request_invalid: purpose_id" in result.stderr
    assert "not-an-identifier" not in result.stderr
    assert server.requests == []


@pytest.mark.parametrize(
    "line",
    [
        f"withdraw {SUB} --reason desk",
        f"apikey revoke {KEY_ID}",
        f"subject credentials {SUB} --reason lost",
        f"station retire {STA}",
    ],
)
def test_what_cannot_be_undone_asks_first(run: Run, server: FakeServer, line: str) -> None:
    result: Result = run(*line.split(), typed="n\n")
    assert result.exit_code == 1
    assert server.requests == []


def test_whoever_withdraws_for_somebody_says_why(run: Run, server: FakeServer) -> None:
    """The reason in the environment is one for reading, and no answer to this question."""
    result: Result = run("withdraw", SUB, "--yes", env={"VISAVIS_REASON": "reads lists"})
    assert (result.exit_code, server.requests) == (2, [])
    assert "Say how you know that they want it: --reason." in result.stderr
    server.answers[f"POST /v1/subjects/{SUB}/withdrawal"] = None
    assert run("withdraw", SUB, "--yes", "--reason", "am Schalter gefragt: jà").exit_code == 0
    assert unquote(server.requests[-1].headers["Visavis-Reason"]) == "am Schalter gefragt: jà"


@pytest.mark.parametrize("where", [GAL, PUR])
def test_decisions_are_narrowed_to_a_station_and_a_time(run: Run, server: FakeServer, where: str) -> None:
    server.answers["GET /v1/decisions"] = page(RECORD)
    told = f"decisions list {where} --station {STA} --since 2027-01-31 --until 2027-02-01T18:30:00"
    assert run(*told.split()).exit_code == 0
    query = server.requests[-1].url.params
    assert (query["station_id"], query["since"], query["until"]) == (
        STA,
        "2027-01-31T00:00:00+00:00",
        "2027-02-01T18:30:00+00:00",
    )
    run("decisions", "list", where)
    assert not {"station_id", "since", "until"} & set(server.requests[-1].url.params)
    assert run("decisions", "list", where, "--since", "yesterday").exit_code == 2


def test_a_reviews_resolution_may_have_a_reason_of_its_own(run: Run, server: FakeServer) -> None:
    server.answers[f"POST /v1/reviews/{REV}/resolution"] = None
    line = ("review", "resolve", REV, "erase")
    assert run(*line, "--reason", "both were at the desk").exit_code == 0
    assert json.loads(server.requests[-1].content)["reason"] == "both were at the desk"
    run(*line, env={"VISAVIS_REASON": "reads lists"})
    assert json.loads(server.requests[-1].content)["reason"] is None


@pytest.mark.parametrize(
    "line",
    [
        f"enrol {GAL} --reference 7",
        f"enrol {GAL} --reference 7 --without-face PHOTO",
        f"enrol {GAL} --reference 7 --invite PHOTO",
        f"enrol {GAL} --reference 7 --invite --without-face",
        f"consent photos {LINK}",
        f"subject show {SUB} --reference 7",
        "subject show",
        f"station create --name D --public-key {'A' * 43} --attended",
        f"station create --name D --gallery {GAL} --public-key {'A' * 43}",
        f"station rekey {STA}",
    ],
)
def test_a_command_line_that_contradicts_itself_exits_2(run: Run, server: FakeServer, line: str, photo: str) -> None:
    assert run(*words(line, photo)).exit_code == 2
    assert server.requests == []


def test_lists_go_over_pages_up_to_the_limit(run: Run, server: FakeServer) -> None:
    server.answers["GET /v1/decisions"] = [page(*[RECORD] * 200, after="a"), page(*[RECORD] * 50, after="b")]
    result: Result = run("decisions", "list", GAL, "--limit", "250", "--json")
    got = json.loads(result.stdout)
    assert (len(got["items"]), got["next"]) == (250, "b")
    assert [dict(r.url.params) for r in server.requests] == [
        {"gallery_id": GAL, "limit": "200"},
        {"gallery_id": GAL, "after": "a", "limit": "50"},
    ]


def test_people_are_told_that_there_is_more(run: Run, server: FakeServer) -> None:
    server.answers["GET /v1/galleries"] = page(GALLERY, after=GAL)
    assert f"--after {GAL}" in run("gallery", "list", "--limit", "1").stderr


def test_text_from_elsewhere_cannot_steer_the_terminal(run: Run, server: FakeServer) -> None:
    server.answers["GET /v1/galleries"] = page({**GALLERY, "name": "\x1b[2J[red]Staff[/red]\x07"})
    result: Result = run("gallery", "list")
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert "[red]Staff[/red]" in result.stdout


def test_the_way_without_a_face_is_drawn_for_a_camera(run: Run, server: FakeServer) -> None:
    server.answers[f"POST /v1/subjects/{SUB}/credentials"] = OTHER_WAY
    result: Result = run("subject", "credentials", SUB, "--yes", "--reason", "lost")
    assert f"PIN  {OTHER_WAY['pin']}" in result.stdout
    assert OTHER_WAY["qr"] in result.stdout
    assert "\N{FULL BLOCK}" in result.stdout or "\N{UPPER HALF BLOCK}" in result.stdout


def test_a_station_key_is_made_here_and_only_its_public_half_is_sent(run: Run, server: FakeServer) -> None:
    made: Result = run("station", "key", "door.pem", "--json")
    public = json.loads(made.stdout)["public_key"]
    assert public == public_key_text(load_station_key("door.pem"))
    server.answers["POST /v1/stations"] = STATION
    assert run("station", "create", "--name", "D", "--gallery", GAL, "--key", "door.pem", "--attended").exit_code == 0
    assert server.json_of()["public_key"] == public
    assert run("station", "key", "door.pem").exit_code == 1


def test_what_became_of_each_photo_is_told_by_its_files_name(run: Run, server: FakeServer, photo: str) -> None:
    server.answers |= {"POST /v1/consent/photos": SENT_PHOTOS, "DELETE /v1/consent/photos": None}
    result: Result = run("consent", "photos", LINK, photo, photo, "--anew")
    assert result.exit_code == 0
    assert server.called == ["DELETE /v1/consent/photos", "POST /v1/consent/photos"]
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [
        [Path(photo).name, "TAKEN"],
        [Path(photo).name, "no_face"],
    ]
    assert "Face the camera." in result.stdout
    assert "1 of at most 5" in result.stderr
    server.answers["POST /v1/consent/photos"] = {**SENT_PHOTOS, "held": 0}
    assert run("consent", "photos", LINK, photo, photo, "--json").exit_code == 1


def test_who_is_invited_is_told_so_with_the_terms(run: Run, server: FakeServer) -> None:
    server.answers["GET /v1/consent"] = {**TERMS, "photos": {"held": 2, "at_least": 1, "at_most": 5}}
    link = LINK.replace("/consent#", "/enrol#")
    told: Result = run("consent", "show", link)
    assert "You are invited to send 1 to 5 photos of yourself." in told.stderr
    assert "2 are there. If you did not send all of them, start over" in told.stderr


def test_a_receipt_lets_its_holder_see_and_withdraw(run: Run, server: FakeServer) -> None:
    server.answers |= {
        "GET /v1/consent": TERMS,
        "POST /v1/consent/countersignature": AGREED,
        "GET /v1/me": OWN,
        "POST /v1/me/withdrawal": None,
    }
    assert run("consent", "sign", LINK, "--receipt", "mine.json", typed="I agree\n").exit_code == 0
    shown: Result = run("me", "show", "mine.json", "--json")
    assert json.loads(shown.stdout)["external_reference"] == "staff 7"
    assert run("me", "withdraw", "mine.json", typed="n\n").exit_code == 1
    assert server.called[-1] == "GET /v1/me"
    assert run("me", "withdraw", "mine.json", "--yes").exit_code == 0
    assert server.called[-1] == "POST /v1/me/withdrawal"


READING_LINES = [
    f"subject show {SUB}", f"subject show --gallery {GAL} --reference 7", f"gallery subjects {GAL}",
    f"decisions list {GAL}", f"decisions list {PUR}", "review list", f"readings list {GAL}", f"readings list {PUR}",
]  # fmt: skip


@pytest.mark.parametrize("line", READING_LINES)
def test_what_reads_about_people_wants_a_reason(run: Run, server: FakeServer, line: str) -> None:
    result: Result = run(*line.split(), env={"VISAVIS_REASON": ""})
    assert result.exit_code == 2
    assert "--reason" in result.stderr
    assert server.requests == []
    run(*line.split(), "--reason", "Überprüfung", env={"VISAVIS_REASON": "another"})
    sent = server.requests[0]
    told = unquote(sent.headers.get("Visavis-Reason", "")) or json.loads(sent.content)["reason"]
    assert told == "Überprüfung"


def test_somebody_at_a_terminal_is_asked_for_the_reason(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["GET /v1/reviews"] = page(REVIEW)
    monkeypatch.setattr("visavis.cli.reason._is_terminal", lambda: True)
    result: Result = run("review", "list", "--json", typed="asked at the desk\n", env={"VISAVIS_REASON": ""})
    assert result.exit_code == 0
    assert json.loads(result.stdout)["items"]
    assert "Why do you read this" in result.stderr
    assert server.requests[0].headers["Visavis-Reason"] == "asked at the desk"


def test_a_key_is_made_for_galleries_and_days_and_rotated_with_an_overlap(run: Run, server: FakeServer) -> None:
    server.answers |= {"POST /v1/api-keys": KEY, f"POST /v1/api-keys/{KEY_ID}/rotation": ROTATED}
    run("apikey", "create", "--name", "desk", "--scope", "operate", "--gallery", GAL, "--days", "30")
    assert server.json_of() == {
        "name": "desk", "scopes": ["operate"], "gallery_ids": [GAL], "expires_in_days": 30,
    }  # fmt: skip
    run("apikey", "create", "--name", "desk", "--scope", "operate")
    assert server.json_of()["gallery_ids"] is None
    run("apikey", "rotate", KEY_ID)
    assert server.json_of() == {"overlap_hours": 24}


def test_a_receipt_that_a_guardian_signed_says_until_when(run: Run, server: FakeServer) -> None:
    said = urlsafe_b64encode(json.dumps({"guardian": {"until": "2031-05-04"}}).encode()).decode().rstrip("=")
    agreed = {"receipt_id": an_id("rec"), "countersignature": "a.b.c", "expires_at": "2031-05-04T00:00:00Z"}
    receipts = [{**agreed, "offer": offer} for offer in (f"a.{said}.c", "a.b.c")]
    server.answers |= {"GET /v1/consent": TERMS, "POST /v1/consent/countersignature": AGREED, "GET /v1/me": OWN}
    assert run("consent", "sign", LINK, "--receipt", "mine.json", typed="I agree\n").exit_code == 0
    assert json.loads(run("me", "show", "mine.json", "--json").stdout)["guardian_until"] is None
    server.answers["GET /v1/me"] = {**OWN, "receipts": receipts}
    assert json.loads(run("me", "show", "mine.json", "--json").stdout)["guardian_until"] == "2031-05-04"
    assert "2031-05-04" in run("me", "show", "mine.json").stdout
