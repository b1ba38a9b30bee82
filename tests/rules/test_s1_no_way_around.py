"""Rule S1: no flag, parameter, endpoint or command skips the person's own act; what imports do is in a test beside."""

import click
from click.testing import CliRunner
from support.surface import client_names, commands, everything, operations, options, words
from support.world import World

from visavis.cli.main import program
from visavis.settings import Settings

AROUND = {
    "skip", "force", "bypass", "override", "assume", "auto", "unsafe", "nocheck", "trust", "trusted", "simulate",
    "bulk", "batch", "upload", "migrate", "preapproved", "approved", "activate_all", "implied",
}  # fmt: skip
"""Words that a way around consent would be named with. ``--yes`` has a test of its own."""


def test_s1_no_name_anywhere_promises_a_way_around_consent(world: World) -> None:
    assert not AROUND & words(everything(world))


def test_s1_a_state_can_be_asked_for_nowhere(world: World) -> None:
    """No request carries a state, a receipt ready-made or a public key of a subject."""
    document = world.app.openapi()
    requested = set()
    for _, _, operation in operations(world):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            requested.add(content["schema"]["$ref"].rpartition("/")[2])
    assert requested
    for name in requested:
        properties = set(document["components"]["schemas"][name]["properties"])
        assert not properties & {"state", "consent", "receipt", "countersigned", "active", "threshold", "score"}, name


def test_s1_only_the_link_and_the_reviewer_lead_to_an_active_person(world: World) -> None:
    doors = {(method, path) for method, path, _ in operations(world) if method != "GET" and "consent" in path}
    sending = {("POST", "/v1/consent/photos"), ("DELETE", "/v1/consent/photos")}
    """What is sent waits: ``test_invitations.py``."""
    assert doors - sending == {("POST", "/v1/consent/countersignature"), ("POST", "/v1/consent/refusal")}


def test_s1_enrolling_takes_one_person_at_a_time(world: World) -> None:
    schema = world.app.openapi()["components"]["schemas"]
    body = next(shape for name, shape in schema.items() if name.startswith("Body_enrol"))
    assert set(body["properties"]) == {"external_reference", "photos", "guardian_until"}
    assert body["properties"]["external_reference"]["type"] == "string"
    assert set(schema["InviteRequest"]["properties"]) == {"external_reference", "guardian_until"}
    sent = next(shape for name, shape in schema.items() if name.startswith("Body_send_photos"))
    assert set(sent["properties"]) == {"photos"}


def test_s1_no_command_that_agrees_has_an_option_that_answers_for_the_person() -> None:
    agreeing = {"visavis consent sign", "visavis consent grant", "visavis enrol"}
    found = {path: command for path, command in commands() if path in agreeing}
    assert set(found) == agreeing
    for path, command in found.items():
        taken = {option for parameter in command.params for option in parameter.opts}
        assert not taken & {"--yes", "-y", "--agree", "--consent"}, path


def test_s1_the_command_that_signs_waits_for_the_words() -> None:

    sign = program.commands["consent"]
    assert isinstance(sign, click.Group)
    helped = CliRunner().invoke(program, ["consent", "sign", "--help"])
    assert helped.exit_code == 0
    assert "--yes" not in helped.output


def test_s1_no_setting_loosens_consent() -> None:
    for name in Settings.model_fields:
        assert not {"consent", "receipt", "threshold", "target", "link"} & set(name.split("_")), name


def test_s1_the_client_has_no_way_around() -> None:
    assert not AROUND & words(client_names())
    assert not {"threshold", "score", "fmr"} & words(client_names())


def test_s1_thresholds_are_no_option() -> None:
    """The caller never sets the bar; a purpose's target, which people read, does.

    A ceremony's is another thing: how many custodians it takes. The planner's is a question: it decides about nobody,
    and asks no server.
    """
    of_faces = {text for path, text in options() if not {"ceremony", "plan"} & set(path.split())}
    assert not {text for text in of_faces if "threshold" in text or "score" in text}
