"""How our periods of labelled light curves compare with those of published catalogues."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import MissingColumnError
from scope.io import read_schema, read_table, write_table
from scope.periods.relations import WINDOWS
from scope.provenance import record

Floats = npt.NDArray[np.float64]

TOLERANCE = 0.01
"""Relative; a period this close is the same."""
ALIAS_TOLERANCE = 0.001
"""Relative, of frequencies: aliases are many, and a wide tolerance would find some by chance."""
MULTIPLES: dict[str, float] = {"P": 1.0, "P/2": 0.5, "2P": 2.0, "P/3": 1 / 3, "3P": 3.0}
ALIAS, OTHER, NONE = "alias", "other", "none"
RELATIONS = (*MULTIPLES, ALIAS, OTHER, NONE)
"""What our period is of the published one: `NONE` where we have none."""


def period_relations(ours: Floats, published: Floats) -> npt.NDArray[np.object_]:
    """Return what our periods are of published ones, (n,) of `RELATIONS`.

    Parameters
    ----------
    ours, published : (n,) float64
        Days; ours may be NaN.

    Notes
    -----
    Aliases are abs(f - k w) and f + k w, with f the frequency of P, P/2 or 2P, w a solar or a
    sidereal day, and k 1 or 2.
    """
    found = np.full(len(ours), OTHER, dtype=object)
    with np.errstate(divide="ignore", invalid="ignore"):
        frequency = 1.0 / ours
        for ratio in (1.0, 0.5, 2.0):
            base = 1.0 / (published * ratio)
            for window in WINDOWS["alias_day"]:
                for shift in (window, 2 * window):
                    for other in (np.abs(base - shift), base + shift):
                        found[np.abs(frequency / other - 1) < ALIAS_TOLERANCE] = ALIAS
        # What is near enough to be a multiple is that, whatever else it is.
        for name, ratio in reversed(MULTIPLES.items()):
            found[np.abs(ours / (published * ratio) - 1) < TOLERANCE] = name
    found[~(ours > 0)] = NONE
    return found


def compare_periods(
    labels: str | Path, features: str | Path, column: str, output: str | Path
) -> dict[str, Counter[str]]:
    """Write what our period of each labelled light curve is of the published one.

    Parameters
    ----------
    labels : path
        ``labels.parquet`` of `scope.surveys.label_light_curves.label_light_curves`.
    features : path
        Parquet with ``_id`` and the period.
    column : str
        Our period, such as ``period_LS_BIC``.
    output : path

    Returns
    -------
    dict of str to Counter
        Relations by catalogue and class, of light curves with a published period and features.

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If the features have no such period.
    """
    names = read_schema(features).names
    if column not in names:
        raise MissingColumnError(
            f"features without {column}, {features}",
            allowed=", ".join(name for name in names if name.startswith("period_")) or None,
            todo="set features.info.period_suffix to a search that these features have",
        )
    table = read_table(labels).to_pydict()
    here = read_table(features, ["_id", column]).to_pydict()
    ours = dict(zip(here["_id"], here[column], strict=True))
    rows: list[dict[str, Any]] = []
    keys = ("objectid", "catalogue", "catalogue_class", "catalogue_period_days")
    for one, name, kind, period in zip(*(table[key] for key in keys), strict=True):
        if period is not None and one in ours:
            value = ours[one]
            rows.append(
                dict(zip((*keys, "period_days"), (one, name, kind, period, value), strict=True))
            )
    relations = period_relations(
        np.array([np.nan if r["period_days"] is None else r["period_days"] for r in rows], float),
        np.array([row["catalogue_period_days"] for row in rows], float),
    )
    counts: dict[str, Counter[str]] = {}
    for row, relation in zip(rows, relations, strict=True):
        row["relation"] = str(relation)
        counts.setdefault(f"{row['catalogue']} {row['catalogue_class']}", Counter())[relation] += 1
    schema = pa.schema(
        [
            ("objectid", pa.int64()),
            ("catalogue", pa.string()),
            ("catalogue_class", pa.string()),
            ("catalogue_period_days", pa.float64()),
            ("period_days", pa.float64()),
            ("relation", pa.string()),
        ]
    )
    metadata = record("labels", None, period_column=column)
    write_table(pa.Table.from_pylist(rows, schema=schema), output, metadata)
    return counts


def comparison_lines(counts: dict[str, Counter[str]]) -> list[str]:
    """Return the counts as a table for people to read."""
    lines = [f"{'our period is':<32} " + " ".join(f"{name:>6}" for name in RELATIONS)]
    for name, found in sorted(counts.items(), key=lambda item: -item[1].total()):
        lines.append(f"{name:<32} " + " ".join(f"{found[r]:>6}" for r in RELATIONS))
    return lines
