"""The command ``scope``: tools beside the workflow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from scope.cli.arguments import Parser
from scope.cli.commands import DOCUMENTED, HelpWithTable, command_table
from scope.cli.run import guarded, run_command
from scope.errors import UsageError
from scope.targets.suggest import nearest

COMMANDS = {
    "simulate": "write a simulated quadrant in the layout of an archive",
    "config": "write the generated files of config/, or check the current configuration",
    "train": "train models of some classes on labelled features",
    "create-training-script": "write a shell script that trains all classes with enough examples",
    "label-light-curves": "label light curves by published catalogues of variable stars",
    "assemble-training-set": "make a training set of light curves, or features, and labels",
    "assemble-training-stats": "gather figures and importances of trained classes, a file each",
    "plot": "draw light curves: points, folds at P, P/2 and 2P, periodogram, scores",
    "plot-predictions": "draw what networks and trees say about the same light curves",
    "plot-training-stats": "draw how networks and trees compare, labels and importances",
    "download-archive": "fetch light curves of fields from the public archive, and check them",
    "make-crossmatch": "make tables of Gaia, AllWISE and PS1 of the answers of their archives",
    "estimate": "say what an archive will take: time, memory and disk, measured on this machine",
    "models": "list, show or verify the models that there are",
    "fetch-models": "fetch trained models from a server, a bucket or a folder, and check them",
    "fetch-datasets": "fetch training sets from a server, a bucket or a folder",
    "import-models": "make a bundle of published models, networks (.h5) or trees (.json)",
    "import-config": "translate a configuration of SCoPe, and say what became of each key",
    "plot-bundle": "draw the page about trained models: how good they are on unseen stars",
    "stamps": "real or bogus: simulate nights, label, train, judge, score alerts, draw pages",
    "gcn": "follow events of the General Coordinates Network: scores of their sources to Fritz",
    "taxonomy-map": "write which classes on Fritz the columns of our tables mean",
    "classify": "write the catalogue of a file of features: scores, probabilities, prediction sets",
    "publish-stars": "write one row per star of the catalogues of one or several fields",
    "compare-releases": "say which stars were added, went or changed between two tables of stars",
    "make-release": "write a folder to hand on: stars, quality, checksums, licence, citation",
    "export": "write stars or a catalogue as HATS, VOTable, FITS, MOC, CSV or HDF5",
    "labels": "show, import or export labels of people and catalogues, and their conflicts",
    "al-querier": "choose the spectra that a person should look at, by an ensemble's table",
    "summary": "count what predictions or a catalogue hold",
    "desk": "look at stars, search and label them, in a browser on this machine",
    "run": "run the workflow in this folder; takes snakemake's options",
    "verify": "read products to the last byte and say what they are",
    "status": "show what is done, running, failed and left in the folder of a run",
    "resume": "run snakemake again where a run was killed; takes snakemake's options",
    "cancel-orphans": "cancel the SLURM jobs that a killed run has left in the queue",
}
"""Sub-command, and module of `scope.cli` with underscores -> what it does."""


def main(argv: Sequence[str] | None = None, prog: str = "scope") -> int:
    """Run ``scope`` and return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    # Of commands, too, hyphens and underscores are the same.
    if argv and argv[0].replace("_", "-") in COMMANDS:
        argv[0] = argv[0].replace("_", "-")
    if argv[:1] in (["run"], ["resume"]) and not {"-h", "--help"} & set(argv):
        # All their options are those of another program.
        return int(_module(argv[0]).main(argv[1:]))
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        return guarded(lambda: _unknown(argv[0]))
    return run_command(build_parser(prog), _run, argv)


def _unknown(command: str) -> None:
    known = {name: f"`scope {name}`" for name in COMMANDS}
    known |= {name: f"`{name}`" for name in DOCUMENTED if name not in known}
    found = [known[name] for name in nearest(command.replace("_", "-"), known)]
    raise UsageError(
        "unknown command of scope",
        value=command,
        todo=f"did you mean {' or '.join(found)}?" if found else "see `scope --help`",
    )


def build_parser(prog: str = "scope") -> Parser:
    """Return the parser of ``scope`` with all its sub-commands."""
    parser = Parser(
        prog=prog,
        description="Tools beside the workflow, which `snakemake` runs.",
        formatter_class=HelpWithTable,
        epilog=command_table(COMMANDS),
    )
    parser.add_version()
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", help="one of those below"
    )
    for name, meaning in COMMANDS.items():
        # The table at the end has its meaning.
        sub = commands.add_parser(name, description=f"{meaning[:1].upper()}{meaning[1:]}.")
        _module(name).add_arguments(sub)
    return parser


def _run(options: argparse.Namespace) -> None:
    _module(options.command).run(options)


def _module(command: str) -> ModuleType:
    # `scope.cli.run` is what all commands share.
    module = "run_snakemake" if command == "run" else command.replace("-", "_")
    return import_module(f"scope.cli.{module}")


if __name__ == "__main__":
    raise SystemExit(main())
