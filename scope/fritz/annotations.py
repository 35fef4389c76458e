"""Posting, updating and deleting values in the annotations of sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from scope.errors import NotFoundError
from scope.fritz.sources import Json, annotate, get_source
from scope.services.fritz import Fritz

Action = Literal["post", "update", "delete"]
ACTIONS: tuple[Action, ...] = ("post", "update", "delete")


def manage_annotation(
    fritz: Fritz,
    action: Action,
    obj_id: str,
    *,
    origin: str,
    key: str,
    value: Any = None,
    group_ids: Sequence[int] = (),
) -> str:
    """Change one value of the annotation that a source has of an origin.

    Parameters
    ----------
    fritz : Fritz
    action : {"post", "update", "delete"}
        ``post`` adds a value that is not there, ``update`` changes one of an annotation that
        is there, ``delete`` removes it, and the annotation with its last value.
    obj_id, origin, key : str
    value : object
        Not for ``delete``.
    group_ids : sequence of int
        Who sees a new annotation; without any, all groups of the token's owner.

    Returns
    -------
    str
        What was done, as a clause.

    Raises
    ------
    NotFoundError
        If there is no such source.
    """
    source = get_source(fritz, obj_id)
    if source is None:
        raise NotFoundError("no such source on Fritz", value=obj_id)
    notes = source["annotations"]
    note = next((one for one in notes if one["origin"] == origin), None)
    if action == "delete":
        return _delete(fritz, obj_id, note, key)
    if action == "update" and note is None:
        return f"not updated: there is no annotation {origin!r}"
    if action == "post" and note is not None and note["data"].get(key, value) != value:
        return f"not posted: {key} is {note['data'][key]!r} there; --action update changes it"
    done = annotate(fritz, obj_id, origin, {key: value}, group_ids, notes)
    words = {"there": "was there already", "updated": "updated", "posted": "posted"}
    return f"{key} = {value!r} {words[done]}"


def _delete(fritz: Fritz, obj_id: str, note: Json | None, key: str) -> str:
    if note is None or key not in note["data"]:
        return f"not deleted: there is no {key}"
    path = f"sources/{obj_id}/annotations/{note['id']}"
    rest = {name: value for name, value in note["data"].items() if name != key}
    if rest:
        fritz.put(path, {"origin": note["origin"], "data": rest})
        return f"{key} deleted, {', '.join(rest)} kept"
    fritz.delete(path)
    return f"{key} deleted, and with it the annotation"
