"""Nothing is uploaded that the models find where nothing is, unless someone insists."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scope.catalog.strangers import novelty_columns, strange_rows
from scope.errors import UsageError, few

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)


def require_field_check(metadata: Mapping[Any, Any], path: str, *, forced: bool = False) -> None:
    """Refuse the table of a target on which the models failed.

    Tables without the check, such as those of other programs, pass.

    Parameters
    ----------
    metadata : mapping
        Record of the table; ``field_check`` is that of `scope.catalog.field_check`.
    path : str
        The table.
    forced : bool
        Only warn.

    Raises
    ------
    UsageError
    """
    check = metadata.get("field_check")
    if not check or check.get("passed", False):
        return
    failed = few(check.get("failed", ()))
    if forced:
        _log.warning("%s: the models find %s where nothing is; uploaded all the same", path, failed)
        return
    raise UsageError(
        f"classes of {path} that the models also find in shuffled light curves and noise",
        value=failed,
        allowed="tables of targets on which the models pass the check",
        todo="look at the first table of the target's report; use models that pass, or upload "
        "all the same with --ignore-field-check",
    )


def without_strange(table: pd.DataFrame, below: float) -> pd.DataFrame:
    """Return a table without the rows that are unlike anything the models know, and say so.

    Parameters
    ----------
    table : pandas.DataFrame
        Tables without ``ood_p``, such as those of other programs, stay whole.
    below : float
        See `scope.catalog.strangers.strange_rows`.
    """
    names = novelty_columns(map(str, table.columns))
    if not names:
        return table
    values = {name: table[name].astype("float64").to_numpy(na_value=float("nan")) for name in names}
    odd = strange_rows(values, below)
    if odd.any():
        _log.warning(
            "%d of %d rows are unlike anything the models know and are not uploaded "
            "(--include-strange uploads them)",
            odd.sum(),
            len(table),
        )
    return table[~odd]
