"""What the guide to the metrics says of them is what a server tells, and its examples are of that."""

import re
import shlex

import click
from prometheus_client.parser import text_string_to_metric_families
from sim.faces import photo
from support.pages import ROOT, blocks, command_lines
from support.world import World

from visavis.cli.main import program
from visavis.flows.drift import CONFIRMED_AFTER, TOGETHER

GUIDE = ROOT / "docs" / "guides" / "metrics.md"
SCRAPE, RULES = (block.text for block in blocks(GUIDE, "yaml"))
(SHOWN,) = (block.text for block in blocks(GUIDE, "text"))
(ARITHMETIC,) = blocks(GUIDE, "python")


def told(world: World) -> str:
    """The page after a morning at a door."""
    gallery = world.gallery()
    names = [f"person{number}" for number in range(TOGETHER)]
    for name in names:
        world.active(gallery, name, photo(name))
    station = world.station(gallery)
    for name in names:
        world.identify(station, photo(name, 2))
    world.clock.move(seconds=CONFIRMED_AFTER.total_seconds())
    world.app.state.metrics.purged()
    assert world.api("POST", "/v1/backups").is_success
    key = world.made("/v1/api-keys", {"name": "prometheus", "scopes": ["metrics"]})["secret"]
    (method, path) = ("GET", re.findall(r"metrics_path: (\S+)", SCRAPE)[0])
    answer = world.http.request(method, path, headers={"Authorization": f"Bearer {key}"})
    return str(answer.text)


def shape(page: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Every sample's name, with the type of its family and its labels."""
    return {
        sample.name: (family.type, frozenset(sample.labels))
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_the_guide_s_table_and_example_are_what_a_server_tells(world: World) -> None:
    page = told(world)
    ours = set(re.findall(r"^# TYPE (\w+) ", page, re.MULTILINE))
    text = GUIDE.read_text(encoding="utf-8")
    rows = [row.split("|") for row in re.findall(r"^\| `visavis_.*$", text, re.MULTILINE)]
    named = {
        name: set(re.findall(r"`(\w+)`", row[2])) for row in rows for name in re.findall(r"`(visavis_\w+)`", row[1])
    }
    assert set(named) == ours
    found = shape(page)
    labels = {name: {of for full in found if full.startswith(name) for of in found[full][1]} - {"le"} for name in named}
    assert labels == named
    assert shape(SHOWN).items() <= found.items()
    assert set(re.findall(r"^# HELP .*$", SHOWN, re.MULTILINE)) <= set(page.splitlines())


def test_alerts_speak_of_what_there_is(world: World) -> None:
    found = shape(told(world))
    for expression in re.findall(r"expr: (.*)", RULES):
        (name,) = re.findall(r"visavis_\w+", expression)
        by = re.search(r"by \(([\w, ]+)\)", expression)
        assert set(by[1].split(", ")) <= found[name][1] if by else name in found
    assert set(re.findall(r"\$labels\.(\w+)", RULES)) <= found["visavis_drift_alarm"][1]
    assert "credentials_file:" in SCRAPE


def test_the_command_makes_such_a_key() -> None:
    line, *_ = command_lines(GUIDE)
    context = program.make_context("visavis", shlex.split(line)[1:])
    for _ in range(2):
        # Below its parent, as when it is typed: a command keeps the names of its help option from its first use.
        group = context.command
        assert isinstance(group, click.Group)
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    assert context.params["scopes"] == ("metrics",)


def test_the_arithmetic_is_right() -> None:
    exec(compile(ARITHMETIC.text, ARITHMETIC.page, "exec"), {})  # noqa: S102 -- our own page
