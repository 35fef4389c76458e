"""Sources on Fritz in the localization of an event, and the survey's light curves there."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.errors import NoLocalizationError, RefusedError, UsageError
from scope.fritz.sources import USABLE
from scope.io import write_bytes, write_table
from scope.services.fritz import Fritz
from scope.surveys.base import Survey

CONTOUR = 0.95
"""The part of the probability that the server's contour encloses by default."""

MJD_ZERO = datetime(1858, 11, 17)

_log = logging.getLogger(__name__)


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

    The server would look for sources with *all* their detections in a window of time, and leave
    out every star that was known before. It is asked for all sources of the contour, and for
    their first and last detections, by which most are judged; only of a source with detections
    both before and after the window the photometry is asked for, a request each.

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

    Raises
    ------
    NotFoundError
        If there is no such event.
    NoLocalizationError
        If the event has no localization, or none yet.
    """
    begin = parse_dateobs(dateobs)
    end = begin + timedelta(days=days_range)
    window = (_mjd(begin), _mjd(end))
    pages = fritz.pages(
        "sources",
        "sources",
        group_ids=list(group_ids) or None,
        localizationDateobs=dateobs,
        localizationCumprob=contour,
        startDate=dateobs,
        # Both dates must be given, and are not looked at.
        endDate=end.isoformat(timespec="seconds"),
        requireDetections=False,
        includeDetectionStats=True,
        sortBy="id",
        sortOrder="asc",
    )
    try:
        near = [source for page in pages for source in page]
    except RefusedError as error:
        if not re.search(r"Localization .*not found", str(error.value)):
            raise
        # An event that there is not has no localization either.
        fritz.get(f"gcn_event/{dateobs}")
        raise NoLocalizationError("no localization of the event yet", value=dateobs) from None
    found = [
        EventSource(source["id"], float(source["ra"]), float(source["dec"]))
        for source in near
        if _is_detected(fritz, source, window)
    ]
    return sorted(found, key=lambda source: source.name)


def _mjd(time: datetime) -> float:
    return (time - MJD_ZERO) / timedelta(days=1)


def _is_detected(fritz: Fritz, source: Mapping[str, Any], window: tuple[float, float]) -> bool:
    """Whether a source has a detection in a window of time (MJD)."""
    first, last = window
    for known in source.get("photstats") or ():
        earliest, latest = known["first_detected_mjd"], known["last_detected_mjd"]
        if earliest is None or earliest > last or latest < first:
            return False
        if first <= earliest or latest <= last:
            return True
    name = source["id"]
    if not re.fullmatch(USABLE, name):
        _log.warning("%s: Fritz does not tell when it was detected; it is taken", name)
        return True
    points = fritz.get(f"sources/{name}/photometry", format="mag")
    return any(point["mag"] is not None and first <= point["mjd"] <= last for point in points)


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
