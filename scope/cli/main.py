"""The command ``scope``: tools beside the workflow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scope.cli.arguments import Parser
from scope.cli.commands import COMMANDS, SUBCOMMANDS, HelpWithTable, command_table
from scope.cli.run import described, guarded, module_of, run_command
from scope.errors import UsageError


def main(argv: Sequence[str] | None = None, prog: str = "scope") -> int:
    """Run ``scope`` and return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    # Of commands, too, hyphens and underscores are the same.
    if argv and argv[0].replace("_", "-") in SUBCOMMANDS:
        argv[0] = argv[0].replace("_", "-")
    command = SUBCOMMANDS.get(argv[0]) if argv else None
    if command and command.passes_on and not {"-h", "--help"} & set(argv):
        given = argparse.Namespace(arguments=argv[1:])
        return guarded(lambda: module_of(command).run(given))
    if argv and not argv[0].startswith("-") and command is None:
        return guarded(lambda: _unknown(argv[0]))
    return run_command(build_parser(prog, argv[:1]), _run, argv)


def _unknown(word: str) -> None:
    from scope.targets.suggest import nearest

    known = {each.word: f"`{name}`" for name, each in COMMANDS.items() if " " not in name}
    known |= {name: f"`{each.name}`" for name, each in SUBCOMMANDS.items()}
    found = [known[name] for name in nearest(word.replace("_", "-"), known)]
    raise UsageError(
        "unknown command of scope",
        value=word,
        todo=f"did you mean {' or '.join(found)}?" if found else "see `scope --help`",
    )


def build_parser(prog: str = "scope", words: Sequence[str] = tuple(SUBCOMMANDS)) -> Parser:
    """Return the parser of ``scope``.

    Parameters
    ----------
    prog : str
        How the command is called.
    words : sequence of str
        Sub-commands whose options it knows; the modules of others are not loaded.
    """
    parser = Parser(
        prog=prog,
        description="Tools beside the workflow, which `snakemake` runs.",
        formatter_class=HelpWithTable,
        epilog=command_table(),
    )
    parser.add_version()
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", help="one of those below"
    )
    for name, command in SUBCOMMANDS.items():
        # The table at the end has its meaning.
        sub = commands.add_parser(name, description=described(command))
        if name in words:
            module_of(command).add_arguments(sub)
    return parser


def _run(options: argparse.Namespace) -> int | None:
    status: int | None = module_of(SUBCOMMANDS[options.command]).run(options)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
