"""Predictions of both algorithms as one table: of light curves, or of sources."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scope.catalog.field_check import joined_check
from scope.catalog.publish import is_score, publish_catalog
from scope.errors import InputError, UsageError
from scope.io import count_rows, read_dataframe, read_ids, write_parquet
from scope.io.atomic import write_bytes
from scope.io.frames import nullable_integers, plain_integers
from scope.io.user_tables import read_user_table
from scope.plugins import DEFAULT_ALGORITHMS
from scope.schema import require_columns

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("mean", "max")
SOURCE = ["obj_id", "survey_id"]
_log = logging.getLogger(__name__)


def combine_light_curves(first: str | Path, second: str | Path, output: str | Path) -> int:
    """Write the scores of two algorithms side by side, one row per light curve.

    A light curve that only one of the files has keeps its row; the other's scores are null.

    Parameters
    ----------
    first, second : path
        See `scope.catalog.merge`.
    output : path
        Parquet: the columns of `first`, then the scores of `second`.

    Returns
    -------
    int
        Rows.
    """
    if np.array_equal(read_ids(first), read_ids(second)) and _same_keys(first, second):
        publish_catalog([first, second], output)
        return count_rows(output)
    # Nullable: a row that one file lacks would turn ids and bit masks into floats.
    left, right = (nullable_integers(read_dataframe(path)) for path in (first, second))
    one, other = len(left), len(right)
    scores = [name for name in right if is_score(str(name))]
    keys = [name for name in right if name not in scores]
    joined = left.merge(right[["_id", *scores]], on="_id", how="outer")
    # Of rows that only the second file has, all that it says about them.
    filled = joined.set_index("_id").combine_first(right[keys].set_index("_id")).reset_index()
    order = [
        *left.columns,
        *(n for n in filled.columns if n not in left.columns and n not in scores),
    ]
    result = plain_integers(filled[[*order, *scores]].sort_values("_id", ignore_index=True))
    both = one + other - len(result)
    if both < len(result):
        _log.warning(
            "%d light curves are in both files, %d in %s alone, %d in %s alone",
            *(both, one - both, first, other - both, second),
        )
    result.attrs = {name: v for name, v in left.attrs.items() if right.attrs.get(name) == v}
    result.attrs.update(joined_check([left.attrs, right.attrs]))
    write_parquet(result, output)
    return len(result)


def combine_sources(
    first: str | Path,
    second: str | Path,
    *,
    algorithms: tuple[str, str] = DEFAULT_ALGORITHMS,
    method: str = "mean",
    threshold: float = 0.7,
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return one score per class of the sources that both algorithms have.

    Parameters
    ----------
    first, second : path
        Tables of sources, with ``obj_id``, ``survey_id`` and scores, as `consolidate` and
        ``select-fritz-sample`` make them.
    algorithms : pair of str
        Whose scores they have.
    method : {"mean", "max"}
        Of both scores; where one algorithm lacks a class, the score of the other.
    threshold : float

    Returns
    -------
    table : pandas.DataFrame
        ``obj_id``, ``survey_id``, the other columns as in `first`, and a column per class, named
        by its tag alone. Sources that one algorithm lacks are left out, and counted.
    classes : dict of str to list of str
        ``obj_id`` -> classes whose score exceeds the threshold.

    Raises
    ------
    InputError
        If a source stands twice, or the method is unknown.
    """
    import pandas as pd

    if method not in METHODS:
        raise UsageError("--agg-method", value=method, allowed=METHODS)
    paths = dict(zip(algorithms, (first, second), strict=True))
    tables = {name: read_user_table(path, names=SOURCE) for name, path in paths.items()}
    for path, table in zip(paths.values(), tables.values(), strict=True):
        require_columns(list(table.columns), SOURCE, f" in {path}")
        twice = table.duplicated(SOURCE)
        if twice.any():
            raise InputError(
                f"source that stands twice in {path}", value=table[twice].iloc[0]["obj_id"]
            )
    indexed = {name: table.set_index(SOURCE) for name, table in tables.items()}
    one, other = indexed.values()
    shared = one.index.intersection(other.index, sort=False)
    lost = len(one.index.union(other.index)) - len(shared)
    if lost:
        _log.warning("%d sources are scored by one algorithm only, and are left out", lost)
    scores = {name: _by_tag(table.loc[shared], name) for name, table in indexed.items()}
    tags = list(dict.fromkeys(column for part in scores.values() for column in part.columns))
    stacked = pd.concat([part.reindex(columns=tags) for part in scores.values()])
    values = stacked.groupby(level=SOURCE).agg(method).loc[shared]
    kept = [name for name in one.columns if not _algorithm_of(str(name))]
    others = one.loc[shared][kept]
    table = pd.concat([others, values], axis=1).reset_index()
    above = {
        str(name): [tag for tag, value in zip(tags, row, strict=True) if value > threshold]
        for name, row in zip(table["obj_id"], table[tags].to_numpy(), strict=True)
    }
    left, right = (part.attrs for part in tables.values())
    alike = {name: value for name, value in left.items() if right.get(name) == value}
    table.attrs = alike | {"combined_by": method}
    table.attrs.update(joined_check([part.attrs for part in tables.values()]))
    return table, above


def write_sources(
    table: pd.DataFrame, above: dict[str, list[str]], output: str | Path, *, csv: bool = False
) -> None:
    """Write what `combine_sources` returns: Parquet, ``<output>_meta.json`` and maybe CSV."""
    output = Path(output)
    write_parquet(table, output)
    write_bytes(json.dumps(above, indent=1).encode(), output.with_name(f"{output.stem}_meta.json"))
    if csv:
        table.to_csv(output.with_suffix(".csv"), index=False)


def _same_keys(one: str | Path, other: str | Path) -> bool:
    from scope.io import read_metadata

    first, second = read_metadata(one), read_metadata(other)
    return first.get("period_suffix") == second.get("period_suffix") and first.get(
        "model_period_suffix"
    ) == second.get("model_period_suffix")


def _by_tag(table: pd.DataFrame, algorithm: str) -> pd.DataFrame:
    """Return the scores of one algorithm, named by their classes."""
    ending = f"_{algorithm}"
    names = [name for name in table.columns if str(name).endswith(ending)]
    return table[names].rename(columns={name: name.removesuffix(ending) for name in names})


def _algorithm_of(name: str) -> str:
    return name.rpartition("_")[2] if is_score(name) else ""
