"""Light curves on which networks and trees disagree, for people on Fritz to look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import InputError, MissingColumnError, UsageError
from scope.fritz.upload import Upload
from scope.fritz.upload_rows import UploadRow
from scope.identifiers import exact_id
from scope.io.kinds import find_column
from scope.io.user_tables import require_rows
from scope.io.values import exact_ids, exact_numbers, light_curve_ids, positions
from scope.plugins import DEFAULT_ALGORITHMS
from scope.services.kowalski import Kowalski
from scope.services.kowalski_queries import find_query
from scope.surveys.kowalski_documents import position_of

if TYPE_CHECKING:
    import pandas as pd

ORIGIN = "SCoPe_disagreement"
GAIA = "Gaia_EDR3___id"
STATISTICS = ("_id", "ra", "dec", "period", GAIA)


@dataclass(frozen=True)
class DisagreementOptions:
    """Scores at which two algorithms disagree.

    Attributes
    ----------
    tag : str
        The class.
    high, low : float
        One score lies above `high` and the other is not above `low`.
    algorithms : pair of str
        Whose scores are compared.
    """

    tag: str = "vnv"
    high: float = 0.95
    low: float = 0.1
    algorithms: tuple[str, str] = DEFAULT_ALGORITHMS

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise UsageError(
                "scores that disagree", value=f"{self.low}, {self.high}", allowed="0 <= low < high"
            )

    @property
    def columns(self) -> tuple[str, str]:
        """The columns of both scores."""
        first, second = self.algorithms
        return f"{self.tag}_{first}", f"{self.tag}_{second}"


def disagreements_of_table(
    table: pd.DataFrame, options: DisagreementOptions, path: str | Path = "the catalogue"
) -> pd.DataFrame:
    """Return the rows of a catalogue with scores of both algorithms that disagree.

    Raises
    ------
    MissingColumnError
        If it lacks ids, positions or one of the scores.
    InputError
        If an id was rounded, or a score or position cannot be read.
    """
    for name in ("_id", "ra", "dec", *options.columns):
        if name not in table:
            raise MissingColumnError("catalogue for disagreements", value=name)
    table = _exact(table, options, path)
    first, second = (table[name].to_numpy(dtype=float) for name in options.columns)
    chosen = _disagree(first, second, options) | _disagree(second, first, options)
    lost = np.flatnonzero(chosen & np.isnan(table["ra"].to_numpy(dtype=float)))
    if len(lost):
        raise InputError(
            f"light curve without a position, in row {lost[0] + 1} of {path}",
            value=f"_id {table['_id'].iat[lost[0]]} ({len(lost)} such rows disagree)",
            allowed="ra and dec",
        )
    wanted = [*STATISTICS, *options.columns]
    return table.loc[chosen, [name for name in wanted if name in table]].reset_index(drop=True)


def _exact(table: pd.DataFrame, options: DisagreementOptions, path: str | Path) -> pd.DataFrame:
    """Return a table whose ids are integers, so that one without an id rounds none."""
    import pandas as pd

    ids = light_curve_ids(table["_id"], "_id", path)
    if ids.isna().any():
        raise InputError(f"light curve without an id in {path}", allowed="an _id in every row")
    gaia = table[GAIA] if GAIA in table else [None] * len(table)
    numbers = {
        name: exact_numbers(table[name], name, path)
        for name in ("period", *options.columns)
        if name in table
    }
    ra, dec = positions(table["ra"], table["dec"], path)
    matched = pd.array(exact_ids(gaia, GAIA, path))
    return table.assign(_id=ids.astype("int64"), ra=ra, dec=dec, **numbers, **{GAIA: matched})


def _disagree(
    one: np.ndarray[Any, Any], other: np.ndarray[Any, Any], options: DisagreementOptions
) -> np.ndarray[Any, Any]:
    return (one > options.high) & (other <= options.low)


def disagreements_of_kowalski(
    client: Kowalski,
    classifications: str,
    features: str,
    options: DisagreementOptions,
    *,
    limit: int = 1000,
) -> pd.DataFrame:
    """Return what `disagreements_of_table` would, from collections of the database."""
    import pandas as pd

    first, second = options.columns
    conditions = [
        {one: {"$gt": options.high}, other: {"$lte": options.low}}
        for one, other in ((first, second), (second, first))
    ]
    projection = {"_id": 1, first: 1, second: 1}
    scores = {
        document["_id"]: document
        for condition in conditions
        for document in client.find(classifications, condition, projection)
    }
    ids = sorted(scores)
    wanted = {"ra": 1, "dec": 1, "coordinates.radec_geojson": 1, "period": 1, GAIA: 1}
    queries = (
        find_query(features, {"_id": {"$in": ids[k : k + limit]}}, wanted)
        for k in range(0, len(ids), limit)
    )
    rows = []
    for document in (one for part in client.map(queries) for one in part):
        ra, dec = (document["ra"], document["dec"]) if "ra" in document else position_of(document)
        gaia = exact_id(document.get(GAIA), f"{GAIA} of {document['_id']}")
        statistics = {"period": document.get("period"), GAIA: gaia}
        rows.append({**scores[document["_id"]], **statistics, "ra": ra, "dec": dec})
    names = [*STATISTICS, *options.columns]
    # Of objects: among numbers one row without an id would round the others.
    table = pd.DataFrame(rows, columns=names, dtype=object)
    table = table.sort_values("_id", ignore_index=True)
    kinds = {name: "Int64" if name == GAIA else float for name in names if name != "_id"}
    return table.astype({"_id": "int64", **kinds})


def not_in_training(table: pd.DataFrame, known: Collection[int]) -> pd.DataFrame:
    """Return the rows whose light curve is not among the known ones."""
    return table[~table["_id"].isin(list(known))].reset_index(drop=True)


def known_ids(training: pd.DataFrame, path: str | Path) -> set[int]:
    """Return the ids of light curves of a training set.

    Raises
    ------
    MissingColumnError
        If it has none.
    InputError
        If one was rounded.
    """
    names: Sequence[str] = ("ztf_id", "_id", "objectid")
    name = find_column(training.columns, names)
    require_rows(training, path)
    if name is not None:
        ids = light_curve_ids(training[name], name, path)
        return set(ids[~ids.isna()].astype("int64").tolist())
    raise MissingColumnError(f"ids in {path}", value=", ".join(training.columns), allowed=names)


def upload_disagreements(
    upload: Upload, table: pd.DataFrame, options: DisagreementOptions
) -> list[str]:
    """Save the sources of rows with photometry and an annotation; return their names."""
    names = []
    for number in range(len(table)):
        cells: dict[str, Any] = {str(k): table[k].iat[number] for k in table.columns}
        row = UploadRow(number, float(cells["ra"]), float(cells["dec"]))
        name, source = upload.save(row)
        if source is None:
            continue
        values: dict[str, Any] = {"ztf_id": str(cells["_id"])}
        for key in ("period", *options.columns):
            if cells.get(key) is not None and np.isfinite(cells[key]):
                values[key] = float(cells[key])
        gaia = exact_id(cells.get(GAIA), f"{GAIA} of {cells['_id']}")
        if gaia is not None and gaia > 0:
            values["Gaia_EDR3"] = str(gaia)
        upload.note(row, name, ORIGIN, values, source.get("annotations", []))
        names.append(name)
    return names
