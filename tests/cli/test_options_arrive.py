"""Every option that a command declares reaches what it calls, and what it calls invents none.

Options that only half arrive would be silently ignored: a field that is called otherwise than its
option keeps its default.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from inspect import getsource
from types import ModuleType
from typing import Any

import pytest

from scope.cli.arguments import Parser
from scope.cli.commands import COMMANDS, Command

OF_THE_PARSER = {"help", "version", "action", "act", "gone"}

IGNORED = {
    "ensemble_run": {"verbose"},
    "ensemble_run_tf": {"verbose"},
    "run_scope_local": {"verbose"},
}
"""Options that documents have of commands which always print their messages."""

_NO_CONTROLLER = {
    *("submit_partition_type", "submit_memory_gb", "submit_ncore", "max_instances", "profile"),
}
_OF_A_SURVEY = {
    *("archive", "source_catalog", "alerts_catalog", "gaia_catalog", "query_size_limit"),
    *("bright_star_query_radius_arcsec", "xmatch_radius_arcsec", "skip_close_sources"),
    "stop_early",
}
NOT_DECLARED = {
    "assemble_training_set": _OF_A_SURVEY,
    "combine_preds_slurm": _NO_CONTROLLER,
    "generate_features_slurm": {"ncore"},
    "train_algorithm_slurm": _NO_CONTROLLER,
    "upload_classification": {"ml", "batch"},
}
"""Fields of shared options that a command leaves at their default."""


def spelt(name: str) -> str:
    """An option's name as that of a field: doCPU -> do_cpu."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def declared(parser: argparse.ArgumentParser) -> set[str]:
    """Names under which a parser, and those of its actions, leave what they read."""
    found = {spelt(name) for name in parser._defaults}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {name for sub in action.choices.values() for name in declared(sub)}
        elif not str(action.help).startswith("has no effect: "):
            found.add(spelt(action.dest))
    return found - OF_THE_PARSER


def calls(module: ModuleType, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(getsource(module))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            yield node


def filled(module: ModuleType) -> set[str]:
    """Fields of the classes of options that a module fills."""
    places = {
        alias.name: str(node.module)
        for node in ast.walk(ast.parse(getsource(module)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    names: set[str] = set()
    for call in calls(module, "as_options"):
        kind: Any = getattr(import_module(places[ast.unparse(call.args[0])]), call.args[0].id)
        names |= {field.name for field in fields(kind)}
    return names


def used(module: ModuleType) -> set[str]:
    """Options that a module hands on one by one, or by lists of their names."""
    found = set(re.findall(r"\boptions\.(\w+)", getsource(module)))
    for call in calls(module, "values_of"):
        found |= set(getattr(module, ast.unparse(call.args[1])))
    return {spelt(name) for name in found}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_option_arrives_and_every_field_is_an_option(command: Command) -> None:
    module = import_module(command.place)
    name = command.place.rpartition(".")[2]
    parser = Parser(prog=command.name)
    module.add_arguments(parser)
    # Where a module has its handler from another one, that is what is read.
    handling = import_module(module.run.__module__)
    there = declared(parser)
    assert filled(handling) - there == NOT_DECLARED.get(name, set())
    if any(calls(handling, "vars")):
        return  # all options are handed on together
    assert there - used(handling) - filled(handling) == IGNORED.get(name, set())
