"""What is not posted of an event unasked: what its catalogue cannot be trusted with."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scope.catalog.sample import NOT_VARIABLE, VARIABLE
from scope.catalog.strangers import novelty_columns, strange_rows
from scope.errors import few
from scope.models.calibration.class_tree import ClassTree
from scope.schema import ALIAS_TREND

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)


def without_doubtful(
    table: pd.DataFrame,
    columns: Sequence[str],
    record: Mapping[str, Any],
    tree: ClassTree,
    strange_below: float,
) -> pd.DataFrame:
    """Return the stars of an event without the numbers that nothing should be called by.

    Missing after it are: all classes of stars that are unlike anything the models know; classes of
    periodic stars where the period may stand for a slow change, as that of any supernova may; and
    classes that the models also find in shuffled light curves of the event and in noise.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per star with numbers of `columns`, and ``alias_trend`` and ``ood_p`` where the
        catalogue has them.
    columns : sequence of class tag
    record : mapping
        Of the catalogue; ``field_check`` is that of `scope.catalog.field_check`.
    tree : ClassTree
    strange_below : float
        See `scope.catalog.strangers.strange_rows`.
    """
    kept = table.copy()
    names = novelty_columns(map(str, table.columns))
    if names:
        values = {n: table[n].astype("float64").to_numpy(na_value=float("nan")) for n in names}
        strange = strange_rows(values, strange_below)
        _leave_out(kept, strange, columns, "unlike anything the models know")
    if ALIAS_TREND.name in table:
        slow = table[ALIAS_TREND.name].astype("float64").fillna(0).to_numpy() > 0
        periodic = [tag for tag in columns if tree.has_period(tag)]
        _leave_out(kept, slow, periodic, "with a period that may stand for a slow change")
    failed = [tag for tag in (record.get("field_check") or {}).get("failed", ()) if tag in columns]
    if VARIABLE in failed:
        # It is what the other leaves over.
        failed += [tag for tag in columns if tag == NOT_VARIABLE]
    if failed:
        _log.warning(
            "%s not posted: the models find them in shuffled light curves too", few(failed)
        )
        kept[failed] = float("nan")
    return kept


def _leave_out(table: pd.DataFrame, rows: Any, columns: Sequence[str], why: str) -> None:
    if rows.any() and len(columns):
        _log.warning("%d of %d stars %s: %s not posted", rows.sum(), len(table), why, few(columns))
        table.loc[rows, list(columns)] = float("nan")
