"""A catalogue, features and light curves of an invented field, as the stages write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.io import write_table
from scope.lightcurves import LightCurves
from scope.lightcurves.files import CleanedLightCurves, write_lightcurve_file
from scope.provenance import record

CLASSES = {
    "vnv": "variable",
    "pnp": "periodic",
    "ea": "EA",
    "ew": "EW",
    "rrab": "RR Lyrae ab",
    "dscu": "Delta Scu",
    "lpv": "LPV",
    "agn": "AGN",
    "cv": "CV",
    "fla": "flaring",
}
THRESHOLDS = {"label": 0.7, "evaluation": 0.5, "sampling": 0.9}
FACTS: dict[str, Any] = {
    "data_release": "DR5",
    "config_hash": "ab" * 32,
    "bundle": {"dnn": {"group": "starter", "sha256": "cd" * 32}, "xgb": {"group": "starter"}},
}


def catalog_table(columns: Mapping[str, Any]) -> pa.Table:
    """Return a catalogue of the given columns; those left out are plausible constants.

    Parameters
    ----------
    columns : mapping of str to sequence
        Must have ``_id``; None is null.
    """
    rows = len(columns["_id"])
    types = {
        "_id": pa.int64(),
        "Gaia_EDR3___id": pa.int64(),
        "AllWISE___id": pa.int64(),
        "PS1_DR1___id": pa.int64(),
        "ra": pa.float64(),
        "dec": pa.float64(),
        "period": pa.float64(),
        "field": pa.int32(),
        "ccd": pa.int32(),
        "quad": pa.int32(),
        "filter": pa.int32(),
        "n_epochs": pa.int32(),
        "significance": pa.float64(),
        "log10_fap": pa.float64(),
        "alias_trend": pa.bool_(),
        "reason": pa.string(),
        "imputed": pa.uint64(),
        "provenance": pa.int32(),
    }
    constants = {
        "ra": 10.0,
        "dec": 20.0,
        "period": 0.5,
        "field": 250,
        "ccd": 1,
        "quad": 1,
        "filter": 1,
        "n_epochs": 100,
        "significance": 8.0,
        "log10_fap": -12.0,
        "alias_trend": False,
        "reason": None,
    }
    table = {
        name: pa.array(columns.get(name, [constants.get(name, 0)] * rows), kind, from_pandas=True)
        for name, kind in types.items()
    }
    for name, values in columns.items():
        if name not in table:
            table[name] = pa.array(values, pa.float32(), from_pandas=True)
    return pa.table(table)


def write_catalog(path: Path, columns: Mapping[str, Any]) -> Path:
    """Write a catalogue, see `catalog_table`."""
    write_table(catalog_table(columns), path, record("catalog", **FACTS))
    return path


def write_features(path: Path, ids: Any, filters: Any, median: Any, amplitude: Any) -> Path:
    """Write a feature file with the columns that a report reads, and one that it does not."""
    table = pa.table(
        {
            "_id": pa.array(ids, pa.int64()),
            "filter": pa.array(filters, pa.int32(), from_pandas=True),
            "median": pa.array(median, pa.float64(), from_pandas=True),
            "i90r": pa.array(amplitude, pa.float64(), from_pandas=True),
            "skew": pa.array(np.zeros(len(ids))),
        }
    )
    write_table(table, path, record("features", **FACTS))
    return path


def write_curves(path: Path, curves: LightCurves) -> Path:
    """Write cleaned light curves, none of them dropped."""
    reasons = np.full(len(curves), None, dtype=object)
    write_lightcurve_file(
        [CleanedLightCurves(curves, curves.n_epochs, reasons)], path, record("lightcurves", **FACTS)
    )
    return path


def curves_of(ids: Any, periods: Any, *, epochs: int = 120, seed: int = 1) -> LightCurves:
    """Return light curves of three seasons: a saw-tooth of a given period each."""
    rng = np.random.default_rng(seed)
    parts = []
    for one, period in zip(ids, periods, strict=True):
        night = rng.integers(0, 3 * 365, 2 * epochs)
        night = np.sort(night[night % 365 < 220][:epochs])
        time = 58200.0 + night + rng.uniform(0.2, 0.5, len(night))
        error = rng.uniform(0.01, 0.03, len(night))
        mag = 17.0 + 0.8 * ((time / period) % 1.0) ** 0.7 + error * rng.standard_normal(len(time))
        parts.append((np.sort(time), mag, error, one))
    lengths = [len(part[0]) for part in parts]
    return LightCurves(
        ids=np.asarray([part[3] for part in parts], np.int64),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        time=np.concatenate([np.empty(0), *(part[0] for part in parts)]),
        mag=np.concatenate([np.empty(0), *(part[1] for part in parts)]),
        magerr=np.concatenate([np.empty(0), *(part[2] for part in parts)]),
    )


def invent_field(folder: Path, rows: int, *, seed: int = 7) -> tuple[Path, list[Path], list[Path]]:
    """Write an invented field and return its catalogue, feature and light-curve files.

    A third of the rows has too few epochs; a few percent belong to each class; the two
    algorithms agree roughly. The field straddles right ascension 0.
    """
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(10**8, rows, replace=False)) + 250_101_100_000_000
    epochs = rng.lognormal(4.8, 0.5, rows).astype(int)
    good = epochs >= 50
    kind = rng.choice(len(CLASSES) * 5, rows)
    period = 10 ** rng.uniform(-1.2, 2.2, rows)
    period[rng.random(rows) < 0.2] = 0.997
    amplitude = 10 ** rng.normal(-1.1, 0.35, rows)
    columns: dict[str, Any] = {
        "_id": ids,
        "ra": (359.0 + rng.uniform(0, 3.4, rows)) % 360,
        "dec": 20 + rng.uniform(0, 3.3, rows),
        "ccd": rng.integers(1, 5, rows),
        "quad": rng.integers(1, 5, rows),
        "filter": rng.integers(1, 4, rows),
        "n_epochs": epochs,
        "imputed": rng.integers(0, 3, rows),
        "reason": np.where(good, None, np.where(epochs < 20, "bright_star", "too_few_epochs")),
    }
    for number, tag in enumerate(CLASSES):
        member = kind == number
        if tag == "rrab":
            period[member], amplitude[member] = rng.uniform(0.4, 0.8, member.sum()), 0.7
        for name, spread in (("dnn", 0.9), ("xgb", 0.7)):
            logit = np.where(member, 3.0, -4.0) + rng.normal(0, 1.5, rows) * spread
            columns[f"{tag}_{name}"] = np.where(good, 1 / (1 + np.exp(-logit)), np.nan)
    columns["period"] = np.where(good, period, np.nan)
    catalog = write_catalog(folder / "catalog" / "field_250.parquet", columns)
    median = np.where(epochs > 20, rng.normal(18.5, 1.3, rows), np.nan)
    amplitude = np.where(good, amplitude, np.nan)
    feature_files, curve_files = [], []
    for part in np.array_split(np.arange(rows), 3):
        name = f"unit_{len(feature_files)}.parquet"
        feature_files.append(
            write_features(
                folder / "features" / name,
                ids[part],
                columns["filter"][part],
                median[part],
                amplitude[part],
            )
        )
        chosen = part[good[part]]
        curves = curves_of(ids[chosen], period[chosen], epochs=80)
        curve_files.append(write_curves(folder / "lightcurves" / name, curves))
    return catalog, feature_files, curve_files
