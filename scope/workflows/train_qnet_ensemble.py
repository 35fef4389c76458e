"""An ensemble of QuasarNET classifiers, as its document trains it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class QnetOptions:
    """Spectra, truth, members and network of an ensemble.

    Attributes
    ----------
    out_prefix : str
        Folder in which the ensemble's folder is made.
    data, truth : sequence of str
        Spectra of eBOSS or BOSS, and their truth tables.
    desidata, desitruth : sequence of str
        Spectra of DESI, in the form of coadds, and their truth tables.
    epochs, boxes, layers, filters, batch_size, learning_rate, amsgrad, lines, lines_bal
        See `scope.models.spectra.quasar_net_trainer.NetworkOptions`.
    seed : int
        Where all random numbers begin.
    num_bootstrap : int
        Members of the ensemble.
    single_exp : bool
        Take one exposure of each TARGETID.
    kind : str
        How members differ: ``bootstrap`` or ``seeds``.
    grid : str
        Of wavelengths: ``log`` or ``linear``.
    som_cells : int
        Cells of the self-organising map along each axis.
    members : sequence of int, optional
        Train these only: for jobs side by side.
    """

    out_prefix: str
    data: Sequence[str] = ()
    truth: Sequence[str] = ()
    desidata: Sequence[str] = ()
    desitruth: Sequence[str] = ()
    epochs: int = 8
    boxes: int = 13
    lines: Sequence[str] | None = None
    lines_bal: Sequence[str] | None = None
    amsgrad: bool = False
    seed: int = 91701
    num_bootstrap: int = 100
    single_exp: bool = False
    layers: int = 4
    filters: int = 100
    batch_size: int = 256
    learning_rate: float = 2e-4
    kind: str = "bootstrap"
    grid: str = "log"
    som_cells: int = 45
    members: Sequence[int] | None = None


def ensemble_folder(out: str, files: Sequence[str], single_exp: bool) -> Path:
    """Return the folder of the ensemble, whose name says what it was trained on."""
    names = " ".join(Path(path).name for path in files)
    for word in ("cumulative", "healpix"):
        if word in names:
            return Path(out) / f"ensemble_{word}"
    return Path(out) / ("ensemble_se" if single_exp else "ensemble")


def train_qnet_ensemble(options: QnetOptions, report: Callable[[str], None]) -> None:
    """Train the ensemble, or some members of it, and report where they are.

    Raises
    ------
    ScopeError
        If spectra or a truth table cannot be used, or the folder cannot be written to.
    """
    from scope.active.som import MapOptions
    from scope.io.atomic import check_writable
    from scope.models.spectra.quasar_net_examples import NetworkOptions
    from scope.models.spectra.wavelength_grid import BAL_LINES, LINES
    from scope.tasks.spectra.ensemble import (
        EnsembleOptions,
        gather_examples,
        prepare_ensemble,
        train_ensemble_map,
        train_members,
    )

    settings = EnsembleOptions(
        members=options.num_bootstrap,
        kind=options.kind,
        seed=options.seed,
        single_exp=options.single_exp,
        grid=options.grid,
        network=NetworkOptions(
            layers=options.layers,
            filters=options.filters,
            boxes=options.boxes,
            lines=tuple(options.lines or LINES),
            bal_lines=tuple(options.lines_bal or BAL_LINES),
            epochs=options.epochs,
            batch=options.batch_size,
            rate=options.learning_rate,
            amsgrad=options.amsgrad,
        ),
    )
    folder = ensemble_folder(
        options.out_prefix, [*options.data, *options.desidata], options.single_exp
    )
    check_writable(folder)
    examples = gather_examples(
        options.data, options.truth, options.desidata, options.desitruth, settings
    )
    report(f"{len(examples)} spectra, {int(examples.quasar.sum())} of quasars")
    prepare_ensemble(folder, examples, settings)
    train_ensemble_map(folder, MapOptions(shape=(-options.som_cells, -options.som_cells)))
    paths = train_members(folder, options.members)
    report(f"{len(paths)} members in {folder}")
