"""What the journal and the receipt say of the steps of an upload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scope.errors import RefusedError
from scope.fritz.sources import Json
from scope.fritz.upload_rows import UploadRow

POSTED, THERE, REQUESTED = "posted", "there", "requested"
"""What became of a step: done; it was done before, by anybody; a group is asked to save a
source."""


def posted_classes(row: UploadRow) -> list[tuple[int, str, float]]:
    """Return what is posted of a row, as part of the names of steps."""
    return sorted((e.taxonomy_id, e.fritz_label, p) for e, p in row.classes.items())


def has_origin(annotations: Sequence[Json], origin: str) -> bool:
    """Whether there is an annotation of an origin."""
    return any(note["origin"] == origin for note in annotations)


def reason(error: Exception) -> str:
    """Return why a step is refused: what the server says, else what we say."""
    return str(error.value) if isinstance(error, RefusedError) else str(error)


def step_facts(what: str, row: UploadRow, name: str, detail: str, status: str) -> dict[str, Any]:
    """Return what the journal keeps of a step."""
    return {
        "what": what,
        "row": row.number,
        "obj_id": name,
        "detail": detail,
        "status": status,
        "fritz_id": None,
    }
