"""From a labelled set to what a training sees: split, weights, normalised stamps on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import ConfigError, InputError
from scope.models.training.splits import TEST, TRAIN, VALIDATION, split_by_star
from scope.provenance import hash_file
from scope.tasks.stamps.clean_data import unit_vectors
from scope.tasks.stamps.normalise import Normalisation, normalised
from scope.tasks.stamps.sets import BLOCK_ROWS, LABELS_FILE, STAMPS_FILE, Stamps, open_set

SAME_ARCSEC = 3.0
"""Detections that are nearer than this in two images are of one object."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Row numbers of the sets; no image and no object is in two of them."""

    train: Rows
    validation: Rows
    test: Rows
    groups: npt.NDArray[np.int64]


def split_rows(
    labels: pd.DataFrame, *, test_split: float, validation_split: float, random_state: int
) -> Split:
    """Split the rows with a known label by image and object.

    Which set a group falls into depends on its images and the `random_state` alone, by the
    same rule as for light curves.

    Raises
    ------
    InputError
        If a set is empty or has one class only.
    """
    groups = joined_groups(labels)
    first = pd.Series(labels["image_id"].to_numpy()).groupby(groups).min()
    names = [f"{random_state}:{first[group]}" for group in groups]
    sets = split_by_star(names, test_size=test_split, val_size=validation_split)
    known = labels["label"].to_numpy() >= 0
    target = labels["label"].to_numpy()
    parts = [np.flatnonzero((sets == number) & known) for number in (TRAIN, VALIDATION, TEST)]
    for name, rows, wanted in zip(
        ("training", "validation", "test"),
        parts,
        (True, validation_split > 0, test_split > 0),
        strict=True,
    ):
        if wanted and len(set(target[rows])) < 2:
            raise InputError(
                f"labelled set whose {name} part has not both real and bogus rows",
                value=f"{len(rows)} rows of {len(set(labels['image_id']))} images",
                todo="label more images, or choose other parts (test_split, validation_split) or "
                "another random_state",
            )
    if validation_split <= 0:
        raise ConfigError(
            "validation_split", value=validation_split, allowed="above 0: it ends the training"
        )
    return Split(parts[0], parts[1], parts[2], groups)


def joined_groups(labels: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return a number for each row: the same for rows that share an image or an object.

    What images have in common joins them too, so that a field that is seen every night is
    one group.

    (n,) int64.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    image = pd.factorize(labels["image_id"])[0]
    ra, dec = labels["ra"].to_numpy(float), labels["dec"].to_numpy(float)
    placed = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    chord = 2 * np.sin(np.radians(SAME_ARCSEC / 3600) / 2)
    tree = cKDTree(unit_vectors(ra[placed], dec[placed]))
    pairs = tree.query_pairs(chord, output_type="ndarray")
    n = int(image.max(initial=-1)) + 1
    left, right = image[placed[pairs[:, 0]]], image[placed[pairs[:, 1]]]
    graph = coo_matrix((np.ones(len(left)), (left, right)), shape=(n, n))
    joined = connected_components(graph, directed=False)[1]
    return np.asarray(joined[image], dtype=np.int64)


@dataclass(frozen=True)
class Prepared:
    """A labelled set, ready for a network.

    Attributes
    ----------
    labels : DataFrame
    images : (n, size, size, layers) float32
        A memory map: pages that are not used are not in memory.
    """

    labels: pd.DataFrame
    images: npt.NDArray[np.float32]


@contextmanager
def prepared_set(
    folder: str | Path,
    layers: Sequence[int],
    how: Normalisation,
    function: Callable[[Any], Any] | None = None,
    prefix: str = "",
) -> Iterator[Prepared]:
    """Give a labelled set with its stamps normalised, in a file that goes in the end."""
    import tempfile

    labels, stamps = open_set(folder, prefix)
    with stamps, tempfile.TemporaryDirectory(prefix="stamps_") as work:
        images = normalised_file(stamps, layers, how, Path(work) / "images.npy", function)
        yield Prepared(labels, images)


def check_layers(layers: Sequence[int] | None, there: int) -> tuple[int, ...]:
    """Return the layers of a training.

    Raises
    ------
    ConfigError
        If a number is none of the set's layers.
    """
    chosen = tuple(range(there)) if layers is None else tuple(int(n) for n in layers)
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(there)):
        raise ConfigError("layers", value=chosen, allowed=f"numbers from 0 to {there - 1}, once")
    return chosen


def normalised_file(
    stamps: Stamps,
    layers: Sequence[int],
    how: Normalisation,
    path: Path,
    function: Callable[[Any], Any] | None = None,
) -> npt.NDArray[np.float32]:
    """Normalise stamps block by block into a file, and return it as a memory map.

    `stamps` are those of a set, (n, size, size, layers of the file); the result: (n, size, size,
    layers) float32.
    """
    size = stamps.shape[0]
    shape = (len(stamps), size, size, len(layers))
    images = np.lib.format.open_memmap(path, "w+", dtype=np.float32, shape=shape)
    for start in range(0, len(stamps), BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, len(stamps)))
        images[start : start + len(rows)] = normalised(stamps.read(rows, layers), how, function)
    images.flush()
    return images


def set_hashes(folder: str | Path, prefix: str = "") -> dict[str, str]:
    """Return the SHA-256 of the files of a labelled set."""
    folder = Path(folder)
    return {name: hash_file(folder / f"{prefix}{name}") for name in (LABELS_FILE, STAMPS_FILE)}
