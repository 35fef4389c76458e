"""Which stamps of a pool are worth a label next: BALD, or at random.

A step takes the model and its training set, and a pool of stamps with labels that are played
back (or asked for elsewhere, see `scope.tasks.stamps.active_learning.choose`); it writes a new
labelled set with the chosen rows added, and which ids of the pool were taken so far.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import ConfigError, InputError, few
from scope.io.atomic import write_bytes
from scope.io.user_tables import read_user_table
from scope.tasks.stamps.judging import binary_entropy
from scope.tasks.stamps.label_runs import new_folder
from scope.tasks.stamps.network_scores import network_of, read_meta
from scope.tasks.stamps.normalise import Normalisation, normalised
from scope.tasks.stamps.sets import (
    BLOCK_ROWS,
    LABELS_FILE,
    STAMPS_FILE,
    Stamps,
    StampWriter,
    open_set,
    write_labels,
)

Floats = npt.NDArray[np.floating]

SAMPLES = 30


def bald_scores(samples: Floats) -> npt.NDArray[np.float64]:
    """Return the mutual information of label and weights (bits), from dropout samples.

    The entropy of the mean less the mean of the entropies (Houlsby et al. 2011,
    arXiv 1112.5745); probabilities are kept 1e-6 from 0 and 1.

    Parameters
    ----------
    samples : (n, samples) float

    Returns
    -------
    (n,) float64
    """
    mean = np.asarray(samples, dtype=np.float64).mean(axis=1)
    return np.asarray(binary_entropy(mean) - binary_entropy(samples).mean(axis=1))


def choose(ids: npt.NDArray[Any], values: Floats, taken: set[str], n: int) -> npt.NDArray[np.intp]:
    """Return the rows with the highest values that were not taken, the highest first.

    Of equal values the first by id, so that the order of the pool does not matter.

    `ids` and `values`: (m,), one per row of the pool; the result: (n,) intp.

    Raises
    ------
    InputError
        If fewer than `n` are left.
    """
    free = np.array([str(one) not in taken for one in ids], dtype=bool)
    if n < 1 or free.sum() < n:
        raise InputError(
            "rows to acquire from a pool", value=n, allowed=f"1 to {int(free.sum())}, those left"
        )
    rows = np.flatnonzero(free)
    order = np.lexsort((np.asarray(ids, dtype=str)[rows], -np.asarray(values)[rows]))
    return np.asarray(rows[order[:n]])


def bald_strategy_step(
    model_dir: str | Path,
    pool_dir: str | Path,
    out_dir: str | Path,
    n_acquire: int,
    n_samples: int = SAMPLES,
    *,
    seed: int = 0,
) -> Path:
    """Add the rows of a pool that the model's dropout samples disagree about most.

    Parameters
    ----------
    model_dir : path
        The folder of a model that `classifier.train` wrote.
    pool_dir : path
        A labelled set.
    out_dir : path
        Parent of the new labelled set.
    n_acquire, n_samples : int

    Returns
    -------
    Path
        The new set: the training set of the model and the chosen rows; ``baldmask.csv`` lists
        the ids that were taken from pools so far, one a row.
    """
    meta, folder = read_meta(model_dir)
    labels, stamps = open_set(pool_dir)
    network, how = network_of(folder), Normalisation.parse(meta["normalise"])
    if not network.has_dropout:
        raise ConfigError(
            "network without dropout", value=str(model_dir), todo="train models.bayesian_vgg6"
        )
    values = np.empty(len(labels))
    with stamps:
        for start in range(0, len(labels), BLOCK_ROWS):
            rows = np.arange(start, min(start + BLOCK_ROWS, len(labels)))
            block = normalised(stamps.read(rows, meta["layers"]), how)
            values[rows] = bald_scores(network.samples(block, n_samples, seed=seed + start))
    return _acquire(folder, meta, Path(pool_dir), Path(out_dir), n_acquire, values, "baldmask.csv")


def random_acquisition_strategy(
    model_dir: str | Path,
    pool_dir: str | Path,
    out_dir: str | Path,
    n_acquire: int,
    *,
    seed: int = 0,
) -> Path:
    """Add rows of a pool at random; else as `bald_strategy_step`, with ``randmask.csv``."""
    meta, folder = read_meta(model_dir)
    labels, stamps = open_set(pool_dir)
    stamps.close()
    values = np.random.default_rng(seed).random(len(labels))
    return _acquire(folder, meta, Path(pool_dir), Path(out_dir), n_acquire, values, "randmask.csv")


def read_mask(path: Path) -> set[str]:
    """Return the ids of a mask; a set that has none gives none.

    Raises
    ------
    InputError
        If it holds row numbers, as the masks of gotorb do.
    """
    if not path.is_file():
        return set()
    table = read_user_table(path, names=("id",))
    if list(table.columns) != ["id"]:
        raise InputError(
            f"mask {path} of another form",
            value=", ".join(map(str, table.columns)),
            allowed="one column, id",
            todo="start a new round: row numbers cannot be joined to a pool",
        )
    return set(table["id"].dropna())


def _acquire(
    folder: Path,
    meta: dict[str, Any],
    pool_dir: Path,
    out_dir: Path,
    n: int,
    values: Floats,
    mask: str,
) -> Path:
    prefix = str(meta["labels_filename"]).removesuffix(LABELS_FILE)
    old, old_stamps = open_set(folder.parent, prefix)
    pool, pool_stamps = open_set(pool_dir)
    with old_stamps, pool_stamps:
        taken = read_mask(folder.parent / mask)
        rows = choose(pool["id"].to_numpy(), values, taken | set(old["id"]), n)
        new = pool.iloc[np.sort(rows)]
        if unknown := [
            one for one, label in zip(new["id"], new["label"], strict=True) if label < 0
        ]:
            raise InputError(
                "chosen rows without a label", value=few(unknown), todo="label them first"
            )
        target = new_folder(out_dir, "data_%Y%m%d-%H%M%S")
        _write_joined(target, old_stamps, pool_stamps, np.sort(rows))
        masked = pd.DataFrame({"id": sorted(taken | set(new["id"]))})
        write_bytes(masked.to_csv(index=False).encode(), target / mask)
        write_labels(pd.concat([old, new], ignore_index=True), target / LABELS_FILE)
    return target


def _write_joined(target: Path, old: Stamps, pool: Stamps, rows: npt.NDArray[np.intp]) -> None:
    size, _, layers = old.shape
    with StampWriter(target / STAMPS_FILE, size, layers, len(old) + len(rows)) as writer:
        for block in old.blocks():
            writer.write(block)
        for start in range(0, len(rows), BLOCK_ROWS):
            writer.write(pool.read(rows[start : start + BLOCK_ROWS]))
