"""YAML texts: plain values, no key twice, and not so deep that the C library does not survive."""

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


class OnceLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader to which a key that stands twice is an error, not the last of its values."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a table."""
        seen: set[tuple[str, str]] = set()
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode):
                continue
            if (name.tag, name.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {name.value!r} stands twice", name.start_mark
                )
            seen.add((name.tag, name.value))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def parse_yaml(text: str) -> Any:
    """Return what a YAML text holds: plain values, lists and tables.

    Raises
    ------
    yaml.YAMLError
        If it is nested too deeply, a key stands twice, or it is no YAML.
    """
    check_nesting(text)
    return yaml.load(text, Loader=OnceLoader)
