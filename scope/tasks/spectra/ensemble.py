"""Ensembles of QuasarNET: data that all members share, members that may be killed anywhere.

<folder>/ensemble.json     settings, and the hash of the data
<folder>/x.npy …           the rebinned spectra and their truths, mapped by all members
<folder>/net_<i>.h5        a member, written whole; a member that is there is not trained again
<folder>/weights.npy, loss.npy   the self-organising map of the training spectra
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.som import MapOptions, train_map
from scope.errors import BundleError, InputError, NotFoundError, UsageError
from scope.io.atomic import atomic_path, write_bytes
from scope.io.npyfile import read_npy
from scope.jsontext import parse_json, to_json
from scope.models.bundle import MANIFEST
from scope.models.places import load_bundle
from scope.models.spectra.quasar_net import QuasarNet, load_network, network_bytes
from scope.models.spectra.quasar_net_examples import Examples, NetworkOptions, targets
from scope.models.spectra.quasar_net_trainer import Trainer, draw_objects, member_generator
from scope.models.spectra.wavelength_grid import Grid, find_grid
from scope.tasks.spectra.rebin import UNUSABLE, Flag
from scope.tasks.spectra.spectrum_files import read_spectra
from scope.tasks.spectra.truth import Truth, join_truths, read_truth

log = logging.getLogger(__name__)

SETTINGS = "ensemble.json"
ARRAYS = ("x", "quasar", "z", "bal", "objects")
MOST_BOSS = 16_000
"""Spectra of BOSS that are taken where they outnumber those of DESI."""

MAP_ROWS = 20_000
"""Training spectra that the map is fitted to, at most."""


@dataclass(frozen=True)
class EnsembleOptions:
    """Options of an ensemble.

    Attributes
    ----------
    members : int
    kind : str
        How members differ: ``bootstrap`` (objects drawn with replacement) or ``seeds``.
    seed : int
    single_exp : bool
        Take one exposure of each object, drawn at random.
    grid : str
    network : NetworkOptions
    """

    members: int = 100
    kind: str = "bootstrap"
    seed: int = 91701
    single_exp: bool = False
    grid: str = "log"
    network: NetworkOptions = field(default_factory=NetworkOptions)

    def __post_init__(self) -> None:
        if self.members < 1:
            raise UsageError("members of an ensemble", value=self.members, allowed="1 or more")
        if self.kind not in ("bootstrap", "seeds"):
            raise UsageError("kind of ensemble", value=self.kind, allowed="bootstrap, seeds")


def read_examples(spectra: Sequence[str | Path], truth: Truth, grid: Grid) -> Examples:
    """Return the spectra of files that have a sure truth and can be used.

    Raises
    ------
    InputError
        If none is left.
    """
    kept: list[tuple[Any, ...]] = []
    counts = {"not in the truth": 0, "not sure": 0, "without weight or flux": 0, "broken": 0}
    for path in spectra:
        for part in read_spectra(path, grid):
            row = truth.rows(part.targetid)
            known, sure = row >= 0, truth.label[np.maximum(row, 0)] != "BAD"
            usable = (part.flags & UNUSABLE.value) == 0
            broken = (part.flags & Flag.STEEP.value) != 0
            good = known & sure & usable & ~broken
            for name, bad in zip(counts, (~known, ~sure, ~usable, broken), strict=True):
                counts[name] += int(bad.sum())
            at = row[good]
            quasar = np.char.startswith(truth.label[at], "QSO")
            kept.append((part.x[good], quasar, truth.z[at], truth.bal[at], part.targetid[good]))
    for name, count in counts.items():
        log.info("%d spectra %s", count, name)
    if not sum(len(part[1]) for part in kept):
        raise InputError(
            "no spectrum has a sure truth",
            value=", ".join(map(str, spectra)),
            todo="name the truth table of these spectra",
        )
    return Examples(*(np.concatenate([part[i] for part in kept]) for i in range(5)))


def gather_examples(
    boss: Sequence[str | Path] = (),
    boss_truth: Sequence[str | Path] = (),
    desi: Sequence[str | Path] = (),
    desi_truth: Sequence[str | Path] = (),
    options: EnsembleOptions | None = None,
) -> Examples:
    """Return the training set: spectra of DESI, with those of BOSS beside them.

    Raises
    ------
    UsageError
        If there are neither, or one lacks its truth.
    """
    options = options or EnsembleOptions()
    grid, parts = find_grid(options.grid), []
    rng = np.random.default_rng([options.seed, 2**32])
    if not boss and not desi:
        raise UsageError("training without spectra", allowed="--data, --desidata or both")
    for files, tables, name in ((boss, boss_truth, "--truth"), (desi, desi_truth, "--desitruth")):
        if files and not tables:
            raise UsageError("spectra without their truth", value=str(files[0]), allowed=name)
        if files:
            truth = join_truths([read_truth(path) for path in tables])
            parts.append(read_examples(files, truth, grid))
    if len(parts) == 2 and len(parts[0]) > max(len(parts[1]), MOST_BOSS):
        rows = np.sort(rng.choice(len(parts[0]), MOST_BOSS, replace=False))
        parts[0] = _rows(parts[0], rows)
    if len(parts) == 2:
        # Two surveys count their objects independently of each other.
        parts[0] = replace(parts[0], objects=-1 - parts[0].objects)
    joined = Examples(*(np.concatenate([getattr(p, n) for p in parts]) for n in ARRAYS))
    return _single(joined, rng) if options.single_exp else joined


def _rows(examples: Examples, rows: npt.NDArray[np.int64]) -> Examples:
    return Examples(*(getattr(examples, name)[rows] for name in ARRAYS))


def _single(examples: Examples, rng: np.random.Generator) -> Examples:
    order = rng.permutation(len(examples))
    _, first = np.unique(examples.objects[order], return_index=True)
    return _rows(examples, np.sort(order[first]))


def prepare_ensemble(folder: str | Path, examples: Examples, options: EnsembleOptions) -> Path:
    """Write what the members of an ensemble share.

    Raises
    ------
    UsageError
        If the folder holds an ensemble of other data or settings.
    """
    folder = Path(folder)
    settings = {**asdict(options), "data": _hash(examples), "spectra": len(examples)}
    text = to_json(settings).encode()
    if (folder / SETTINGS).exists():
        found = _settings(folder)
        known = parse_json(text)
        # More members may join those that there are.
        if {**found, "members": 0} != {**known, "members": 0}:
            changed = sorted(key for key in known if found.get(key) != known[key])
            raise UsageError(
                f"folder {folder} with an ensemble of other settings",
                value=", ".join(changed),
                todo="choose another folder, or remove this one",
            )
    for name in ARRAYS:
        with atomic_path(folder / f"{name}.npy") as path, open(path, "wb") as file:
            np.save(file, getattr(examples, name))
    write_bytes(text, folder / SETTINGS)
    return folder


def _hash(examples: Examples) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(np.ascontiguousarray(getattr(examples, name)).tobytes())
    return digest.hexdigest()


def _settings(folder: Path) -> dict[str, Any]:
    try:
        found = parse_json((folder / SETTINGS).read_bytes())
        return dict(found)
    except (OSError, ValueError, TypeError) as error:
        raise NotFoundError(
            f"no ensemble, {SETTINGS} is missing or broken",
            value=str(folder),
            todo="name the folder that train_qnet_ensemble.py wrote",
        ) from error


def ensemble_options(folder: str | Path) -> EnsembleOptions:
    """Return the settings of an ensemble."""
    found = _settings(Path(folder))
    settings = found.pop("network").items()
    network: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings}
    own = {name: found[name] for name in ("members", "kind", "seed", "single_exp", "grid")}
    return EnsembleOptions(**own, network=NetworkOptions(**network))


def load_examples(folder: str | Path) -> Examples:
    """Return the shared data of an ensemble, mapped from its files.

    Raises
    ------
    NotFoundError, CorruptFileError
    """
    todo = "prepare the ensemble again: train_qnet_ensemble.py"
    arrays = [read_npy(Path(folder) / f"{name}.npy", mapped=True, todo=todo) for name in ARRAYS]
    return Examples(arrays[0], *(np.asarray(values) for values in arrays[1:]))


def check_examples(folder: str | Path, examples: Examples) -> None:
    """Raise InputError unless examples are what an ensemble was prepared with."""
    if _settings(Path(folder))["data"] != _hash(examples):
        raise InputError(
            "spectra or truths that have changed since the ensemble was prepared",
            value=str(folder),
            allowed=f"the arrays whose SHA-256 stands in {SETTINGS}",
            todo="prepare and train it again: train_qnet_ensemble.py",
        )


def member_rows(
    examples: Examples, options: EnsembleOptions, member: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], np.random.Generator]:
    """Return rows that a member learns from, the objects among them, and its generator after it.

    Rows, which may repeat: (m,) int64; objects: (k,) int64.
    """
    rng = member_generator(options.seed, member)
    if options.kind == "seeds":
        return np.arange(len(examples)), np.unique(examples.objects), rng
    rows, drawn = draw_objects(examples.objects, rng)
    return rows, drawn, rng


def train_members(folder: str | Path, members: Iterable[int] | None = None) -> list[Path]:
    """Train members of a prepared ensemble, those that are not there yet.

    Parameters
    ----------
    members : iterable of int, optional
        Which; all by default. Several processes may train different ones.
    """
    folder, written = Path(folder), []
    options, examples = ensemble_options(folder), load_examples(folder)
    wanted = range(options.members) if members is None else members
    trainer = Trainer(options.network, find_grid(options.grid))
    goal: tuple[Any, Any] | None = None
    for member in wanted:
        path = folder / f"net_{member}.h5"
        written.append(path)
        if path.exists():
            continue
        goal = goal or targets(examples, options.network, trainer.grid)
        rows, _, rng = member_rows(examples, options, member)
        network = trainer.train(examples.x, goal[0], goal[1], rows, rng)
        write_bytes(network_bytes(network), path)
        log.info("member %d of %d is trained", member + 1, options.members)
    return written


def train_ensemble_map(folder: str | Path, options: MapOptions | None = None) -> None:
    """Fit the self-organising map to the training spectra, unless it is there."""
    folder, options = Path(folder), options or MapOptions()
    if (folder / "weights.npy").exists() and (folder / "loss.npy").exists():
        return
    x = load_examples(folder).x
    rows = np.random.default_rng(options.seed).permutation(len(x))[:MAP_ROWS]
    train_map(np.asarray(x[np.sort(rows)]), options).save(folder)


def load_members(folder: str | Path, grid: Grid | None = None) -> list[QuasarNet]:
    """Return all networks of an ensemble.

    A folder without settings, such as one of QuasarNET itself, has the members that lie in it. A
    bundle is compared with its hashes first.

    Raises
    ------
    NotFoundError, BundleError
        If there is none, one is missing, or one is of another grid than asked or than the first.
    """
    folder = Path(folder)
    if (folder / MANIFEST).is_file():
        from scope.tasks.spectra import TASK
        from scope.tasks.spectra.ensemble_bundle import bundle_networks

        return bundle_networks(load_bundle(folder, TASK), grid)
    there = {
        int(p.stem.removeprefix("net_")): p
        for p in folder.glob("net_*.h5")
        if p.stem.removeprefix("net_").isdecimal()
    }
    n = ensemble_options(folder).members if (folder / SETTINGS).exists() else None
    if not there:
        raise NotFoundError(
            "ensemble without members",
            value=str(folder),
            allowed="net_<i>.h5",
            todo="train it, or name its folder with --ensemble_loc",
        )
    n = max(there) + 1 if n is None else n
    if missing := [number for number in range(n) if number not in there]:
        raise BundleError(
            f"ensemble {folder} without some of its {n} members",
            value=", ".join(f"net_{number}.h5" for number in missing[:5]),
            todo="train on: the members that are there are kept",
        )
    first = load_network(there[0], grid)
    return [first, *(load_network(there[number], first.grid) for number in range(1, n))]
