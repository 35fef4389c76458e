"""Run a command: errors of the user become one line and exit status 2."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

from scope.cli.arguments import Parser, T, as_options
from scope.cli.commands import COMMANDS, Command
from scope.errors import USER_ERROR, ScopeError

OUTPUTS = (
    *("output", "output_dir", "out_dir", "out_prefix", "dirname", "result_dir", "al_directory"),
    *("save_sources_filepath", "save_filename", "phot_dirname", "private"),
)
"""Options that name files or folders to write, of every command that has them."""

INTERRUPTED = 130
"""Exit status of a command that was stopped from the keyboard."""


def module_of(command: Command) -> ModuleType:
    """Return the module of a command, which is loaded when it is needed."""
    return import_module(command.place)


def described(command: Command) -> str:
    """Return what the help of a command says first."""
    return f"{command.meaning[:1].upper()}{command.meaning[1:]}."


def command_parser(name: str) -> Parser:
    """Return the parser of a command of the table that is one of its own."""
    command = COMMANDS[name]
    module = module_of(command)
    parser = Parser(prog=name, description=module.DESCRIPTION)
    if command.version:
        parser.add_version()
    module.add_arguments(parser)
    return parser


def parsed(name: str, kind: type[T], words: Sequence[str]) -> T:
    """Return options of a command of the table as a function of the library takes them."""
    return as_options(kind, command_parser(name).parse_args(words))


def check_words(name: str, words: Sequence[str]) -> None:
    """Make sure that a command of the table understands some words.

    Raises
    ------
    UsageError
        If it does not.
    """
    command_parser(name).parse_args(words)


def command_main(name: str) -> Callable[..., int]:
    """Return what a console script calls: it parses, runs, and returns the exit status."""

    def main(argv: Sequence[str] | None = None) -> int:
        return run_command(command_parser(name), module_of(COMMANDS[name]).run, argv)

    return main


def say(line: str) -> None:
    """Print a line at once, also where the output is no terminal."""
    print(line, flush=True)


def run_command(
    parser: Parser,
    command: Callable[[argparse.Namespace], int | None],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse the command line and call `command` with what was parsed.

    Parameters
    ----------
    parser : Parser
        Parser of the command line.
    command : callable
        Takes the parsed options, prints its own results, and may return an exit status.
    argv : sequence of str, optional
        The command line without the command's name; of this process by default.

    Returns
    -------
    int
        The exit status: 0, 2 after an error of the user or the outside world (printed
        as ``error: …`` on the standard error), 130 after an interrupt from the keyboard.
    """

    def action() -> int | None:
        args = parser.parse_args(sys.argv[1:] if argv is None else argv)
        check_outputs(parser, args)
        return command(args)

    return guarded(action)


def check_outputs(parser: Parser, args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written to, before the command does anything.

    Options with the metavar FILE name no folder, and those with FOLDER no file.

    Raises
    ------
    UsageError
    """
    from scope.io.atomic import check_writable

    metavars = dict(_metavars(parser, vars(args).values()))
    for name in OUTPUTS:
        value = getattr(args, name, None)
        # A default folder may go unused.
        if isinstance(value, str | Path) and value != parser.get_default(name):
            check_writable(value, kind=metavars.get(name))


def _metavars(
    parser: argparse.ArgumentParser, given: Collection[object]
) -> Iterator[tuple[str, object]]:
    """Yield what the help calls the values of options, of the sub-command that was given too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                if name in given:
                    yield from _metavars(sub, given)
        else:
            yield action.dest, action.metavar


def show_progress(wanted: bool = True) -> None:
    """Print what the library reports while it works, on the standard error."""
    if not wanted:
        return
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    # Of this package only: other libraries talk about themselves.
    logging.getLogger("scope").setLevel(logging.INFO)


def guarded(action: Callable[[], object]) -> int:
    """Call `action` and return the exit status, as `run_command` does: its own, if any."""
    try:
        status = action()
    except ScopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:
        # The reader (`| head`) has gone; that is its right.
        sys.stderr.close()
    except OSError as error:
        # Files, folders and disks are the outside world, wherever they are touched.
        what = f"{error.filename!r}: " if error.filename else ""
        print(f"error: {what}{error.strerror or error}", file=sys.stderr)
        return USER_ERROR
    except MemoryError as error:
        print(f"error: not enough memory: {error}; ask for less at a time", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    else:
        return status if isinstance(status, int) else 0
    return 0
