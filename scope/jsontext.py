"""JSON texts: canonical when written, strict when read. Loads nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scope.errors import InputError, few


def to_json(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces, no NaN.

    Raises
    ------
    InputError
        If something is not JSON; it names the key of an object.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            _encode(part, f", key {key!r}")
    return _encode(value)


def parse_json(text: str | bytes, **options: Any) -> Any:
    """Return what a JSON text holds, as `json.loads` does.

    Raises
    ------
    ValueError
        If it is no JSON, an object has a key twice (`json.loads` would keep the last of the two
        values and say nothing), or it is nested so deeply that reading it would exhaust the stack.
    """
    try:
        return json.loads(text, **{"object_pairs_hook": _once, **options})
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = [name for name in found if names.count(name) > 1]
        raise ValueError(f"key that stands twice in one object: {few(twice)}")
    return found


def _encode(value: Any, where: str = "") -> str:
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"metadata that cannot be kept{where}",
            value=str(error),
            allowed="JSON values: text, finite numbers, true, false, null, lists, objects",
        ) from error
