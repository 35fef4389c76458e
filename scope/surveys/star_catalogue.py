"""Published catalogues of variable stars, read: positions at an epoch, classes, periods."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError, MissingColumnError, few
from scope.io.kinds import DEC_NAMES, RA_NAMES, find_column
from scope.io.published import PublishedTable, read_published_table
from scope.io.values import exact_names, exact_numbers, positions
from scope.surveys.catalogue_map import UNKNOWN_CLASS, CatalogueMap
from scope.surveys.label_map import Labelling

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

PARTS = ("RAh", "RAm", "RAs", "DE-", "DEd", "DEm", "DEs")
"""Positions in hours, minutes and seconds in columns of their own, as CDS and AAS write them."""

NO_POSITION = "no_position"
FLAGGED = "flagged"
ROWS_TO_TELL = 50
"""From so many rows on a table all of whose positions look like hours or radians is refused."""

_SEXAGESIMAL_UNITS = ('"h:m:s"', '"d:m:s"', "h:m:s", "d:m:s", "hms", "dms")
"""How VizieR and others say that cells are texts of three parts."""


@dataclass(frozen=True)
class StarCatalogue:
    """The rows of a catalogue.

    Attributes
    ----------
    name : str
    ids : (n,) object
        As the catalogue calls its stars; the number of the row, from 1, where it does not.
    ra, dec : (n,) float64
        Degrees at the epoch of the light curves; NaN where there is no position.
    classes : (n,) object
        As published; None where there is none.
    period_days, mag : (n,) float64
        NaN where there is none; a period that the catalogue calls inexact is none.
    verdicts : dict of str to Labelling or str
        What each class says, or why it says nothing.
    barred : (n,) object
        Why a row is not used whatever its class; None for all others.
    moved : int
        Rows with a proper motion.
    """

    name: str
    ids: npt.NDArray[np.object_]
    ra: Floats
    dec: Floats
    classes: npt.NDArray[np.object_]
    period_days: Floats
    mag: Floats
    verdicts: Mapping[str | None, Labelling | str]
    barred: npt.NDArray[np.object_]
    moved: int

    def __len__(self) -> int:
        return len(self.ids)

    def verdict(self, row: int) -> Labelling | str:
        """Return what a row says of its star, or why it says nothing."""
        return self.barred[row] or self.verdicts[self.classes[row]]


@dataclass(frozen=True)
class Reading:
    """Options of reading one table, beyond what the map of the catalogue says.

    Attributes
    ----------
    columns : mapping of str to str
        Kind of a column (`scope.surveys.catalogue_map.COLUMNS`) -> its name in this table.
    units : mapping of str to str
        Kind of a column -> its unit in this table, where the file is silent or wrong.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def read_star_catalogue(
    path: str | Path,
    rules: CatalogueMap,
    epoch: float,
    reading: Reading | None = None,
) -> StarCatalogue:
    """Read a catalogue of variable stars.

    Parameters
    ----------
    path : str or Path
        See `scope.io.published.read_published_table`.
    rules : CatalogueMap
    epoch : float
        Julian year to which stars with proper motions are moved.
    reading : Reading, optional

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If there are no positions or no classes.
    InputError
        If a cell cannot be read, a unit does not fit, or a class is none that the map knows.
    """
    table = read_published_table(path)
    reader = _Reader(Path(path), table, rules, reading or Reading())
    ra, dec = reader.positions()
    ra, dec, moved = _at_epoch(reader, ra, dec, epoch, rules.epoch)
    classes = reader.classes()
    n = len(classes)
    period = reader.quantity("period", "d")
    inexact = reader.flagged(rules.flags_inexact_period)
    barred = np.full(n, None, dtype=object)
    barred[reader.flagged(rules.flags_leave_out)] = FLAGGED
    barred[~(np.isfinite(ra) & np.isfinite(dec))] = NO_POSITION
    return StarCatalogue(
        rules.name,
        reader.ids(),
        ra,
        dec,
        classes,
        np.where((period > 0) & ~inexact, period, np.nan),
        reader.quantity("mag", "mag"),
        _verdicts(classes, rules, path),
        barred,
        moved,
    )


class _Reader:
    """A table whose columns are found by what they are for."""

    def __init__(
        self, path: Path, table: PublishedTable, rules: CatalogueMap, reading: Reading
    ) -> None:
        self.path, self.rules, self.reading = path, rules, reading
        self.frame: pd.DataFrame = table.frame
        self.units = table.units

    def column(self, kind: str) -> str | None:
        """Return the column of a kind, None if there is none.

        Raises
        ------
        MissingColumnError
            If the one that was named is not there.
        """
        named = self.reading.columns.get(kind)
        if named is not None:
            if named not in self.frame:
                raise MissingColumnError(
                    f"no such column in {self.path}", value=named, allowed=few(self.frame.columns)
                )
            return named
        names = self.rules.columns.get(kind, ())
        return find_column(self.frame.columns, names) if names else None

    def needed(self, kind: str) -> str:
        """Return the column of a kind that must be there."""
        name = self.column(kind)
        if name is None:
            raise MissingColumnError(
                f"catalogue without a column for {kind}, {self.path}",
                value=few(self.frame.columns),
                allowed=few(self.rules.columns.get(kind, ())) or kind,
                todo=f"name it: columns: {{{kind}: …}} of the catalogue, or --column {kind}=NAME",
            )
        return name

    def unit(self, kind: str, name: str) -> str | None:
        """Return the unit of a column: as stated by the user, else by the file."""
        return self.reading.units.get(kind, self.units.get(name))

    def ids(self) -> npt.NDArray[np.object_]:
        name = self.column("id")
        n = len(self.frame)
        names: list[str | None] = [None] * n
        if name is not None:
            names = exact_names(self.frame[name], name, self.path)
        return np.array([one or f"row {row}" for row, one in enumerate(names, 1)], dtype=object)

    def classes(self) -> npt.NDArray[np.object_]:
        parts = self.rules.columns.get("class_parts", ())
        if parts and "class" not in self.reading.columns:
            there = [find_column(self.frame.columns, (part,)) for part in parts]
            if None not in there:
                texts = [exact_names(self.frame[name], str(name), self.path) for name in there]
                return np.array(
                    [
                        " ".join(cell for cell in cells if cell) or None
                        for cells in zip(*texts, strict=True)
                    ],
                    dtype=object,
                )
        name = self.needed("class")
        return np.array(exact_names(self.frame[name], name, self.path), dtype=object)

    def quantity(self, kind: str, unit: str) -> Floats:
        """Return a column in a unit; NaN without such a column."""
        name = self.column(kind)
        if name is None:
            return np.full(len(self.frame), np.nan)
        values = exact_numbers(self.frame[name], name, self.path)
        said = self.unit(kind, name)
        return values if said is None else values * self._factor(said, unit, name)

    def _factor(self, said: str, wanted: str, name: str) -> float:
        from astropy import units

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return float(units.Unit(said).to(units.Unit(wanted)))
        except (units.UnitConversionError, ValueError, TypeError) as error:
            raise InputError(
                f"column {name!r} of {self.path} in a unit that does not fit",
                value=said,
                allowed=f"what can become {wanted}",
                todo="name another column, or state its unit (units, or --unit)",
            ) from error

    def positions(self) -> tuple[Floats, Floats]:
        """Return right ascension and declination in degrees."""
        named = self.reading.columns
        if "ra" not in named and all(part in self.frame for part in PARTS[:5]):
            return self._from_parts()
        ra, dec = self._place("ra", RA_NAMES), self._place("dec", DEC_NAMES)
        cells = [self._in_degrees(kind, name) for kind, name in (("ra", ra), ("dec", dec))]
        right, up = positions(cells[0], cells[1], self.path, names=(ra, dec), halves=True)
        if not {"ra", "dec"} & {*self.reading.units} and ra not in self.units:
            self._refuse_hours(right, up, ra)
        return right, up

    def _place(self, kind: str, usual: tuple[str, ...]) -> str:
        name = self.column(kind) or find_column(self.frame.columns, usual)
        return self.needed(kind) if name is None else name

    def _in_degrees(self, kind: str, name: str) -> Any:
        """Return the cells of a coordinate: degrees, or texts of three parts."""
        said = self.unit(kind, name)
        cells = self.frame[name]
        if said is None or said in ("deg", "degree", "degrees") or said in _SEXAGESIMAL_UNITS:
            return cells
        if said in ("h", "hr", "hours"):
            said = "hourangle"
        return exact_numbers(cells, name, self.path) * self._factor(said, "deg", name)

    def _from_parts(self) -> tuple[Floats, Floats]:
        parts = []
        for name in PARTS:
            if name == "DE-" or name not in self.frame:
                parts.append(np.zeros(len(self.frame)))
            else:
                parts.append(exact_numbers(self.frame[name], name, self.path))
        signs = [str(cell or "").strip() for cell in self.frame["DE-"]]
        sign = np.array([-1.0 if text in ("-", "\N{MINUS SIGN}") else 1.0 for text in signs])
        hours, minutes, seconds, _, degrees, arcmin, arcsec = parts
        for name, values, limit in (
            *(("RAm", minutes, 60), ("RAs", seconds, 60)),
            *(("DEm", arcmin, 60), ("DEs", arcsec, 60)),
        ):
            wrong = np.flatnonzero((values < 0) | (values >= limit))
            if len(wrong):
                raise InputError(
                    f"column {name!r} beyond a full turn, in row {wrong[0] + 1} of {self.path}",
                    value=values[wrong[0]],
                    allowed=f"0 to below {limit}",
                )
        # Seconds that are not given are a position all the same; a part that is given as
        # nothing is none.
        right = 15 * (hours + minutes / 60 + seconds / 3600)
        up = sign * (degrees + arcmin / 60 + arcsec / 3600)
        return positions(right, up, self.path, names=("RAh", "DEd"), halves=True)

    def _refuse_hours(self, ra: Floats, dec: Floats, name: str) -> None:
        """Refuse positions all over the sky whose right ascensions end at 24, or at 2 pi."""
        ra, dec = ra[np.isfinite(ra)], dec[np.isfinite(dec)]
        if len(ra) < ROWS_TO_TELL:
            return
        for turn, unit, height in ((2 * np.pi, "rad", np.pi / 2), (24.0, "hourangle", 90.0)):
            if ra.max() <= turn and np.ptp(ra) > 0.8 * turn and np.abs(dec).max() <= height:
                raise InputError(
                    f"right ascensions of {self.path} that look like {unit}",
                    value=f"column {name!r}: {ra.min():.4g} to {ra.max():.4g} in {len(ra)} rows",
                    allowed="degrees, 0 to 360, or a stated unit",
                    todo=f"state the unit of ra (units, or --unit ra={unit}; deg if it is degrees)",
                )

    def flagged(self, flags: Mapping[str, tuple[str, ...]]) -> npt.NDArray[np.bool_]:
        """Return the rows with one of some letters in one of some columns."""
        found = np.zeros(len(self.frame), dtype=np.bool_)
        for name, letters in flags.items():
            if name in self.frame:
                texts = exact_names(self.frame[name], name, self.path)
                found |= np.array([any(one in (text or "") for one in letters) for text in texts])
        return found


def _at_epoch(
    reader: _Reader, ra: Floats, dec: Floats, epoch: float, usual_epoch: float
) -> tuple[Floats, Floats, int]:
    """Move stars with proper motions to an epoch; all others stay where they are."""
    pmra, pmdec = (reader.quantity(kind, "mas/yr") for kind in ("pmra", "pmdec"))
    start = reader.quantity("ref_epoch", "yr")
    start = np.where(np.isfinite(start), start, usual_epoch)
    rows = np.flatnonzero(
        np.isfinite(ra) & np.isfinite(dec) & np.isfinite(pmra) & np.isfinite(pmdec)
    )
    if not len(rows):
        return ra, dec, 0
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    with warnings.catch_warnings():
        # Without a distance astropy warns that it takes a large one.
        warnings.simplefilter("ignore")
        then = SkyCoord(
            ra[rows] * units.deg,
            dec[rows] * units.deg,
            pm_ra_cosdec=pmra[rows] * units.mas / units.yr,
            pm_dec=pmdec[rows] * units.mas / units.yr,
            obstime=Time(start[rows], format="jyear"),
        ).apply_space_motion(new_obstime=Time(epoch, format="jyear"))
    ra, dec = ra.copy(), dec.copy()
    ra[rows], dec[rows] = then.ra.deg, then.dec.deg
    return ra, dec, len(rows)


def _verdicts(
    classes: npt.NDArray[np.object_], rules: CatalogueMap, path: str | Path
) -> dict[str | None, Labelling | str]:
    counts = Counter(classes.tolist())
    found = {name: rules.of(name) for name in counts}
    unknown = sorted(
        (name for name, said in found.items() if said == UNKNOWN_CLASS), key=lambda n: -counts[n]
    )
    if unknown:
        raise InputError(
            f"classes of {path} that the map of {rules.name} does not know",
            value=few(f"{name} ({counts[name]} rows)" for name in unknown),
            allowed=few(rules.classes, 20),
            todo="add them to classes or leave_out of the map, or let its others be leave_out",
        )
    return found
