"""Writing a simulated quadrant in the layout of the survey's bulk files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.errors import InputError
from scope.identifiers import encode_data_release, rc_from_ccd_quad
from scope.io.writer import TableWriter
from scope.provenance import STAGES
from scope.surveys.folder_files import ALERTS_TABLE, CROSSMATCH_FOLDER
from scope.surveys.layout import file_name
from scope.surveys.simulation import external, pointing
from scope.surveys.simulation.cadence import FILTER_IDS, Cadence
from scope.surveys.simulation.in_memory import (
    TRUTH_SCHEMA,
    collect,
    generate_sources,
    make_quadrant_sky,
    seed_for,
    truth_row,
)
from scope.surveys.simulation.positions import (
    BrightStars,
    draw_bright_stars,
    draw_position,
    jitter,
)
from scope.surveys.simulation.raised_alerts import ALERT_SCHEMA, draw_alerts
from scope.surveys.simulation.sky_classes import assign_classes
from scope.surveys.simulation.source import BandCurve, Source
from scope.surveys.simulation.whole_folder import whole_folder

TRUTH_TABLE = "truth.parquet"

_ROW_GROUP_ROWS = 1024
_STARS_PER_PIECE = 256

_BULK_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("filterid", pa.int8()),
        pa.field("fieldid", pa.int16()),
        pa.field("rcid", pa.int8()),
        pa.field("objra", pa.float64()),
        pa.field("objdec", pa.float64()),
        pa.field("nepochs", pa.int64()),
        pa.field("hmjd", pa.list_(pa.float64())),
        pa.field("mag", pa.list_(pa.float32())),
        pa.field("magerr", pa.list_(pa.float32())),
        pa.field("clrcoeff", pa.list_(pa.float32())),
        pa.field("catflags", pa.list_(pa.uint16())),
    ]
)
"""Columns of the survey's public bulk files."""


@dataclass(frozen=True)
class SimulationSummary:
    """Counts of what was written.

    Attributes
    ----------
    folder : Path
    n_stars : int
    n_lightcurves : int
        Over all bands; a star that a band does not list has none in it.
    n_points : int
    per_class : dict of str to int
        Light curves of each class.
    """

    folder: Path
    n_stars: int
    n_lightcurves: int
    n_points: int
    per_class: dict[str, int]

    def __str__(self) -> str:
        lines = [
            f"{self.n_stars} stars, {self.n_lightcurves} light curves, {self.n_points} points "
            f"in {self.folder}"
        ]
        lines += [f"  {name:<14}{count:>8}" for name, count in self.per_class.items()]
        return "\n".join(lines)


@dataclass(frozen=True)
class _Quadrant:
    """What all sources of the quadrant share."""

    field: int
    ccd: int
    quad: int
    ra: float
    dec: float
    cadence: Cadence
    colour_terms: np.ndarray
    bright: BrightStars


def simulate_quadrant(
    folder: str | Path,
    *,
    field: int = 700,
    ccd: int = 1,
    quad: int = 1,
    n_stars: int,
    mix: str = "sky",
    seed: int = 1,
    bands: Sequence[str] = ("g", "r"),
    years: float = 3.0,
    n_epochs_median: int = 150,
    release: int = 16,
    with_crossmatch: bool = True,
    kinds: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
) -> SimulationSummary:
    """Write a simulated quadrant as an archive of bulk files with a truth table.

    The folder gets one ``ztf_…parquet`` per band, ``truth.parquet`` and, on request,
    ``crossmatch/`` with tables of Gaia, AllWISE, Pan-STARRS and alerts. It is there
    whole or not at all. The same arguments give the same bytes; a larger `n_stars`
    begins with the same stars.

    Parameters
    ----------
    folder : str or Path
        Must not exist, or be empty.
    field, ccd, quad : int
        The quadrant: its place on the sky sets seasons and airmasses.
    n_stars : int
        Sources on the sky, spurious ones included.
    mix : {"sky", "balanced"}
        Mostly constant stars, or all classes alike.
    seed : int
    bands : sequence of str
        Of g, r and i.
    years : float
    n_epochs_median : int
        Good epochs of the median light curve, at least 30 minutes apart.
    release : int
        Number of the data release in the file names.
    with_crossmatch : bool
    kinds : sequence of str, optional
        Classes of the mix, see `classes.CLASSES`; None takes all.
    exclude : sequence of str
        Classes that are left out, such as those that models shall be judged on.

    Returns
    -------
    SimulationSummary

    Raises
    ------
    InputError
        If an argument is not allowed, or the folder holds something.
    ScopeError
        If the disk is full or the folder cannot be written.
    """
    _check(n_stars, seed, release, ccd, quad)
    words = (field, ccd, quad)
    ra, dec = pointing.quadrant_centre(*words)
    cadence, error_curves = make_quadrant_sky(
        seed, ra, dec, words, bands=bands, years=years, n_epochs_median=n_epochs_median
    )
    rng = np.random.default_rng(seed_for("bright", seed, *words))
    colour_terms = rng.normal(np.where(cadence.band == 1, -0.045, 0.08), 0.015)
    quadrant = _Quadrant(*words, ra, dec, cadence, colour_terms, draw_bright_stars(rng, ra, dec))
    classes = assign_classes(mix, seed_for("classes", seed, *words), kinds, exclude)
    sources = generate_sources(classes, n_stars, seed, words, cadence, error_curves)
    settings = {
        "field": field, "ccd": ccd, "quad": quad, "n_stars": n_stars, "mix": mix, "seed": seed,
        "bands": list(bands), "years": years, "n_epochs_median": n_epochs_median,
        "kinds": None if kinds is None else list(kinds), "exclude": list(exclude),
    }  # fmt: skip
    with whole_folder(Path(folder)) as temporary, ExitStack() as stack:
        writer = stack.enter_context(
            _QuadrantWriter(temporary, quadrant, tuple(bands), release, with_crossmatch, settings)
        )
        if with_crossmatch:
            writer.add_external("Gaia_EDR3", external.bright_star_rows(rng, quadrant.bright))
        for source in sources:
            writer.add(source)
    per_class = dict(sorted(writer.per_class.items()))
    return SimulationSummary(
        Path(folder), n_stars, sum(per_class.values()), writer.n_points, per_class
    )


class _QuadrantWriter:
    """Spread sources over the files of an archive, holding a few hundred at a time."""

    def __init__(
        self,
        folder: Path,
        quadrant: _Quadrant,
        bands: tuple[str, ...],
        release: int,
        with_crossmatch: bool,
        settings: dict[str, object],
    ) -> None:
        self.per_class: Counter[str] = Counter()
        self.n_points = 0
        self._folder, self._quadrant, self._settings = folder, quadrant, settings
        self._filters = sorted(FILTER_IDS[band] for band in bands)
        self._release, self._with_crossmatch = release, with_crossmatch
        self._stack = ExitStack()
        self._bulk: dict[int, TableWriter] = {}
        self._external: dict[str, TableWriter] = {}
        self._curves: dict[int, list[BandCurve]] = {}
        self._truth: dict[int, list[dict[str, object]]] = {}
        self._truth_pieces: dict[int, list[pa.Table]] = {}
        self._rows: dict[str, list[dict[str, object]]] = {}
        self._index: Counter[int] = Counter()
        self._pending = 0

    def __enter__(self) -> _QuadrantWriter:
        place = (self._quadrant.field, self._quadrant.ccd, self._quadrant.quad)
        with ExitStack() as stack:
            for filter_id in self._filters:
                name = file_name(*place, "gri"[filter_id - 1], self._release)
                self._bulk[filter_id] = stack.enter_context(
                    TableWriter(
                        self._folder / name,
                        _BULK_SCHEMA,
                        {"simulation": _sky(self._settings)},
                        row_group_rows=_ROW_GROUP_ROWS,
                    )
                )
                self._curves[filter_id], self._truth[filter_id] = [], []
                self._truth_pieces[filter_id] = []
            schemas = {**external.EXTERNAL_SCHEMAS, ALERTS_TABLE: ALERT_SCHEMA}
            for name, schema in schemas.items() if self._with_crossmatch else ():
                path = self._folder / CROSSMATCH_FOLDER / f"{name}.parquet"
                self._external[name] = stack.enter_context(TableWriter(path, schema))
                self._rows[name] = []
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self._flush()
            self._write_truth()
        self._stack.__exit__(
            type(error) if error else None, error, error.__traceback__ if error else None
        )

    def add(self, source: Source) -> None:
        """Append a source to every table that lists it."""
        quadrant, rng = self._quadrant, source.rng
        name = source.star_class.name
        position = draw_position(
            rng, quadrant.ra, quadrant.dec, quadrant.bright, beside_bright=name == "BOGUS-BRIGHT"
        )
        rc = int(rc_from_ccd_quad(quadrant.ccd, quadrant.quad))
        sourceid = (quadrant.field * 100 + rc) * 10**8 + source.number
        for curve in source.curves:
            if not len(curve.observed.rows):
                continue
            filter_id = curve.filter_id
            self._index[filter_id] += 1
            objectid = encode_data_release(
                quadrant.field, filter_id, quadrant.ccd, quadrant.quad, self._index[filter_id]
            )
            ra, dec = jitter(rng, position, 0.05)
            self._curves[filter_id].append(curve)
            self._truth[filter_id].append(
                truth_row(source, curve, objectid=int(objectid), sourceid=sourceid, ra=ra, dec=dec)
            )
            self.per_class[name] += 1
            self.n_points += len(curve.observed.rows)
        if self._with_crossmatch:
            self._match(source, position)
        self._pending += 1
        if self._pending >= _STARS_PER_PIECE:
            self._flush()

    def add_external(self, name: str, rows: list[dict[str, object]]) -> None:
        """Append rows to the table of a catalogue."""
        self._rows[name].extend(rows)

    def _match(self, source: Source, position: tuple[float, float]) -> None:
        rng, photometry = source.rng, source.photometry
        self._rows[ALERTS_TABLE].extend(draw_alerts(source, self._quadrant.cadence, position))
        if source.star_class.name == "SPURIOUS":
            return
        scatter = 0.1 * max(curve.amplitude_mag for curve in source.curves)
        if source.star_class.labels[0] != "variable":
            scatter = 0.0
        gaia = external.gaia_row(rng, photometry, position, scatter)
        if gaia is not None:
            self._rows["Gaia_EDR3"].append(gaia)
            if source.star_class.name == "BOGUS-BLEND":
                distance = float(rng.uniform(1.2, 2.5))
                self._rows["Gaia_EDR3"].append(external.neighbour_row(rng, gaia, distance))
        allwise = external.allwise_row(rng, photometry, position, scatter)
        panstarrs = external.panstarrs_row(rng, photometry, position, scatter)
        for name, row in (("AllWISE", allwise), ("PS1_DR1", panstarrs)):
            if row is not None:
                self._rows[name].append(row)

    def _flush(self) -> None:
        for filter_id, writer in self._bulk.items():
            truth = self._truth[filter_id]
            if truth:
                table = pa.Table.from_pylist(truth, schema=TRUTH_SCHEMA)
                writer.write(self._bulk_piece(filter_id, table))
                self._truth_pieces[filter_id].append(table)
            self._curves[filter_id], self._truth[filter_id] = [], []
        for name, writer in self._external.items():
            writer.write(pa.Table.from_pylist(self._rows[name], schema=writer.schema))
            self._rows[name] = []
        self._pending = 0

    def _bulk_piece(self, filter_id: int, truth: pa.Table) -> pa.Table:
        """Return the rows of a bulk file for the pending curves of a band."""
        quadrant, curves = self._quadrant, self._curves[filter_id]
        lightcurves = collect(quadrant.cadence, curves).to_arrow()
        rows = np.concatenate([curve.observed.rows for curve in curves])
        offsets = pa.array(np.concatenate([[0], np.cumsum(truth.column("n_listed"))]), pa.int32())
        terms = pa.array(quadrant.colour_terms[rows].astype(np.float32))
        n = len(curves)
        rc = int(rc_from_ccd_quad(quadrant.ccd, quadrant.quad))
        columns = {
            "objectid": truth.column("objectid"),
            "filterid": pa.array(np.full(n, filter_id)),
            "fieldid": pa.array(np.full(n, quadrant.field)),
            "rcid": pa.array(np.full(n, rc)),
            "objra": truth.column("ra"),
            "objdec": truth.column("dec"),
            "nepochs": truth.column("n_listed"),
            "clrcoeff": pa.ListArray.from_arrays(offsets, terms),
        }
        for name in ("hmjd", "mag", "magerr", "catflags"):
            columns[name] = lightcurves.column(name)
        return pa.table(columns).select(_BULK_SCHEMA.names).cast(_BULK_SCHEMA)

    def _write_truth(self) -> None:
        metadata = {"simulation": self._settings}
        with TableWriter(self._folder / TRUTH_TABLE, TRUTH_SCHEMA, metadata) as writer:
            for pieces in self._truth_pieces.values():
                for piece in pieces:
                    writer.write(piece)


def _sky(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what all quadrants of a simulated field have in common, with the version.

    Each may be another survey, see `scope.config.sections.Simulation`.
    """
    own = ("ccd", "quad", "years", "n_epochs_median")
    common = {name: value for name, value in settings.items() if name not in own}
    return {"version": STAGES["simulation"], **common}


def _check(n_stars: int, seed: int, release: int, ccd: int, quad: int) -> None:
    allowed = {
        "n_stars": (n_stars, 1 <= n_stars <= 10**7, "1 to 10000000"),
        "seed": (seed, seed >= 0, "0 or more"),
        "release": (release, release >= 0, "0 or more"),
        "ccd": (ccd, 1 <= ccd <= 16, "1 to 16"),
        "quad": (quad, 1 <= quad <= 4, "1 to 4"),
    }
    for name, (value, good, text) in allowed.items():
        if not good:
            raise InputError(f"{name} of a simulation", value=value, allowed=text)
