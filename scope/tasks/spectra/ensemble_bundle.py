"""Ensembles and published weights of QuasarNET as bundles: ``models/spectra/<algorithm>/<group>``.

    bundle.json         grid, lines, how the ensemble was trained, hashes
    net_<i>.h5          members, as `train_qnet_ensemble.py` or QuasarNET wrote them
    weights.npy, loss.npy   the self-organising map, where there is one
    metrics.json        how members do on objects that they did not learn from
    card.md

A bundle is a folder of weights too: ``ensemble_run.py -i`` takes it, and checks its hashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scope.errors import BundleError, InputError, NotFoundError
from scope.models.algorithm import InputSpec, find_algorithm
from scope.models.bundle import MANIFEST, Bundle, Member, Output, sha256_of
from scope.models.bundle_writer import write_bundle
from scope.models.spectra.quasar_net import NetworkScorer, QuasarNet, load_network
from scope.models.spectra.wavelength_grid import BAL_LINES, GRIDS, LINES, Grid
from scope.tasks.spectra.decode import CONFIDENCE, N_LINES, decode
from scope.tasks.spectra.ensemble import (
    SETTINGS,
    EnsembleOptions,
    check_examples,
    ensemble_options,
    load_examples,
    load_members,
    member_rows,
)

OUTPUT = "lines"
MAP = ("weights.npy", "loss.npy")

LIMITS = """Spectra of another instrument, another grid, or exposures much deeper or shallower than
those of the training. Redshifts count from lower ends of bins, up to half a bin
({half_bin}) off; those by their centres are given beside them. Confidences of lines are no
probabilities."""

KM_S = 299792.458
"""Speed of light, km/s."""


@dataclass(frozen=True)
class Source:
    """Networks that become a bundle.

    Attributes
    ----------
    paths : tuple of Path
        Files of weights, in the order of members.
    networks : tuple of QuasarNet
    options : EnsembleOptions or None
        How they were trained, where that is known.
    """

    paths: tuple[Path, ...]
    networks: tuple[QuasarNet, ...]
    options: EnsembleOptions | None

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.paths[0].parent

    @property
    def grid(self) -> Grid:
        """Grid of all networks."""
        return self.networks[0].grid


def grid_record(grid: Grid) -> dict[str, Any]:
    """Return a grid as a bundle has it; wavelengths in Angstrom, a log step in log10 of them."""
    return {**asdict(grid), "bins": grid.n_bins}


def grid_of_bundle(bundle: Bundle) -> Grid:
    """Return the grid of wavelengths that the networks of a bundle are of.

    Raises
    ------
    BundleError
        If the card names none, one that spectra are not rebinned to here, or another one than
        its networks have.
    """
    found = bundle.preparation.get("grid")
    for grid in GRIDS.values():
        if found == grid_record(grid) and bundle.inputs["spectrum"].shape[1:] == (grid.n_bins,):
            return grid
    known = "; ".join(json.dumps(grid_record(grid)) for grid in GRIDS.values())
    raise BundleError(
        f"bundle {bundle.folder} of another grid of wavelengths",
        value=f"{json.dumps(found)}, spectra of {bundle.inputs['spectrum'].shape[1:]} bins",
        allowed=known,
        todo="train networks on one of these grids",
    )


def bundle_networks(bundle: Bundle, grid: Grid | None = None) -> list[QuasarNet]:
    """Return the networks of a bundle of this task.

    Parameters
    ----------
    grid : Grid, optional
        What they must be of.

    Raises
    ------
    BundleError
        If they are of another grid.
    """
    grid = grid or grid_of_bundle(bundle)
    return [load_network(bundle.folder / one.file, grid) for one in bundle.members.values()]


def write_ensemble_bundle(source: str | Path, output: str | Path, algorithm: str) -> Bundle:
    """Write a bundle of an ensemble, or of published weights.

    Parameters
    ----------
    source : path
        Folder that ``train_qnet_ensemble.py`` wrote, folder of ``net_<i>.h5`` of QuasarNET, or
        one file of weights.
    output : path
        Folder of the bundle.
    algorithm : str
        Name in the registry.

    Raises
    ------
    NotFoundError
        If there are no weights.
    BundleError
        If a member is missing, is no QuasarNET, or is of another grid than the others.
    InputError
        If networks look for other lines than this task decodes.
    """
    found, output = find_networks(Path(source)), Path(output)
    learner = find_algorithm(algorithm)
    _check_lines(found)
    names = [f"net_{number}" for number in range(len(found.paths))]
    models = {
        name: learner.import_published(path, ())[0]
        for name, path in zip(names, found.paths, strict=True)
    }
    hashes = {f"{name}{learner.suffix}": sha256_of(model) for name, model in models.items()}
    metrics = out_of_bag_metrics(found) if _has_data(found) else {}
    heads = found.networks[0].n_heads, 2 * found.networks[0].boxes
    return write_bundle(
        output,
        task="spectra",
        algorithm=algorithm,
        group=output.name,
        inputs=[InputSpec("spectrum", (None, found.grid.n_bins))],
        outputs=[Output(OUTPUT, "lines", heads)],
        members=[
            Member(name, f"{name}{learner.suffix}", OUTPUT, facts={"number": number})
            for number, name in enumerate(names)
        ],
        models=models,
        metrics={"members": metrics},
        card=_card(output.name, found, hashes, metrics),
        files={name: (found.folder / name).read_bytes() for name in _map_files(found)},
        preparation={
            "grid": grid_record(found.grid),
            "normalisation": "weighted mean 0, weighted mean square 1",
            "lines": list(LINES),
            "bal_lines": list(BAL_LINES),
        },
        facts=_facts(found),
    )


def find_networks(source: Path) -> Source:
    """Return the networks of an ensemble's folder, or of one file of weights."""
    if source.is_file():
        return Source((source,), (load_network(source),), None)
    if (source / MANIFEST).is_file():
        raise InputError(
            "bundle already", value=str(source), todo="use it as it is, or copy the whole folder"
        )
    if not source.is_dir():
        raise NotFoundError(
            "neither a folder nor a file of weights", value=str(source), todo="check the path"
        )
    networks = load_members(source)
    paths = tuple(source / f"net_{number}.h5" for number in range(len(networks)))
    options = ensemble_options(source) if (source / SETTINGS).exists() else None
    return Source(paths, tuple(networks), options)


def _check_lines(found: Source) -> None:
    own = (*LINES, *BAL_LINES)
    names: Sequence[str] = own
    if found.options is not None:
        names = (*found.options.network.lines, *found.options.network.bal_lines)
    heads = {network.n_heads for network in found.networks}
    if tuple(names) != own or heads != {len(own)}:
        raise InputError(
            "networks for other lines than this task decodes",
            value=f"{', '.join(map(str, sorted(heads)))} heads: {', '.join(names)}",
            allowed=f"{len(own)} heads: {', '.join(own)} (broad absorption last)",
        )


def _has_data(found: Source) -> bool:
    """Whether there are spectra that members did not learn from."""
    bagged = found.options is not None and found.options.kind == "bootstrap"
    return bagged and (found.folder / "x.npy").is_file()


def _map_files(found: Source) -> list[str]:
    there = [name for name in MAP if (found.folder / name).is_file()]
    return there if len(there) == len(MAP) else []


def out_of_bag_metrics(found: Source) -> dict[str, dict[str, float | int | None]]:
    """Return how each member does on the objects that it did not learn from.

    Purity is the share of quasars among what is called one, completeness that of what is found
    among quasars, by the rule of the ensemble's scripts: one line above a confidence of 0.95;
    ``velocity_km_s`` is the median of c |dz| / (1 + z) of what is found. What there is nothing to
    measure by is None.

    Raises
    ------
    InputError
        If the spectra or truths are not those that members were trained on.
    """
    options = found.options
    assert options is not None
    examples = load_examples(found.folder)
    metrics: dict[str, dict[str, float | int | None]] = {}
    check_examples(found.folder, examples)
    for number, network in enumerate(found.networks):
        _, drawn, _ = member_rows(examples, options, number)
        out = np.flatnonzero(~np.isin(examples.objects, drawn))
        if not len(out):
            continue
        lines = decode(NetworkScorer(network).score(examples.x[out]), found.grid)
        called = (lines.confidence > CONFIDENCE).sum(axis=0) >= N_LINES
        quasar, z = examples.quasar[out], examples.z[out]
        right = called & quasar
        shift = np.abs(lines.z_best - z)[right] / (1 + z[right])
        metrics[f"net_{number}"] = {
            "spectra": len(out),
            "quasars": int(quasar.sum()),
            "purity": float(quasar[called].mean()) if called.any() else None,
            "completeness": float(called[quasar].mean()) if quasar.any() else None,
            "velocity_km_s": KM_S * float(np.median(shift)) if len(shift) else None,
        }
    return metrics


def _facts(found: Source) -> dict[str, Any]:
    if found.options is None:
        files = {path.name: sha256_of(path.read_bytes()) for path in found.paths}
        return {"imported": files}
    settings = json.loads((found.folder / SETTINGS).read_bytes())
    training = {"spectra": settings["spectra"], "sha256": settings["data"]}
    return {"options": asdict(found.options), "training_set": training}


def _card(
    group: str, found: Source, hashes: Mapping[str, str], metrics: Mapping[str, Mapping[str, Any]]
) -> str:
    grid = found.grid
    step = f"{grid.step:g} in log10" if grid.name == "log" else f"{grid.step:g} Angstrom"
    rows = "\n".join(f"| {name} | {digest} |" for name, digest in hashes.items())
    first = found.networks[0]
    return f"""# {group}: QuasarNET, {len(found.paths)} members

Convolutions: {first.n_conv}; boxes of a line: {first.boxes}; lines: {", ".join(LINES)}; broad
absorption: {", ".join(BAL_LINES)}.

## What they take

Spectra on the grid `{grid.name}`: {grid.n_bins} bins from {grid.first:g} Angstrom, {step};
flux weighted by inverse variance, less its weighted mean, divided by its weighted rms.

## What they learnt from

{_training_words(found, metrics)}

## Not fit for

{LIMITS.format(half_bin=_half_bin(grid))}

## Files

| file | SHA-256 |
|---|---|
{rows}
"""


def _half_bin(grid: Grid) -> str:
    """Return half a bin as a velocity, at both ends of a grid of equal wavelengths."""
    if grid.name == "log":
        return f"{KM_S * (10 ** (grid.step / 2) - 1):.0f} km/s"
    first, last = (KM_S * grid.step / 2 / at for at in (grid.first, grid.last))
    return f"{first:.0f} km/s at {grid.first:g} Angstrom, {last:.0f} at {grid.last:g}"


def _training_words(found: Source, metrics: Mapping[str, Mapping[str, Any]]) -> str:
    if found.options is None:
        return (
            "Imported weights: whoever published them knows. Nobody has judged them here, and "
            "spectra that they learnt from may be among those that they score."
        )
    settings, options = json.loads((found.folder / SETTINGS).read_bytes()), found.options
    words = (
        f"{settings['spectra']} spectra, by `train_qnet_ensemble.py`: kind {options.kind}, "
        f"{options.network.epochs} epochs, seed {options.seed}."
    )
    if not metrics:
        return f"{words} How they do on other spectra was not measured."
    means = []
    for name in ("purity", "completeness"):
        values = [one[name] for one in metrics.values() if one[name] is not None]
        means.append(f"{name} {np.mean(values):.3f}" if values else f"{name} unknown")
    return (
        f"{words} On objects that a member did not learn from, mean of {len(metrics)} members at "
        f"a confidence of {CONFIDENCE:g}: {', '.join(means)}."
    )
