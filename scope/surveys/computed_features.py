"""Features that are computed from the light curves of an archive, by id."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.config.model import Config
from scope.features.assemble import compute_features
from scope.features.registry import product_columns
from scope.identifiers import resolve
from scope.io import read_metadata, read_table, write_table
from scope.schema import arrow_schema, arrow_type, require_columns
from scope.surveys.archive import Archive
from scope.surveys.fetch import fetch_crossmatch, fetch_lightcurves, fetch_sources

NO_LIGHT_CURVE = "no_light_curve"


class ComputedFeatures:
    """The features of light curves of an archive, as the workflow computes them.

    Parameters
    ----------
    archive : Archive
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
        archive: Archive,
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
        schema = arrow_schema(product_columns(self._config.feature_options()))
        parts = [schema.empty_table()]
        record: dict[str, Any] = {}
        with tempfile.TemporaryDirectory(prefix="scope.") as folder:
            for unit in self._units:
                path = self._of_unit(unit, ids, Path(folder) / unit)
                if path is not None:
                    record = read_metadata(path)
                    parts.append(read_table(path).cast(schema))
        there = pa.concat_tables(parts).column("_id").to_numpy()
        missing = np.setdiff1d(ids, there)
        table = pa.concat_tables([*parts, _without_light_curve(missing, schema)]).sort_by("_id")
        if self._columns is not None:
            wanted = [n for n in dict.fromkeys(self._columns) if n not in ("_id", "reason")]
            require_columns(table.schema.names, wanted, " of the features of an archive")
            table = table.select(["_id", *wanted, "reason"])
        return table, record

    def _of_unit(self, unit: str, ids: npt.NDArray[np.int64], folder: Path) -> Path | None:
        """Write the features of those ids that are of a unit; None if there are none."""
        config, archive = self._config, self._archive
        facts = {"config_hash": config.config_hash}
        names = ("all", "sources", "lightcurves", "crossmatch", "features")
        every, sources, curves, matches, features = (folder / f"{n}.parquet" for n in names)
        fetch_sources(
            archive,
            self._field,
            unit,
            every,
            bright_star=config.bright_star_options(),
            facts=facts,
        )
        table = read_table(every)
        table = table.filter(pc.is_in(table.column("_id"), pa.array(ids)))
        if not table.num_rows:
            return None
        write_table(table, sources, read_metadata(every))
        fetch_lightcurves(
            archive,
            sources,
            self._field,
            unit,
            curves,
            cleaning=config.cleaning_options(),
            facts=facts,
        )
        fetch_crossmatch(
            archive, sources, matches, radius_arcsec=config.xmatch_radius_arcsec(), facts=facts
        )
        compute_features(
            curves,
            sources,
            matches,
            features,
            options=config.feature_options(),
            backend=config.backend(),
            workers=self._workers,
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
