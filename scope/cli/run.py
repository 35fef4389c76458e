"""Run a command: errors of the user become one line and exit status 2."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scope.cli.arguments import Parser
from scope.errors import ScopeError

USER_ERROR = 2
"""Exit status of a command that was given something it cannot use."""

OUTPUTS = (
    *("output", "output_dir", "out_dir", "out_prefix", "dirname", "result_dir", "al_directory"),
    *("save_sources_filepath", "phot_dirname", "private"),
)
"""Options that name files or folders to write, of every command that has them."""

INTERRUPTED = 130
"""Exit status of a command that was stopped from the keyboard."""


def run_command(
    parser: Parser,
    command: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse the command line and call `command` with what was parsed.

    Parameters
    ----------
    parser : Parser
        Parser of the command line.
    command : callable
        Takes the parsed options; prints its own results.
    argv : sequence of str, optional
        The command line without the command's name; of this process by default.

    Returns
    -------
    int
        The exit status: 0, 2 after an error of the user or the outside world (printed
        as ``error: …`` on the standard error), 130 after an interrupt from the keyboard.
    """

    def action() -> None:
        args = parser.parse_args(sys.argv[1:] if argv is None else argv)
        check_outputs(parser, args)
        command(args)

    return guarded(action)


def check_outputs(parser: Parser, args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written to, before the command does anything.

    Raises
    ------
    UsageError
    """
    from scope.io.atomic import check_writable

    for name in OUTPUTS:
        value = getattr(args, name, None)
        # A default folder may go unused.
        if isinstance(value, str | Path) and value != parser.get_default(name):
            check_writable(value)


def show_progress() -> None:
    """Print what the library reports while it works, on the standard error."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    # Of this package only: other libraries talk about themselves.
    logging.getLogger("scope").setLevel(logging.INFO)


def guarded(action: Callable[[], object]) -> int:
    """Call `action` and return the exit status, as `run_command` does."""
    try:
        action()
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
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0
