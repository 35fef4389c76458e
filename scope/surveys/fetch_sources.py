"""The sources of a unit: which light curves there are, and which are dropped at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.io.writer import write_table
from scope.lightcurves.bright_stars import (
    BRIGHT_STAR,
    FAINT_LIMIT_MAG,
    BrightStarOptions,
    near_bright_star,
)
from scope.provenance import record
from scope.schema import arrow_schema, source_columns
from scope.surveys.base import NO_FIELD, Survey

_log = logging.getLogger(__name__)


def fetch_sources(
    survey: Survey,
    field: int,
    unit: str,
    output: str | Path,
    *,
    bright_star: BrightStarOptions | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the light curves of a unit, those in the glare of a bright star with a reason.

    Parameters
    ----------
    survey : Survey
    field : int
    unit : str
        ``ccd_<CC>_quad_<Q>``.
    output : str or Path
        Parquet file, columns `scope.schema.SOURCES`, by ``_id``.
    bright_star : BrightStarOptions, optional
        None for no cut. Where the survey has no Gaia table there is none either, and the
        fact ``bright_star_cut`` says so.
    facts : mapping, optional
        What to record beside the data release and the cut.

    Raises
    ------
    NotFoundError
        If there is no such field or unit.
    """
    table = survey.sources(field, unit)
    where = where_of(field, unit)
    gaia = None
    if bright_star is not None:
        ra, dec = positions_of(table)
        gaia = survey.catalogue(
            *("Gaia_EDR3", ra, dec, bright_star.query_radius_arcsec),
            limits={"phot_g_mean_mag": FAINT_LIMIT_MAG},
        )
    if gaia is not None:
        near = near_bright_star(ra, dec, gaia, bright_star)
        glare = pa.array([BRIGHT_STAR if hit else None for hit in near], type=pa.string())
        reason = pc.coalesce(table.column("reason"), glare)
        table = table.set_column(table.schema.get_field_index("reason"), "reason", reason)
    elif bright_star is not None:
        _log.warning("%s: no Gaia table, so no bright-star cut", where)
    provenance = record(
        "sources",
        None,
        **{**(facts or {}), **survey.facts(field, unit), "bright_star_cut": gaia is not None},
    )
    write_table(table.cast(_schema_of(table)), output, provenance)
    log_counts(f"{where}: sources", table.column("reason").to_pylist())


def _schema_of(table: pa.Table) -> pa.Schema:
    return arrow_schema(source_columns(table.schema.names))


def where_of(field: int, unit: str) -> str:
    """Return what messages call a unit."""
    return unit if field == NO_FIELD else f"field {field} {unit}"


def positions_of(table: pa.Table) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return right ascensions and declinations of a table of sources, (n,) float64, degrees."""
    return table.column("ra").to_numpy(), table.column("dec").to_numpy()


def log_counts(what: str, reasons: Iterable[str | None] | Counter[str | None]) -> None:
    counts = Counter(reasons)
    dropped = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items(), key=str) if reason)
    _log.info(
        "%s: %d, of these kept %d%s",
        what,
        counts.total(),
        counts[None],
        f" ({dropped})" if dropped else "",
    )
