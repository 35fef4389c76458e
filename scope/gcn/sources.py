"""Sources on Fritz in the localization of an event, and the survey's light curves there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.errors import UsageError
from scope.io import write_bytes, write_table
from scope.services.fritz import Fritz
from scope.surveys.base import Survey

CONTOUR = 0.95
"""The part of the probability that the server's contour encloses by default."""


@dataclass(frozen=True)
class EventSource:
    """A source of Fritz.

    Attributes
    ----------
    name : str
    ra, dec : float
        Degrees.
    """

    name: str
    ra: float
    dec: float


def parse_dateobs(text: str) -> datetime:
    """Return the time of an event.

    Raises
    ------
    UsageError
        If it is not written as Fritz does, to full seconds.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise UsageError(
            "time of an event", value=text, allowed="a form like 2023-05-21T05:30:43"
        ) from None


def event_sources(
    fritz: Fritz,
    dateobs: str,
    *,
    group_ids: Sequence[int] = (),
    days_range: float = 7.0,
    contour: float = CONTOUR,
) -> list[EventSource]:
    """Return the sources in the contour of an event that were detected after it, by name.

    Parameters
    ----------
    fritz : Fritz
    dateobs : str
    group_ids : sequence of int
        Groups whose sources are meant; all that the token sees if there are none.
    days_range : float
        How many days after the event detections count.
    contour : float
        The part of the probability that the contour encloses.
    """
    end = parse_dateobs(dateobs) + timedelta(days=days_range)
    pages = fritz.pages(
        "sources",
        "sources",
        group_ids=list(group_ids) or None,
        localizationDateobs=dateobs,
        localizationCumprob=contour,
        startDate=dateobs,
        endDate=end.isoformat(timespec="seconds"),
        sortBy="id",
        sortOrder="asc",
    )
    found = [
        EventSource(source["id"], float(source["ra"]), float(source["dec"]))
        for page in pages
        for source in page
    ]
    return sorted(found, key=lambda source: source.name)


def sources_table(sources: Sequence[EventSource]) -> pa.Table:
    """Return ``obj_id``, ``ra`` and ``dec`` of sources: a list that the workflow takes."""
    return pa.table(
        {
            "obj_id": pa.array([source.name for source in sources], pa.string()),
            "ra": pa.array([source.ra for source in sources], pa.float64()),
            "dec": pa.array([source.dec for source in sources], pa.float64()),
        }
    )


def light_curve_table(
    survey: Survey, sources: Sequence[EventSource], radius_arcsec: float
) -> pa.Table:
    """Return the light curves within a radius of sources; one near several is of the nearest.

    Returns
    -------
    pyarrow.Table
        ``ztf_id`` (int64, ascending), ``fritz_name``, ``ra`` and ``dec`` [deg] of the light
        curve.
    """
    ra, dec = [source.ra for source in sources], [source.dec for source in sources]
    found = survey.cone(ra, dec, radius_arcsec) if sources else None
    best: dict[int, tuple[float, int, float, float]] = {}
    for row in [] if found is None else found.to_pylist():
        item = (row["separation_arcsec"], row["query"], row["ra"], row["dec"])
        best[row["_id"]] = min(item, best.get(row["_id"], item))
    ids = sorted(best)
    return pa.table(
        {
            "ztf_id": pa.array(ids, pa.int64()),
            "fritz_name": pa.array([sources[best[i][1]].name for i in ids], pa.string()),
            "ra": pa.array([best[i][2] for i in ids], pa.float64()),
            "dec": pa.array([best[i][3] for i in ids], pa.float64()),
        }
    )


def in_file_name(dateobs: str) -> str:
    """Return the time of an event as it stands in names of files and targets."""
    return dateobs.replace(":", "-")


def write_light_curve_table(table: pa.Table, stem: str | Path, dateobs: str) -> list[Path]:
    """Write a table of light curves as ``<stem>.<dateobs>.parquet`` and ``.json``.

    The JSON is id -> name and position, with right ascension - 180 as in Kowalski.
    """
    stem = Path(stem)
    paths = [
        stem.with_name(f"{stem.name}.{in_file_name(dateobs)}.{kind}")
        for kind in ("parquet", "json")
    ]
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    write_table(table, paths[0], {"dateobs": dateobs})
    content: dict[str, Any] = {
        str(row["ztf_id"]): {
            "fritz_name": row["fritz_name"],
            "radec_geojson": {
                "type": "Point",
                "coordinates": [float(np.float64(row["ra"]) - 180.0), row["dec"]],
            },
        }
        for row in table.to_pylist()
    }
    write_bytes((json.dumps(content, indent=1) + "\n").encode(), paths[1])
    return paths
