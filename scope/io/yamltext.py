"""YAML texts that are nested too deeply, which the C library of YAML does not survive."""

from __future__ import annotations

from typing import Any

import yaml

DEEPEST = 50
"""Levels of lists and tables; a configuration has five."""


def check_nesting(text: str) -> None:
    """Refuse a text whose lists and tables are nested too deeply to be read.

    Events come one after the other, so that counting them needs no stack; composing them
    needs one of the processor's, whose end is the end of the process.

    Raises
    ------
    yaml.YAMLError
        If it is nested too deeply, or no YAML.
    """
    depth = 0
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            mark: Any = event.start_mark
            problem = f"nested more than {DEEPEST} levels deep"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def parse_yaml(text: str) -> Any:
    """Return what a YAML text holds: plain values, lists and tables.

    Raises
    ------
    yaml.YAMLError
        If it is nested too deeply, or no YAML.
    """
    check_nesting(text)
    return yaml.safe_load(text)
