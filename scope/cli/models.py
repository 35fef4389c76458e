"""``scope models``: list, show and verify the models that there are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser
from scope.errors import BundleError, ScopeError

if TYPE_CHECKING:
    from scope.tasks.variables.find_models import Entry

HEADER = ("models", "classes", "probabilities", "training stars", "MB", "sha256 of the manifest")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope models``."""
    parser.add_argument("action", choices=("list", "show", "verify"), help="what to do")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="<algorithm>/<group>, or a group; without names, all",
    )
    parser.add_argument(
        "--models-dir", type=Path, default=Path("models"), help="folder of the models"
    )


def run(options: argparse.Namespace) -> None:
    """List, show or verify."""
    from scope.config.load import load_config
    from scope.tasks.variables.find_models import named_models

    # It may name algorithms of one's own, whose models are listed and verified too.
    load_config()
    entries = named_models(options.models_dir, options.names)
    {"list": list_models, "show": show_models, "verify": verify_models}[options.action](entries)


def list_models(entries: list[Entry]) -> None:
    """Print a line per bundle."""
    rows = [HEADER, *(_line(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _line(entry: Entry) -> tuple[str, ...]:
    from scope.tasks.variables.bundles.model_bundle import MANIFEST, sha256_of

    sets = entry.manifest.get("training_set", {})
    stars = sets.get("train", {}).get("stars") if isinstance(sets, dict) else None
    return (
        entry.name,
        str(len(entry.classes)) if entry.manifest else "unreadable",
        "yes" if entry.is_calibrated else "no",
        f"{stars:,}" if stars else "-",
        f"{entry.size / 1e6:.1f}",
        sha256_of((entry.folder / MANIFEST).read_bytes())[:12],
    )


def show_models(entries: list[Entry]) -> None:
    """Print the cards."""
    print("\n\n".join(f"{entry.folder}\n\n{entry.card().rstrip()}" for entry in entries))


def verify_models(entries: list[Entry]) -> None:
    """Check all files of all bundles, and print what is wrong with which.

    Raises
    ------
    BundleError
        If something is.
    """
    faults = 0
    for entry in entries:
        try:
            entry.check()
            print(f"{entry.name}: {len(entry.classes)} classes, whole")
        except ScopeError as error:
            faults += 1
            print(f"{entry.name}: {error}")
    if faults:
        raise BundleError(
            f"{faults} of {len(entries)} bundles cannot be used",
            todo="take them again from where they came from, or train them again",
        )
