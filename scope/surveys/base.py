"""What every survey can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import UsageError
from scope.lightcurves.curves import LightCurves

NO_FIELD = 0
"""In place of a field where a unit is a part of a list."""

_UNIT = re.compile(r"ccd_(\d{2})_quad_([1-4])")


def unit_name(ccd: int, quad: int) -> str:
    """Return the name of a quadrant, ``ccd_<CC>_quad_<Q>``."""
    return f"ccd_{ccd:02d}_quad_{quad}"


def parse_unit(unit: str) -> tuple[int, int]:
    """Return ccd and quad of a unit's name.

    Raises
    ------
    UsageError
        If the name is not that of a quadrant.
    """
    match = _UNIT.fullmatch(unit)
    if match is None or not 1 <= int(match[1]) <= 16:
        raise UsageError(
            "unknown unit", value=unit, allowed="ccd_01_quad_1 … ccd_16_quad_4, ccd in two digits"
        )
    return int(match[1]), int(match[2])


class Survey(Protocol):
    """Source of light curves."""

    @property
    def release(self) -> str:
        """The data release, for example ``DR5``."""

    @property
    def place(self) -> str:
        """Place of the survey, for messages: a folder, or a collection of a database."""

    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products of a unit record of the survey, ``data_release`` among it.

        Without a unit, what products of any part of the survey record.
        """

    def fields(self) -> list[int]:
        """Return the numbers of the fields, ascending; none where the survey has no fields."""

    def units(self, field: int) -> list[str]:
        """Return the names of the units of a field, sorted; `NO_FIELD` where it has no fields.

        Raises
        ------
        NotFoundError
            If there is no such field.
        """

    def files(self, field: int, unit: str) -> list[Path]:
        """Return the files that a unit is read from; none of a database.

        Raises
        ------
        NotFoundError
            If there is no such unit.
        """

    def paths(self) -> list[Path]:
        """Return all files that light curves are read from; none of a database."""

    def crossmatch_files(self) -> dict[str, Path]:
        """Return the tables to match with, by name, of those that are files."""

    def total_rows(self) -> int | None:
        """Return how many light curves there are about; None where finding out costs much."""

    def sources(self, field: int, unit: str) -> pa.Table:
        """Return all light curves of a unit, columns `scope.schema.SOURCES`, by ``_id``."""

    def iter_lightcurves(self, field: int, unit: str, rows: int = 4096) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time.

        Ids ascend over all batches. All batches have one time zero and one type of
        magnitudes. Memory holds a few batches, never the unit.
        """

    def lightcurves(self, ids: npt.NDArray[np.int64]) -> LightCurves:
        """Return light curves as observed, one per id in that order.

        Where the survey has none the curve is empty.

        `ids`: (n,) int64.
        """

    def sources_by_id(self, ids: npt.NDArray[np.int64]) -> pa.Table:
        """Return those of some light curves that there are, columns `scope.schema.SOURCES`.

        In no order, each once; ids that the survey does not have are left out.

        `ids`: (n,) int64.
        """

    def cone(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Find light curves around positions in degrees.

        Returns
        -------
        pyarrow.Table
            ``query`` (int64, index of the position), ``separation_arcsec`` (float64) and the
            columns `scope.schema.SOURCES`, by query, then separation, then ``_id``.
        """

    def catalogue(
        self,
        name: str,
        ra: npt.ArrayLike,
        dec: npt.ArrayLike,
        margin_arcsec: float,
        limits: Mapping[str, float] | None = None,
    ) -> pa.Table | None:
        """Return the rows of an external catalogue around positions in degrees.

        Parameters
        ----------
        name : str
            A key of `scope.features.crossmatch_catalogues.CATALOGUES`.
        margin_arcsec : float
            How far beyond the positions rows are wanted.
        limits : mapping of str to float, optional
            Columns with the value that wanted rows lie below; a survey may leave out the
            others.

        Returns
        -------
        pyarrow.Table or None
            ``ra``, ``dec`` (deg) and the catalogue's columns, all rows within the margin
            of any position and maybe more; None where the survey has no such table.
        """

    def crossmatch(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Match positions in degrees with the nearest entry of each external catalogue.

        Returns
        -------
        pyarrow.Table
            One row per position: the columns of all catalogues, null where nothing is
            within the radius or there is no table, and the flags that tell the two apart.
        """

    def alerts(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> pa.Table:
        """Count the alerts around positions in degrees.

        Returns
        -------
        pyarrow.Table
            One row per position: the columns of the alerts and their flag.
        """
