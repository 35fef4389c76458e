"""The table of all commands in the help of ``scope``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from scope.cli.commands import DOCUMENTED, GROUPS
from scope.cli.main import COMMANDS, main


def test_the_help_lists_every_command_once_as_it_is_typed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    installed = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    typed = [*(name for name in installed if name != "scope"), *(f"scope {n}" for n in COMMANDS)]
    for name in typed:
        # Documented names that `scope` has too are listed as its own.
        shown = f"scope {name}" if name in COMMANDS else name
        assert sum(line.startswith(f"  {shown} ") for line in lines) == 1, name
    titles = [line.rstrip(":") for line in lines if line.endswith(":") and not line[0].isspace()]
    assert titles[-len(GROUPS) :] == list(GROUPS) or titles[-1] == "More"


def test_what_is_listed_is_there(root: Path) -> None:
    installed = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert set(DOCUMENTED) == set(installed) - {"scope"}
    assert {name for names in GROUPS.values() for name in names} <= {*DOCUMENTED, *COMMANDS}


def test_the_help_of_a_command_keeps_names_as_they_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    assert "HATS, VOTable, FITS" in " ".join(capsys.readouterr().out.split())
