"""The table of all commands, and their help."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from scope.cli.commands import ALIASES, COMMANDS, GROUPS, PROGRAMS, SUBCOMMANDS, Command
from scope.cli.main import main


def scripts(root: Path) -> dict[str, str]:
    """The console scripts but ``scope``, name -> module:function."""
    found = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    return {name: place for name, place in found.items() if name != "scope"}


def test_the_help_lists_every_command_once_as_it_is_typed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    for name in [*scripts(root), *(f"scope {name}" for name in SUBCOMMANDS)]:
        # Documented names that `scope` has too are listed as its own.
        shown = f"scope {name}" if name in SUBCOMMANDS else name
        assert sum(line.startswith(f"  {shown} ") for line in lines) == 1, name
    titles = [line.rstrip(":") for line in lines if line.endswith(":") and not line[0].isspace()]
    assert titles[-len(GROUPS) :] == list(GROUPS)


def test_every_console_script_is_in_the_table_and_calls_its_module(root: Path) -> None:
    table = {
        name: f"{command.place}:main"
        for name, command in COMMANDS.items()
        if command not in PROGRAMS and not name.startswith("scope ")
    }
    assert table == scripts(root)


def test_no_name_stands_twice() -> None:
    rows = [*ALIASES, *PROGRAMS, *(each for group in GROUPS.values() for each in group)]
    assert len(rows) == len(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_all_commands_have_one_protocol(command: Command) -> None:
    module = import_module(command.place)
    assert callable(module.add_arguments)
    assert callable(module.run)
    if not command.name.startswith("scope "):
        assert callable(module.main)
        assert module.DESCRIPTION.endswith(".")


def test_the_help_of_a_command_keeps_names_as_they_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    assert "HATS, VOTable, FITS" in " ".join(capsys.readouterr().out.split())
