"""Nothing is uploaded that the models find where nothing is, unless someone insists."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from scope.errors import UsageError, few

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
