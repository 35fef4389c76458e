"""Which stars train, validate and test: fixed by the name of the star alone.

The split is made before anything is fitted. All light curves of a star fall on the same
side, for every class, in every training, whatever other stars there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError

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
    """
    if n_folds < 2:
        raise ConfigError("number of folds", value=n_folds, allowed="2 or more")
    names, star_of_row = np.unique(stars, return_inverse=True)
    fold_of_star = [int(star_fraction(name, FOLD_SALT) * n_folds) for name in names]
    fold = np.array(fold_of_star, dtype=np.int64)[star_of_row]
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n_folds)]
