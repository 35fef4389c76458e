"""A step has one name: rule = script = log folder = library function, and the function's file."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

from ..conftest import ROOT

_RULE = re.compile(r"^rule (\w+):\n((?:    .*\n|\n)+)", re.MULTILINE)
_SCRIPT = re.compile(r'script:\s*\n\s*"([^"]+)"')
_LOG = re.compile(r'log:\s*\n\s*"logs/([^/"]+)[/"]')

RULES = {
    name: body
    for path in sorted((ROOT / "rules").glob("*.smk"))
    for name, body in _RULE.findall(path.read_text(encoding="utf-8"))
    if "script:" in body
}

OTHER_FILES = {
    "merge_labels": "loop",
    "prepare_pool": "loop",
    "score_stamps": "score_alerts",
    "select_queries": "loop",
    "summarise_members": "scoring",
    "train_member": "loop",
    "write_sheet": "sheet",
}
"""Functions that are not yet in a file of their name. Mend one and take it out; add none."""

OTHER_NAMES = {
    "publish": "publish_catalog",
    "score_stamps": "score_alerts",
    "select_queries": "query_round",
    "simulate": "simulate_quadrant",
    "summarise_members": "score_round",
}
"""Functions that are not yet called as their rule. Mend one and take it out; add none."""


def imports(rule: str) -> dict[str, str]:
    """What a script imports: name -> module."""
    tree = ast.parse((ROOT / "workflow" / "scripts" / f"{rule}.py").read_text(encoding="utf-8"))
    return {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_rules_are_found() -> None:
    assert {"fetch_sources", "compute_features", "publish", "plot_report"} <= set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_script_and_log_folder_have_the_name_of_the_rule(rule: str) -> None:
    (script,) = _SCRIPT.findall(RULES[rule])
    assert script == f"../workflow/scripts/{rule}.py"
    (log,) = _LOG.findall(RULES[rule])
    assert log.removesuffix(".log") == rule


def test_every_script_belongs_to_a_rule() -> None:
    found = {path.stem for path in (ROOT / "workflow" / "scripts").glob("*.py")}
    assert found == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_the_script_calls_the_function_of_that_name(rule: str) -> None:
    found = imports(rule)
    name = OTHER_NAMES.get(rule, rule)
    assert name in found, f"{rule}.py imports {sorted(found)}"
    function = getattr(importlib.import_module(found[name]), name)
    assert callable(function)
    path = Path(str(inspect.getsourcefile(function)))
    assert path.stem == OTHER_FILES.get(rule, rule)
