"""Quality of a table of stars: what to expect above a cut, by class and by what stars are like.

For the stars of a class above a cut the mean of their probabilities is the part that should be
of the class, and their sum over that of all stars the part of the class that is found: as the
validation papers of Gaia print purity and completeness (Eyer et al. 2023, A&A 674, A13), expected
from the probabilities and not measured on labels. They hold as far as the probabilities do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.io import iter_batches, read_metadata, read_schema, write_table
from scope.provenance import record
from scope.schema import Column, arrow_schema, require_columns

SLICES: Mapping[str, tuple[float, ...]] = {
    "all": (-np.inf, np.inf),
    "magnitude": (0, 14, 15, 16, 17, 18, 19, 20, 30),
    "epochs": (0, 50, 100, 200, 400, 800, 1600, np.inf),
    "galactic_latitude": (0, 5, 10, 15, 30, 60, 90.0001),
    "bands": (1, 2, 3, 4),
}
"""Edges of the slices; the lower one is included. Magnitude in mag, absolute latitude in deg."""

QUALITY: tuple[Column, ...] = (
    Column("class", "string", "", False, "Tag of the class"),
    Column("slice", "string", "", False, f"What stars are told apart by: {', '.join(SLICES)}"),
    Column("low", "float64", "", True, "Lower edge, included; null for all stars"),
    Column("high", "float64", "", True, "Upper edge, not included; null where there is none"),
    Column("stars", "int64", "", False, "Stars with a probability of the class"),
    Column("expected", "float64", "", False, "Sum of their probabilities: members to expect"),
    Column(
        "expected_error",
        "float64",
        "",
        False,
        "Standard deviation of the number of members, stars being apart: sqrt(sum p (1 - p))",
    ),
    Column("above", "int64", "", False, "Stars whose probability reaches the cut"),
    Column("purity", "float64", "", True, "Mean probability of these: the part to expect"),
    Column("completeness", "float64", "", True, "Expected members of these, of all expected"),
    Column("strange", "int64", "", False, "Stars unlike anything that the models know, not above"),
)
"""The columns of a table of quality."""

Floats = npt.NDArray[np.float64]


def quality_table(path: str | Path, *, cut: float = 0.5, strange_below: float = 0.0) -> pa.Table:
    """Return the quality of a table of stars, one row per class and slice with stars.

    Parameters
    ----------
    path : path
        See `scope.product.publish_stars`; read piece by piece. Without probabilities the table has
        no rows.
    cut : float
        Probability from which on a star counts as one of the class.
    strange_below : float
        Stars with an ``ood_p`` below this reach no cut.

    Returns
    -------
    pyarrow.Table
        Columns `QUALITY`.
    """
    names = read_schema(path).names
    needed = ["ra", "dec", "mag", "n_epochs", "n_g", "n_r", "n_i", "ood_p"]
    require_columns(names, needed, f" in {path}")
    tags = star_tags(names)
    sums: dict[tuple[str, str, int], Floats] = {}
    for piece in iter_batches(path, [*needed, *(f"{tag}_p" for tag in tags)]):
        places = dict(_places(piece))
        usual = ~(_numbers(piece, "ood_p").astype(np.float32) < np.float32(strange_below))
        for tag in tags:
            p = _numbers(piece, f"{tag}_p")
            there = np.isfinite(p)
            above = there & usual & (p >= cut)
            parts = [there, p, p * (1 - p), above, np.where(above, p, 0), there & ~usual]
            for name, place in places.items():
                use = np.flatnonzero(there & (place >= 0))
                for number in np.unique(place[use]):
                    rows = use[place[use] == number]
                    found = np.array([part[rows].sum() for part in parts], dtype=np.float64)
                    key = (tag, name, int(number))
                    sums[key] = sums.get(key, np.zeros(len(parts))) + found
    order = {name: number for number, name in enumerate(SLICES)}
    tag_order = {tag: number for number, tag in enumerate(tags)}
    keys = sorted(sums, key=lambda key: (tag_order[key[0]], order[key[1]], key[2]))
    rows = [_row(*key, sums[key]) for key in keys]
    return pa.Table.from_pylist(rows, schema=arrow_schema(QUALITY))


def write_quality(
    path: str | Path, output: str | Path, *, cut: float = 0.5, strange_below: float = 0.0
) -> pa.Table:
    """Write what `quality_table` returns as Parquet, and return it."""
    table = quality_table(path, cut=cut, strange_below=strange_below)
    write_table(table, output, record("quality", read_metadata(path), cut=cut))
    return table


def star_tags(names: Iterable[str]) -> list[str]:
    """Return the classes of which stars have a probability, in the order of the columns."""
    there = list(names)
    return [
        name.removesuffix("_p_train")
        for name in there
        if name.endswith("_p_train") and f"{name.removesuffix('_p_train')}_p" in there
    ]


def _row(tag: str, name: str, number: int, sums: Floats) -> dict[str, Any]:
    stars, expected, spread, above, found, strange = sums.tolist()
    low, high = SLICES[name][number : number + 2]
    return {
        "class": tag,
        "slice": name,
        "low": low if np.isfinite(low) else None,
        "high": high if np.isfinite(high) else None,
        "stars": int(stars),
        "expected": expected,
        "expected_error": float(np.sqrt(spread)),
        "above": int(above),
        "purity": found / above if above else None,
        "completeness": found / expected if expected > 0 else None,
        "strange": int(strange),
    }


def _places(piece: pa.Table) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Return in which slice of each kind each star is; -1 where it is in none."""
    bands = sum((_numbers(piece, f"n_{band}") > 0).astype(float) for band in "gri")
    values: dict[str, Floats] = {
        "all": np.zeros(len(piece)),
        "magnitude": _numbers(piece, "mag"),
        "epochs": _numbers(piece, "n_epochs"),
        "galactic_latitude": np.abs(
            galactic_latitude(_numbers(piece, "ra"), _numbers(piece, "dec"))
        ),
        "bands": np.asarray(bands, dtype=np.float64),
    }
    for name, edges in SLICES.items():
        place = np.full(len(piece), -1, dtype=np.int64)
        for number, (low, high) in enumerate(pairwise(edges)):
            with np.errstate(invalid="ignore"):
                place[(values[name] >= low) & (values[name] < high)] = number
        yield name, place


_NORTH_POLE = (192.85948, 27.12825)
"""Of the Galaxy, ICRS, degrees (ESA 1997, The Hipparcos Catalogue, vol. 1, section 1.5.3)."""


def galactic_latitude(ra: Floats, dec: Floats) -> Floats:
    """Return galactic latitudes of positions, all in degrees, (n,) float64.

    `ra` and `dec`: (n,) float64, ICRS.
    """
    lon, lat = np.radians(ra - _NORTH_POLE[0]), np.radians(dec)
    pole = np.radians(_NORTH_POLE[1])
    sine = np.sin(lat) * np.sin(pole) + np.cos(lat) * np.cos(pole) * np.cos(lon)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


def _numbers(piece: pa.Table, name: str) -> Floats:
    values = piece.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(values)
