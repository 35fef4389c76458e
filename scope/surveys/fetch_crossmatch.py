"""What external catalogues and alerts know about the sources of a unit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.io.tables import read_metadata, read_table
from scope.io.writer import write_table
from scope.provenance import record
from scope.schema import SOURCES, arrow_schema
from scope.surveys.base import Survey
from scope.surveys.fetch_sources import positions_of


def fetch_crossmatch(
    survey: Survey,
    sources: str | Path,
    output: str | Path,
    *,
    radius_arcsec: float = 2.0,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write what external catalogues and alerts know about the sources of a unit.

    Parameters
    ----------
    survey : Survey
    sources : str or Path
        File of `fetch_sources`.
    output : str or Path
        Parquet file: ``_id`` and `scope.features.crossmatch_catalogues.crossmatch_columns`, one row
        for each row of `sources`, in that order.
    radius_arcsec : float
        The nearest entry counts if it is within this radius.
    facts : mapping, optional
        What to record beside the radius.
    """
    table = read_table(sources, ["_id", "ra", "dec"])
    ra, dec = positions_of(table)
    matches = survey.crossmatch(ra, dec, radius_arcsec)
    alerts = survey.alerts(ra, dec, radius_arcsec)
    columns = (SOURCES[0], *crossmatch_columns())
    found = {"_id": table.column("_id")}
    for part in (matches, alerts):
        found.update(zip(part.schema.names, part.columns, strict=True))
    joined = pa.table([found[column.name] for column in columns], schema=arrow_schema(columns))
    provenance = record(
        "crossmatch",
        read_metadata(sources),
        **{**(facts or {}), "xmatch_radius_arcsec": float(radius_arcsec)},
    )
    write_table(joined, output, provenance)
