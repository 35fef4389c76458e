"""The models that there are: listed, shown and verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.checkout import SHIPPED_MODELS
from scope.errors import BundleError, ScopeError

if TYPE_CHECKING:
    from scope.tasks.variables.find_models import Entry

HEADER = ("models", "classes", "probabilities", "training stars", "MB", "sha256 of the manifest")

Report = Callable[[str], None]


def look_at_models(action: str, folder: Path | None, names: Sequence[str], report: Report) -> None:
    """List, show or verify models.

    Parameters
    ----------
    action : str
        ``list``, ``show`` or ``verify``.
    folder : Path, optional
        Folder of the models; by default those by which scoring goes: of the working directory,
        and those that ship.
    names : sequence of str
        ``<algorithm>/<group>``, or groups; without any, all.
    report : callable
        Gets what is to be said, line by line.

    Raises
    ------
    BundleError
        If some cannot be used, where they are verified.
    ScopeError
        If there are none of these names.
    """
    from scope.config.load import load_config
    from scope.tasks.variables.find_models import named_models

    # It may name algorithms of one's own, whose models are listed and verified too.
    load_config()
    entries = named_models(folder or [Path("models"), SHIPPED_MODELS], list(names))
    {"list": list_models, "show": show_models, "verify": verify_models}[action](entries, report)


def list_models(entries: Sequence[Entry], report: Report) -> None:
    """Report a line per bundle."""
    rows = [HEADER, *(_line(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        report("  ".join(cells).rstrip())


def _line(entry: Entry) -> tuple[str, ...]:
    from scope.models.bundle import MANIFEST, sha256_of

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


def show_models(entries: Sequence[Entry], report: Report) -> None:
    """Report the cards."""
    report("\n\n".join(f"{entry.folder}\n\n{entry.card().rstrip()}" for entry in entries))


def verify_models(entries: Sequence[Entry], report: Report) -> None:
    """Check all files of all bundles, and report what is wrong with which.

    Raises
    ------
    BundleError
        If something is.
    """
    faults = 0
    for entry in entries:
        try:
            entry.check()
            report(f"{entry.name}: {len(entry.classes)} classes, whole")
        except ScopeError as error:
            faults += 1
            report(f"{entry.name}: {error}")
    if faults:
        raise BundleError(
            f"{faults} of {len(entries)} bundles cannot be used",
            todo="take them again from where they came from, or train them again",
        )
