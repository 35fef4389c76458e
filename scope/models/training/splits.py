"""Splits into training, validation and test stars, by the name of the star alone.

The split is made before anything is fitted. All light curves of a star fall on the same
side, for every class, in every training, whatever other stars there are. Blocks of the sky
can take the place of stars: what stars of a region share (seeing, weather, a crowded or a
dusty field) then cannot help a model with those it is judged by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError

Floats = npt.NDArray[np.float64]

TRAIN: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
SETS: tuple[str, ...] = ("train", "val", "test")
"""Names of the sets, by their number."""

SALT = "scope split 1"
FOLD_SALT = "scope fold 1"


def star_fraction(star: object, salt: str = SALT) -> float:
    """Return a number from 0 to below 1 that depends on the name of a star alone."""
    digest = hashlib.sha256(f"{salt}:{star}".encode()).digest()
    # 53 bits: every value is exact in float64, and 1 is never reached.
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def split_by_star(
    stars: Iterable[object], *, test_size: float = 0.1, val_size: float = 0.1
) -> npt.NDArray[np.int8]:
    """Return the set of each row: 0 train, 1 validation, 2 test.

    Parameters
    ----------
    stars : iterable of length n
        Name or number of the star of each row. 7 and "7" are the same star.
    test_size : float
        Part of the stars for the test set.
    val_size : float
        Part of the other stars for the validation set.

    Returns
    -------
    (n,) int8

    Raises
    ------
    ConfigError
        If a part is not from 0 to below 1.
    """
    for name, part in (("test_size", test_size), ("val_size", val_size)):
        if not 0 <= part < 1:
            raise ConfigError(f"{name} that cannot be used", value=part, allowed="0 to below 1")
    validation_end = test_size + (1 - test_size) * val_size
    known: dict[object, int] = {}
    for star in (stars := list(stars)):
        if star not in known:
            fraction = star_fraction(star)
            known[star] = (
                TEST if fraction < test_size else VALIDATION if fraction < validation_end else TRAIN
            )
    return np.array([known[star] for star in stars], dtype=np.int8)


def sky_blocks(ra: Floats, dec: Floats, size_deg: float) -> list[str | None]:
    """Return the name of the block of the sky of each position; None where it is unknown.

    Bands of declination of about `size_deg`, cut into blocks as wide as they are high.

    Parameters
    ----------
    ra, dec : (n,) float64
        Degrees.
    size_deg : float
        Above 0.
    """
    known = np.isfinite(ra) & np.isfinite(dec)
    n_bands = max(1, round(180 / size_deg))
    band = np.clip((np.where(known, dec, 0.0) + 90) / 180 * n_bands, 0, n_bands - 1).astype(int)
    middle = np.radians((band + 0.5) / n_bands * 180 - 90)
    n_blocks = np.maximum(1, np.rint(360 * np.cos(middle) / size_deg)).astype(int)
    block = (np.where(known, ra, 0.0) % 360 / 360 * n_blocks).astype(int) % n_blocks
    places = zip(known, band, block, strict=True)
    return [f"sky {size_deg:g} {one} {other}" if here else None for here, one, other in places]


def kept_together(
    stars: npt.NDArray[np.str_], star_of_row: npt.NDArray[np.int64], blocks: Sequence[str | None]
) -> list[str]:
    """Return the block that each star belongs to with all its rows.

    Of several the first by name; without any it is by itself.

    Parameters
    ----------
    stars : (k,) str
    star_of_row : (n,) int64
    blocks : sequence of n str or None
    """
    found: dict[int, str] = {}
    for star, block in zip(star_of_row.tolist(), blocks, strict=True):
        if block is not None:
            found[star] = min(block, found.get(star, block))
    return [found.get(number, str(star)) for number, star in enumerate(stars)]


def star_folds(
    stars: npt.NDArray[np.generic], n_folds: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return (training rows, left-out rows) of each fold; a star is in one fold only.

    Parameters
    ----------
    stars : (n,) array
        Star of each row.
    n_folds : int
        At least 2.

    Returns
    -------
    list of ((k,) int64, (m,) int64)

    Raises
    ------
    ConfigError
        If there are fewer than 2 folds.
    InputError
        If a fold has no star.
    """
    if n_folds < 2:
        raise ConfigError("number of folds", value=n_folds, allowed="2 or more")
    names, star_of_row = np.unique(stars, return_inverse=True)
    fold_of_star = [int(star_fraction(name, FOLD_SALT) * n_folds) for name in names]
    fold = np.array(fold_of_star, dtype=np.int64)[star_of_row]
    if len(names) and len(set(fold_of_star)) < n_folds:
        raise InputError(
            "too few stars, or blocks of the sky, for the folds of a search",
            value=len(names),
            allowed=f"enough for each of {n_folds} folds to get some",
            todo="add stars, or choose fewer folds or smaller blocks",
        )
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n_folds)]
