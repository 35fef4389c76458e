"""All spectra of a tree through an ensemble: the documented table, exposure by exposure.

``qnet_ensemble_guadalupe.csv`` has TARGETID, TILEID, EXPID, C_NOT, C_QSO_LZ, C_QSO_HZ (shares of
members) and BMU (cell of the map), a row per exposure. Each exposure is written whole to a file
of its own first, so that a killed run goes on where it was: each says what it was made of, and
those of other members, another map or other spectra are made anew. The tables are joined at the
end, and the files of the exposures removed.
``qnet_ensemble_summary.parquet`` has what hard calls throw away: mean probabilities, entropies,
mutual information, redshifts, and what is wrong with spectra.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from scope import __version__
from scope.active.som import SelfOrganisingMap, load_map
from scope.active.summary import summarise
from scope.checkout import SHIPPED_MODELS
from scope.errors import NotFoundError, UsageError
from scope.io.atomic import atomic_path
from scope.io.tables import read_metadata
from scope.models.places import bundle_folder
from scope.models.spectra.quasar_net import NetworkScorer, QuasarNet
from scope.models.spectra.wavelength_grid import Grid
from scope.tasks.spectra import TASK
from scope.tasks.spectra.decode import MEMBER_CLASSES, decode, member_labels, member_probabilities
from scope.tasks.spectra.ensemble import load_members
from scope.tasks.spectra.rebin import UNUSABLE
from scope.tasks.spectra.spectrum_files import Spectra, read_spectra, tree_files

log = logging.getLogger(__name__)

TABLE = "qnet_ensemble_guadalupe.csv"
SUMMARY = "qnet_ensemble_summary.parquet"
PARTS = "qnet_ensemble_parts"
MADE_OF = "made_of"
"""Key of the metadata of an exposure's table; see `_made_of`."""

COLUMNS = ("TARGETID", "TILEID", "EXPID", "C_NOT", "C_QSO_LZ", "C_QSO_HZ", "BMU")
ROWS = 1000


class Scores(Protocol):
    """Anything that scores spectra."""

    def score(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return (n, heads, 2 x boxes) of spectra (n, bins).

        `x`: (n, bins) float, normalised; the result is float32.
        """
        ...


class KerasScorer:
    """A network run by Keras: faster where there is a GPU.

    Parameters
    ----------
    network : QuasarNet
    """

    def __init__(self, network: QuasarNet) -> None:
        from scope.models.spectra.quasar_net_trainer import keras_network

        self._model = keras_network(network)

    def score(self, x: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the output of spectra, see `NetworkScorer.score`."""
        return np.asarray(self._model(np.asarray(x, dtype=np.float32), training=False))


ALGORITHM = "quasarnet"
"""Whose bundles are looked for by the name of a group."""

SCORERS: dict[str, Any] = {"onnx": NetworkScorer, "keras": KerasScorer}


def find_map(places: Sequence[str | Path], grid: Grid) -> SelfOrganisingMap:
    """Return the map of the first place that has one.

    Raises
    ------
    NotFoundError
        If none has.
    """
    for place in places:
        if (Path(place) / "weights.npy").exists():
            log.info("map of %s", Path(place).resolve())
            return load_map(place, grid.n_bins)
    raise NotFoundError(
        "self-organising map, weights.npy and loss.npy",
        value=", ".join(map(str, places)),
        todo="train_qnet_ensemble.py fits one; or name its folder with --som",
    )


def run_ensemble(
    data: str | Path,
    out_dir: str | Path,
    ensemble: str | Path,
    *,
    backend: str = "onnx",
    som: str | Path | None = None,
    random_tiles: int | None = None,
    seed: int = 91701,
) -> Path:
    """Run a tree of spectra through an ensemble.

    Parameters
    ----------
    data : path
        Folder of ``<tile>/<exposure>/coadd-*.fits``.
    out_dir : path
        Where the tables go.
    ensemble : path
        Folder of ``net_<i>.h5``, a bundle, or the name of its group.
    backend : str
        ``onnx`` or ``keras``.
    som : path, optional
        Folder of the map; by default the first that has one of that of the ensemble, the one
        above it, `out_dir`, and the one above the working directory.
    random_tiles : int, optional
        Take so many tiles, drawn at random.

    Returns
    -------
    Path
        The table.
    """
    out, ensemble = Path(out_dir), ensemble_place(ensemble)
    files = chosen_files(data, random_tiles, seed)
    networks = load_members(ensemble)
    grid = networks[0].grid
    places: list[str | Path] = [som] if som else [ensemble, ensemble.parent, out, ".."]
    cells = find_map(places, grid)
    scorers: list[Scores] = [SCORERS[backend](network) for network in networks]
    parts: list[Path] = []
    scored_by = hash_ensemble(networks, cells, backend)
    for (tile, exposure), paths in files.items():
        part = out / PARTS / f"{tile}_{exposure}.parquet"
        parts.append(part)
        made_of = _made_of(scored_by, paths)
        if not (part.exists() and read_metadata(part).get(MADE_OF) == made_of):
            _run_exposure(tile, exposure, paths, part, scorers, cells, grid, made_of)
            log.info("tile %d, exposure %d: done, %d of %d", tile, exposure, len(parts), len(files))
    join_parts(parts, out, grid)
    shutil.rmtree(out / PARTS)
    return out / TABLE


def hash_ensemble(networks: Sequence[QuasarNet], cells: SelfOrganisingMap, backend: str) -> str:
    """Return the SHA-256 of what decides the scores of a spectrum, in hexadecimal.

    Parameters
    ----------
    networks : sequence of QuasarNet
        The members in their order: weights, padding, offsets and grid of each.
    cells : SelfOrganisingMap
    backend : str
        TensorFlow rounds otherwise than ONNX Runtime.
    """
    digest = hashlib.sha256(f"{__version__} {backend} {len(networks)}".encode())
    for network in networks:
        digest.update(repr((network.padding, network.rescaled, network.grid)).encode())
        for layer, arrays in sorted(network.layers.items()):
            for name, values in sorted(arrays.items()):
                digest.update(f"{layer} {name} {values.shape}".encode())
                digest.update(values.tobytes())
    digest.update(cells.weights.tobytes())
    return digest.hexdigest()


def _made_of(scored_by: str, paths: Sequence[Path]) -> dict[str, Any]:
    """Return what a table of an exposure is made of, as JSON."""
    # Size and times, and not a hash: spectra are too many to be read twice. What was written is
    # set by copies that keep it; of a file of the same size that changed, the other time tells.
    found = [(path.resolve(), path.stat()) for path in paths]
    files = [[str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for path, stat in found]
    return {"ensemble": scored_by, "spectra": files}


def ensemble_place(folder: str | Path) -> Path:
    """Return the folder of an ensemble: itself, the one that training made in it, or a bundle.

    The name of a group that is no folder here is looked for among the models, of the working
    directory and of the checkout.
    """
    folder = Path(folder)
    if not folder.exists() and folder.name == str(folder):
        return bundle_folder([Path("models"), SHIPPED_MODELS], TASK, ALGORITHM, folder.name)
    below = sorted(path.parent for path in folder.glob("ensemble*/net_0.h5"))
    if (folder / "net_0.h5").exists() or len(below) != 1:
        return folder
    return below[0]


def chosen_files(
    data: str | Path, random_tiles: int | None, seed: int
) -> dict[tuple[int, int], list[Path]]:
    """Return the files of each (tile, exposure)."""
    found: dict[tuple[int, int], list[Path]] = {}
    for tile, exposure, path in tree_files(data):
        found.setdefault((tile, exposure), []).append(path)
    if random_tiles is not None:
        tiles = sorted({tile for tile, _ in found})
        if not random_tiles >= 1:
            raise UsageError("number of random tiles", value=random_tiles, allowed="1 or more")
        chosen = np.random.default_rng(seed).permutation(tiles)[:random_tiles]
        found = {key: paths for key, paths in found.items() if key[0] in chosen}
    return found


def _run_exposure(
    tile: int,
    exposure: int,
    paths: list[Path],
    part: Path,
    scorers: list[Scores],
    cells: SelfOrganisingMap,
    grid: Grid,
    made_of: dict[str, Any],
) -> None:
    import pyarrow as pa

    from scope.io.writer import TableWriter

    with_rows = (piece for path in paths for piece in read_spectra(path, grid, ROWS))
    pieces: Iterator[Any] = (
        pa.table(score_piece(piece, tile, exposure, scorers, cells, grid)) for piece in with_rows
    )
    first = next(pieces)
    facts = {"stage": "spectra", "grid": grid.name, MADE_OF: made_of}
    with TableWriter(part, first.schema, facts) as writer:
        writer.write(first)
        for piece in pieces:
            writer.write(piece)


def score_piece(
    piece: Spectra,
    tile: int,
    exposure: int,
    scorers: Sequence[Scores],
    cells: SelfOrganisingMap,
    grid: Grid,
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of both tables for some spectra.

    Of each column (n,), or (n, members).
    """
    n = len(piece)
    p = np.full((n, len(scorers), len(MEMBER_CLASSES)), np.nan, dtype=np.float32)
    labels = np.zeros((n, len(scorers)), dtype=np.int8)
    z = np.full((2, n, len(scorers)), np.nan, dtype=np.float32)
    usable = (piece.flags & UNUSABLE.value) == 0
    for member, scorer in enumerate(scorers):
        lines = decode(scorer.score(piece.x[usable]), grid)
        p[usable, member] = member_probabilities(lines)
        labels[usable, member] = member_labels(lines)
        z[:, usable, member] = lines.z_best, lines.z_best_centre
    shares = (labels[..., None] == np.arange(3)).mean(axis=1)
    shares[~usable] = np.nan
    summary = summarise(p)
    columns: dict[str, Any] = {
        "TARGETID": piece.targetid,
        "TILEID": np.full(n, tile),
        "EXPID": np.full(n, exposure),
        "C_NOT": shares[:, 0],
        "C_QSO_LZ": shares[:, 1],
        "C_QSO_HZ": shares[:, 2],
        "BMU": np.where(usable, cells.cells(piece.x), -1),
        "FLAGS": piece.flags,
    }
    columns |= {f"P_{name}": summary.mean[:, i] for i, name in enumerate(MEMBER_CLASSES)}
    for name in ("entropy", "member_entropy", "mutual_information", "spread"):
        columns[name.upper()] = getattr(summary, name)
    columns["Z"], columns["Z_CENTRE"] = np.median(z, axis=2).astype(np.float64)
    columns["N_MEMBERS"] = np.where(usable, len(scorers), 0)
    columns["ROW"] = piece.row
    return columns


def join_parts(parts: Sequence[Path], out: Path, grid: Grid) -> None:
    """Write both tables from those of the exposures, a piece at a time.

    The summary says which grid its scores are of: whoever draws the spectra needs it.
    """
    from scope.io.tables import iter_batches, read_schema
    from scope.io.writer import TableWriter

    with (
        atomic_path(out / TABLE) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
        TableWriter(
            out / SUMMARY, read_schema(parts[0]).remove_metadata(), {"grid": grid.name}
        ) as writer,
    ):
        file.write(",".join(COLUMNS) + "\n")
        for part in parts:
            for batch in iter_batches(part, rows=ROWS):
                frame = batch.select(COLUMNS).to_pandas()
                frame.to_csv(file, index=False, header=False, lineterminator="\n")
                writer.write(batch)
