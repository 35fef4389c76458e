"""Features that are computed from the light curves of a survey, by id."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.column_types import arrow_type
from scope.features.compute_features import compute_features
from scope.features.registry import product_columns
from scope.identifiers import resolve
from scope.io import read_metadata, read_table, write_table
from scope.provenance import record
from scope.schema import arrow_schema, require_columns
from scope.surveys.base import NO_FIELD, Survey
from scope.surveys.fetch_crossmatch import fetch_crossmatch
from scope.surveys.fetch_lightcurves import fetch_lightcurves
from scope.surveys.fetch_sources import fetch_sources
from scope.surveys.listed import ListedSources

if TYPE_CHECKING:
    from scope.config.model import Config

NO_LIGHT_CURVE = "no_light_curve"
ROWS_OF_A_PART = 1000
"""Light curves of a list that are held at a time."""


class ComputedFeatures:
    """The features of light curves of an archive, as the workflow computes them.

    Parameters
    ----------
    archive : Survey
    field : int
    units : sequence of str
        Quadrants that the ids may be of.
    config : Config
        Settings of the features.
    workers : int
        Threads.
    columns : sequence of str, optional
        Names of columns to keep; all by default.
    """

    def __init__(
        self,
        archive: Survey,
        field: int,
        units: Sequence[str],
        config: Config,
        *,
        workers: int = 1,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._archive = archive
        self._field = field
        self._units = units
        self._config = config
        self._workers = workers
        self._columns = columns

    def facts(self) -> dict[str, Any]:
        """Return what products record of the source."""
        return {
            "features_ztf_dataRelease": self._archive.release,
            "config_hash": self._config.config_hash,
        }

    def read(self, ids: npt.NDArray[np.int64]) -> tuple[pa.Table, dict[str, Any]]:
        """Return a row for each id, ascending, and the record of the rows.

        Columns are those of a file of features. Rows of ids that the archive lacks have
        the reason ``no_light_curve``.

        Parameters
        ----------
        ids : (n,) int64
            Ascending.

        Raises
        ------
        ScopeError
            As of the stages.
        """
        with tempfile.TemporaryDirectory(prefix="scope.") as folder:
            paths = [
                _of_unit(
                    *(self._archive, self._field, unit, self._config, Path(folder) / unit),
                    ids=ids,
                    workers=self._workers,
                )
                for unit in self._units
            ]
            table, record = _together(ids, paths, self._config)
        if self._columns is not None:
            wanted = [n for n in dict.fromkeys(self._columns) if n not in ("_id", "reason")]
            require_columns(table.schema.names, wanted, " of the features of an archive")
            table = table.select(["_id", *wanted, "reason"])
        return table, record


class ListedFeatures:
    """The features of light curves of any fields, as the workflow computes those of a list.

    Parameters
    ----------
    survey : Survey
    config : Config
        Settings of the features.
    workers : int
        Threads.
    """

    def __init__(self, survey: Survey, config: Config, *, workers: int = 1) -> None:
        self._survey = survey
        self._config = config
        self._workers = workers

    def facts(self) -> dict[str, Any]:
        """Return what products record of the source."""
        return {**self._survey.facts(), "config_hash": self._config.config_hash}

    def read(self, ids: npt.NDArray[np.int64]) -> tuple[pa.Table, dict[str, Any]]:
        """Return a row for each id, ascending, see `ComputedFeatures.read`."""
        listed = self._survey.sources_by_id(ids).sort_by("_id")
        with tempfile.TemporaryDirectory(prefix="scope.") as folder:
            path = Path(folder) / "listed.parquet"
            write_table(listed, path, record("sources", None, **self._survey.facts()))
            parts = ListedSources(self._survey, path, max(1, -(-listed.num_rows // ROWS_OF_A_PART)))
            paths = [
                _of_unit(
                    *(parts, NO_FIELD, unit, self._config, Path(folder) / unit),
                    workers=self._workers,
                )
                for unit in parts.units()
            ]
            return _together(ids, paths, self._config)


def _together(
    ids: npt.NDArray[np.int64], paths: Sequence[Path | None], config: Config
) -> tuple[pa.Table, dict[str, Any]]:
    """Return a row for each id of files of features, and the record of the last of them."""
    schema = arrow_schema(product_columns(config.feature_options()))
    there = [path for path in paths if path is not None]
    parts = [schema.empty_table(), *(read_table(path).cast(schema) for path in there)]
    found = pa.concat_tables(parts).column("_id").to_numpy()
    missing = np.setdiff1d(ids, found)
    table = pa.concat_tables([*parts, _without_light_curve(missing, schema)]).sort_by("_id")
    return table, read_metadata(there[-1]) if there else {}


def _of_unit(
    survey: Survey,
    field: int,
    unit: str,
    config: Config,
    folder: Path,
    *,
    workers: int,
    ids: npt.NDArray[np.int64] | None = None,
) -> Path | None:
    """Write the features of a unit, or of those ids that are of it; None if there are none."""
    facts = {"config_hash": config.config_hash}
    names = ("all", "sources", "lightcurves", "crossmatch", "features")
    every, sources, curves, matches, features = (folder / f"{n}.parquet" for n in names)
    fetch_sources(survey, field, unit, every, bright_star=config.bright_star_options(), facts=facts)
    table = read_table(every)
    if ids is not None:
        table = table.filter(pc.is_in(table.column("_id"), pa.array(ids)))
    if not table.num_rows:
        return None
    write_table(table, sources, read_metadata(every))
    cleaning = config.cleaning_options()
    fetch_lightcurves(survey, sources, field, unit, curves, cleaning=cleaning, facts=facts)
    radius = config.xmatch_radius_arcsec()
    fetch_crossmatch(survey, sources, matches, radius_arcsec=radius, facts=facts)
    compute_features(
        *(curves, sources, matches, features),
        options=config.feature_options(),
        backend=config.backend(),
        workers=workers,
        facts=facts,
    )
    return features


def _without_light_curve(ids: npt.NDArray[np.int64], schema: pa.Schema) -> pa.Table:
    """Return rows for ids without a light curve."""
    placement = dict(zip(("field", "ccd", "quad", "filter"), resolve(ids, {}), strict=True))
    arrays = []
    for field in schema:
        if field.name == "_id":
            arrays.append(pa.array(ids))
        elif field.name in placement:
            arrays.append(placement[field.name])
        elif field.name == "reason":
            arrays.append(pa.array([NO_LIGHT_CURVE] * len(ids), arrow_type("string")))
        elif field.nullable:
            arrays.append(pa.nulls(len(ids), field.type))
        else:
            zeros = np.zeros(len(ids), dtype=np.int64)
            arrays.append(pa.array(zeros).cast(field.type))
    return pa.table(arrays, schema=schema)
