"""The stages that ask a survey: sources, cleaned light curves, cross-matches of a unit."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.io.tables import read_metadata, read_table
from scope.io.writer import write_table
from scope.lightcurves.align import aligned
from scope.lightcurves.bright_stars import (
    BRIGHT_STAR,
    FAINT_LIMIT_MAG,
    BrightStarOptions,
    near_bright_star,
)
from scope.lightcurves.cleaning import (
    CleaningOptions,
    clean,
    clean_rows,
    emptied,
    is_dropped,
)
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS, CleanedLightCurves, write_lightcurve_file
from scope.lightcurves.left_out import LeftOut
from scope.provenance import record
from scope.schema import SOURCES, arrow_schema, source_columns
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
    where = _where(field, unit)
    gaia = None
    if bright_star is not None:
        ra, dec = _positions(table)
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
    _log_counts(f"{where}: sources", table.column("reason").to_pylist())


def fetch_lightcurves(
    survey: Survey,
    sources: str | Path,
    field: int,
    unit: str,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    rows: int = DEFAULT_ROWS,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the cleaned light curves of all sources of a unit, or why there is none.

    Parameters
    ----------
    survey : Survey
    sources : str or Path
        File of `fetch_sources`.
    field : int
    unit : str
    output : str or Path
        Parquet file, columns `scope.schema.lightcurve_schema`, one row for each row of
        `sources`, in that order.
    cleaning : CleaningOptions, optional
    rows : int
        Light curves in memory at a time; it leaves no trace in the file.
    facts : mapping, optional
        What to record beside the cleaning.
    """
    cleaning = cleaning or CleaningOptions()
    table = read_table(sources, ["_id", "reason"])
    ids = table.column("_id").to_numpy()
    reasons = np.array(table.column("reason").to_pylist(), dtype=object)
    counts: Counter[str | None] = Counter()
    left_out = LeftOut()
    where = _where(field, unit)

    def cleaned() -> Iterator[CleanedLightCurves]:
        start = 0
        for raw in in_order_of(ids, survey.iter_lightcurves(field, unit, rows)):
            given = reasons[start : start + len(raw)]
            start += len(raw)
            piece = _clean(raw, given, cleaning, left_out)
            counts.update(piece.reasons.tolist())
            yield piece
        left_out.require_dates(where, cleaning.max_timestamp_hjd)

    provenance = record(
        "lightcurves",
        read_metadata(sources),
        **{**(facts or {}), **cleaning.facts()},
    )
    write_lightcurve_file(cleaned(), output, provenance)
    left_out.warn(where)
    _log_counts(f"{where}: light curves", counts)


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
    ra, dec = _positions(table)
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


def in_order_of(ids: npt.NDArray[np.int64], stream: Iterable[LightCurves]) -> Iterator[LightCurves]:
    """Yield one light curve per id, in order, empty where the stream has none.

    Parameters
    ----------
    ids : (n,) int64
        Ascending.
    stream : iterable of LightCurves
        Ids ascend. Those that were not asked for are left out.
    """
    start = 0
    last = None
    for piece in stream:
        last = piece
        stop = int(np.searchsorted(ids, piece.ids[-1], side="right"))
        if stop > start:
            yield aligned(piece, ids[start:stop])
        start = stop
    if start < len(ids):
        yield aligned(_no_curves() if last is None else last[:0], ids[start:])


def _clean(
    raw: LightCurves,
    given: npt.NDArray[np.object_],
    cleaning: CleaningOptions,
    left_out: LeftOut,
) -> CleanedLightCurves:
    """Clean light curves of which some are dropped already, for the reasons given."""
    cleaned = clean_rows(raw, cleaning)
    left_out.add(cleaned.left_out)
    already = is_dropped(given)
    return CleanedLightCurves(
        emptied(cleaned.lightcurves, already),
        cleaned.n_epochs,
        np.where(already, given, cleaned.reasons),
    )


def _no_curves() -> LightCurves:
    nothing = np.zeros(0)
    return LightCurves(
        ids=np.zeros(0, dtype=np.int64),
        offsets=np.zeros(1, dtype=np.int64),
        time=nothing,
        mag=nothing,
        magerr=nothing,
    )


def _schema_of(table: pa.Table) -> pa.Schema:
    return arrow_schema(source_columns(table.schema.names))


def _where(field: int, unit: str) -> str:
    """Return what messages call a unit."""
    return unit if field == NO_FIELD else f"field {field} {unit}"


def _positions(table: pa.Table) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return table.column("ra").to_numpy(), table.column("dec").to_numpy()


def _log_counts(what: str, reasons: Iterable[str | None] | Counter[str | None]) -> None:
    counts = Counter(reasons)
    dropped = ", ".join(f"{n} {reason}" for reason, n in sorted(counts.items(), key=str) if reason)
    _log.info(
        "%s: %d, of these kept %d%s",
        what,
        counts.total(),
        counts[None],
        f" ({dropped})" if dropped else "",
    )


def cleaned_by_id(
    surveys: Sequence[Survey], ids: npt.NDArray[np.int64], cleaning: CleaningOptions
) -> tuple[LightCurves, npt.NDArray[np.object_]]:
    """Return the cleaned light curves of some ids, from the first survey that has each.

    Parameters
    ----------
    surveys : sequence of Survey
        At least one.
    ids : (n,) int64
    cleaning : CleaningOptions

    Returns
    -------
    lightcurves : LightCurves
        n light curves in the order of `ids`.
    reasons : (n,) object
        None, or why a light curve has no points.
    """
    curves, reasons = clean(surveys[0].lightcurves(ids), cleaning)
    for survey in surveys[1:]:
        missing = np.flatnonzero(curves.n_epochs == 0)
        more, more_reasons = clean(survey.lightcurves(ids[missing]), cleaning)
        rows = np.arange(len(ids))
        rows[missing] = len(ids) + np.arange(len(missing))
        curves = LightCurves.concatenate([curves, more]).take(rows)
        reasons = np.concatenate([reasons, more_reasons])[rows]
    return curves, reasons
