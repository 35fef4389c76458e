"""Scores of a night of alerts: every packet has its row, in order of candid."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, ScopeError
from scope.io.tables import read_metadata, read_table
from scope.io.writer import write_table
from scope.provenance import hash_json, record
from scope.schema import Column, arrow_schema
from scope.tasks.stamps.alerts import LAYERS, NOMINAL, Alert, read_alerts
from scope.tasks.stamps.images import refuse_twice
from scope.tasks.stamps.normalise import cropped
from scope.tasks.stamps.stamp_model import StampModel

CHUNK = 2000
"""Packets after which what is done is safe from a kill."""

REASONS = ("no_stamps", "broken_stamp", "other_layers", "other_size")

COLUMNS = (
    Column("candid", "int64", "", False, "id of the alert"),
    Column("object_id", "string", "", False, "the survey's name of the object"),
    Column("survey", "string", "", False, "ztf, pgir, winter or other"),
    Column("jd", "float64", "d", False, "time of the exposure"),
    Column("ra", "float64", "deg", False, "right ascension"),
    Column("dec", "float64", "deg", False, "declination"),
    Column("fid", "float64", "", True, "filter of the survey"),
    Column("mag", "float64", "mag", True, "PSF magnitude of the difference"),
    Column("rb", "float64", "", True, "the survey's own score, trees"),
    Column("drb", "float64", "", True, "the survey's own score, network"),
    Column("drb_version", "string", "", True, "the network that gave drb"),
    Column("ssdistnr", "float64", "arcsec", True, "distance to the nearest known minor planet"),
    Column("missing_pixels", "int32", "", True, "pixels of the stamps that are NaN"),
    Column("padded", "bool", "", True, "whether the edge of the image cut a stamp"),
    Column("score", "float32", "", True, "0 bogus to 1 real; null with a reason"),
    Column("probability", "float64", "", True, "calibrated; null where the model has none"),
    Column("reason", "string", "", True, "why there is no score: " + ", ".join(REASONS)),
)


def score_alerts(
    path: str | Path,
    output: str | Path,
    model: StampModel,
    *,
    chunk: int = CHUNK,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Score the packets of a file, archive or folder.

    What was scored before a kill is kept beside the output until it is whole.

    Parameters
    ----------
    path : path
    output : path
        Parquet, columns of `COLUMNS`.
    model : StampModel
        On science, template and difference, in this order.
    chunk : int
        Packets that are held at a time.

    Returns
    -------
    int
        Rows.

    Raises
    ------
    DuplicateIdError
        If a candid stands twice.
    ScopeError
        If a file is no alert packet; nothing is written.
    """
    output = Path(output)
    about = record("stamp_scores", model=model.bundle.identity, **(facts or {}))
    parts = output.with_name(f".{output.name}.parts")
    try:
        paths = [
            _scored(alerts, parts / f"{number:05d}.parquet", model, about)
            for number, alerts in enumerate(_chunks(read_alerts(path), chunk))
        ]
        empty = arrow_schema(COLUMNS).empty_table()
        table = pa.concat_tables([read_table(part) for part in paths] or [empty])
        refuse_twice(table.column("candid").to_numpy(), f"alerts of {path}")
        write_table(table.sort_by("candid"), output, about)
    except ScopeError:
        # What cannot be scored leaves nothing; what was killed leaves its parts.
        shutil.rmtree(parts, ignore_errors=True)
        raise
    shutil.rmtree(parts, ignore_errors=True)
    return int(table.num_rows)


def _chunks(alerts: Iterator[Alert], size: int) -> Iterator[list[Alert]]:
    if size < 1:
        raise InputError("packets of a chunk", value=size, allowed="1 or more")
    while chunk := list(islice(alerts, size)):
        yield chunk


def _scored(alerts: list[Alert], path: Path, model: StampModel, about: Mapping[str, Any]) -> Path:
    """Write the rows of a chunk, unless they are there already."""
    key = hash_json([about, [alert.candid for alert in alerts]])
    if path.is_file():
        try:
            if read_metadata(path).get("chunk") == key:
                return path
        except InputError:
            # A part that cannot be read is made again.
            path.unlink()
    write_table(table_of(alerts, model), path, {**about, "chunk": key})
    return path


def table_of(alerts: list[Alert], model: StampModel) -> pa.Table:
    """Return the rows of some alerts, in their order."""
    pad, size = model.card.normalisation.pad, model.card.size
    scores = np.full(len(alerts), np.nan, dtype=np.float32)
    reasons: list[str | None] = [alert.reason for alert in alerts]
    squares, rows = [], []
    for row, alert in enumerate(alerts):
        if alert.stamps is None:
            continue
        if model.card.layers != LAYERS:
            reasons[row] = "other_layers"
            continue
        square = alert.square(pad)
        if square.shape[0] < size or (square.shape[0] - size) % 2:
            reasons[row] = "other_size"
            continue
        squares.append(cropped(square[None], size)[0])
        rows.append(row)
    if rows:
        scores[rows] = model.scores(np.stack(squares))
    return _table(alerts, scores, reasons, model)


def _table(
    alerts: list[Alert],
    scores: npt.NDArray[np.float32],
    reasons: list[str | None],
    model: StampModel,
) -> pa.Table:
    values = {
        name: [None if np.isnan(a.values[name]) else a.values[name] for a in alerts]
        for name in ("jd", "ra", "dec", "fid", "mag", "rb", "drb", "ssdistnr")
    }
    there = ~np.isnan(scores)
    probability = model.probabilities(scores[there])
    filled: list[float | None] = [None] * len(alerts)
    if probability is not None:
        for row, value in zip(np.flatnonzero(there), probability, strict=True):
            filled[row] = float(value)
    columns = {
        "candid": [alert.candid for alert in alerts],
        "object_id": [alert.object_id for alert in alerts],
        "survey": [alert.survey for alert in alerts],
        **values,
        "drb_version": [alert.drb_version for alert in alerts],
        "missing_pixels": [_missing(alert) for alert in alerts],
        "padded": [_is_padded(alert) for alert in alerts],
        "score": [float(s) if ok else None for s, ok in zip(scores, there, strict=True)],
        "probability": filled,
        "reason": reasons,
    }
    schema = arrow_schema(COLUMNS)
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _missing(alert: Alert) -> int | None:
    if alert.stamps is None:
        return None
    return int(sum(np.isnan(stamp).sum() for stamp in alert.stamps))


def _is_padded(alert: Alert) -> bool | None:
    if alert.stamps is None:
        return None
    side = max(max(stamp.shape) for stamp in alert.stamps)
    side = max(side, NOMINAL.get(alert.survey, side))
    return any(stamp.shape != (side, side) for stamp in alert.stamps)


def link_to_catalogue(
    alerts: str | Path,
    catalogue: str | Path,
    output: str | Path,
    *,
    radius_arcsec: float = 1.5,
    columns: tuple[str, ...] = ("_id",),
) -> int:
    """Write for each alert the light curve nearest to it, and its distance.

    Parameters
    ----------
    alerts : path
        As `score_alerts` writes it.
    catalogue : path
        Parquet with ``_id``, ``ra``, ``dec`` (degrees), such as a catalogue of light-curve
        classifications.
    output : path
        Parquet: candid, score, `columns` of the nearest row, ``separation_arcsec``; null
        where none is near enough.
    radius_arcsec : float
        Most distance.

    Returns
    -------
    int
        Alerts with a light curve.
    """
    from scipy.spatial import cKDTree

    from scope.tasks.stamps.clean_data import unit_vectors

    left = read_table(alerts, ["candid", "ra", "dec", "score"])
    right = read_table(catalogue, list(dict.fromkeys(["ra", "dec", *columns])))
    chord = 2 * np.sin(np.radians(radius_arcsec / 3600) / 2)
    place = unit_vectors(left["ra"].to_numpy(), left["dec"].to_numpy())
    if right.num_rows and left.num_rows:
        tree = cKDTree(unit_vectors(right["ra"].to_numpy(), right["dec"].to_numpy()))
        far, near = tree.query(place, distance_upper_bound=chord)
    else:
        far, near = np.full(left.num_rows, np.inf), np.zeros(left.num_rows, dtype=np.intp)
    hit = np.isfinite(far)
    picked = pa.array(np.where(hit, near, 0), mask=~hit)
    apart = np.degrees(2 * np.arcsin(np.clip(np.where(hit, far, 0) / 2, 0, 1))) * 3600
    table = pa.table(
        {
            "candid": left["candid"],
            "score": left["score"],
            **{name: right[name].take(picked) for name in columns},
            "separation_arcsec": pa.array(apart, mask=~hit),
        }
    )
    write_table(table, output, record("stamp_links", read_metadata(alerts)))
    return int(hit.sum())
