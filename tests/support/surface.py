"""Everything a caller can reach: routes, the OpenAPI document, commands, client methods, settings, columns."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

import visavis.client as client_package
from support.world import World
from visavis.adapters.sql import tables
from visavis.cli.main import program
from visavis.client.aio.caller import AsyncCaller
from visavis.client.sync.caller import Caller
from visavis.settings import Settings


def operations(world: World) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every documented operation."""
    document = world.app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def routes(world: World) -> set[tuple[str, str, bool]]:
    """Method, path and whether it is documented, of everything the app itself would answer."""
    flat = [route for outer in world.app.routes for route in _below(outer)]
    return {
        (method, path_of(route), bool(getattr(route, "include_in_schema", False)))
        for route in flat
        for method in getattr(route, "methods", None) or {"MOUNT"}
    }


def path_of(route: object) -> str:
    """The template of a route's path, as the OpenAPI document has it."""
    return str(getattr(route, "path", "")).replace(":path}", "}")


def _below(route: object) -> list[object]:
    """The routes of an included router, or the route itself."""
    router = getattr(route, "original_router", None)
    return [route] if router is None else [inner for outer in router.routes for inner in _below(outer)]


def fields(world: World) -> set[str]:
    """The name of every property of every shape that travels, and of every parameter."""
    document = world.app.openapi()
    names = {parameter["name"] for _, _, op in operations(world) for parameter in op.get("parameters", [])}
    for shape in document["components"]["schemas"].values():
        names |= set(shape.get("properties", {}))
    return names


def commands(group: click.Command = program, path: str = "visavis") -> Iterator[tuple[str, click.Command]]:
    """Every command with its path."""
    yield path, group
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, f"{path} {name}")


def options() -> set[tuple[str, str]]:
    """Every command's path with each of its options and arguments."""
    return {
        (path, text)
        for path, command in commands()
        for parameter in command.params
        for text in (*parameter.opts, *parameter.secondary_opts, parameter.name or "")
    }


def client_names() -> set[str]:
    """Methods of every caller of the client, and the parameters they take."""
    found: set[str] = set()
    for name in client_package.__all__:
        thing = getattr(client_package, name)
        if inspect.isclass(thing) and issubclass(thing, Caller | AsyncCaller):
            for method_name, method in inspect.getmembers(thing, inspect.isfunction):
                if method_name.startswith("__") and method_name != "__init__":
                    continue
                found |= {method_name, *inspect.signature(method).parameters}
    return found


def columns() -> set[str]:
    """Every column of every table, and the tables' names."""
    return {table.name for table in tables.metadata.tables.values()} | {
        column.name for table in tables.metadata.tables.values() for column in table.columns
    }


def everything(world: World) -> set[str]:
    """Every name that a caller or a vandal can see, in small letters."""
    names = fields(world) | columns() | client_names() | set(Settings.model_fields)
    names |= {path for _, path, _ in operations(world)} | {path for path, _ in commands()}
    names |= {text for _, text in options()}
    return {name.lower() for name in names}


def words(names: set[str]) -> set[str]:
    """The single words that names are made of."""
    return {word for name in names for word in re.split(r"[^a-z0-9]+", name) if word}
