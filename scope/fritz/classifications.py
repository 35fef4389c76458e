"""Posting classifications in batches, each once, whatever happens on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scope.errors import RefusedError, ServiceError
from scope.fritz.journal import Journal, step_key
from scope.fritz.sources import Json, get_source
from scope.fritz.taxonomy_map import Entry
from scope.fritz.upload_options import UploadOptions
from scope.fritz.upload_rows import UploadRow
from scope.services.fritz import Fritz, LostAnswer

KIND = "classification"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Classification:
    """Classification as it is posted.

    Attributes
    ----------
    obj_id, label : str
    taxonomy_id : int
    probability : float
    groups : tuple of int
        Ascending.
    origin : str
    ml : bool
        Whether a model says so.
    vote, labelled : bool
        Whether we vote for it, and mark the source as labelled.
    row : int
        Of the table.
    asked : tuple of int
        All groups that are to have it, of which `groups` lack it.
    old : frozenset of int
        Classifications of the source that it replaces, which are no sign that it is there.
    """

    obj_id: str
    label: str
    taxonomy_id: int
    probability: float
    groups: tuple[int, ...]
    origin: str
    ml: bool = True
    vote: bool = False
    labelled: bool = False
    row: int = -1
    asked: tuple[int, ...] = ()
    old: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """The name of the step that posts it."""
        what = (self.obj_id, self.taxonomy_id, self.label, self.probability, self.origin)
        return step_key(KIND, *what, self.asked or self.groups)

    def body(self) -> Json:
        """Return what is sent; nothing is left to the server's defaults."""
        return {
            "obj_id": self.obj_id,
            "classification": self.label,
            "taxonomy_id": self.taxonomy_id,
            "probability": self.probability,
            "group_ids": list(self.groups),
            "origin": self.origin,
            "ml": self.ml,
            "vote": self.vote,
            "label": self.labelled,
        }

    def facts(self, status: str, number: int | None = None, why: str = "") -> Json:
        """Return what the journal keeps."""
        return {
            "what": KIND,
            "row": self.row,
            "obj_id": self.obj_id,
            "detail": f"{self.label} ({self.taxonomy_id}) {self.probability:.6g}{why}",
            "status": status,
            "fritz_id": number,
        }


def row_classifications(
    row: UploadRow, name: str, groups: tuple[int, ...], options: UploadOptions
) -> dict[Entry, Classification]:
    """Return what is posted of a row's source to those of the groups that it is saved to."""
    return {
        entry: Classification(
            name,
            entry.fritz_label,
            entry.taxonomy_id,
            probability,
            groups,
            options.classification_origin,
            options.ml,
            options.post_upvote,
            options.check_labelled_box,
            row.number,
            tuple(sorted(set(options.group_ids))),
        )
        for entry, probability in row.classes.items()
    }


def means(entry: Classification, row: Mapping[str, Any]) -> bool:
    """Whether a row of the server is of this class and from this origin."""
    return (
        row["classification"] == entry.label
        and row["taxonomy_id"] == entry.taxonomy_id
        and row["origin"] == entry.origin
    )


def same(entry: Classification, row: Mapping[str, Any]) -> bool:
    """Whether a row of the server says the same, with the same probability."""
    return means(entry, row) and row["probability"] == entry.probability and row["ml"] == entry.ml


def groups_without(entry: Classification, existing: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """Return the groups of `entry` that do not have this classification yet."""
    have = {int(group["id"]) for row in existing if means(entry, row) for group in row["groups"]}
    return tuple(sorted(set(entry.groups) - have))


class Poster:
    """Collects classifications and posts them in batches.

    Parameters
    ----------
    fritz : Fritz
    journal : Journal
    batch : int
        Classifications of a request.
    posted : callable
        Called after each batch.
    """

    def __init__(
        self, fritz: Fritz, journal: Journal, batch: int, posted: Callable[[], None]
    ) -> None:
        self._fritz = fritz
        self._journal = journal
        self._batch = batch
        self._posted = posted
        self._waiting: dict[str, Classification] = {}
        self.refused: list[Classification] = []
        """Those that the server refused in this run."""

    def add(self, entry: Classification) -> None:
        """Post a classification, with the next batch."""
        self._waiting.setdefault(entry.key, entry)
        if len(self._waiting) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Post what is waiting."""
        entries = list(self._waiting.values())
        self._waiting.clear()
        if entries:
            self._journal.begin(*(entry.key for entry in entries))
            while entries:
                entries = self._post(entries)
        self._posted()

    def _post(self, entries: list[Classification]) -> list[Classification]:
        """Post entries and return those left over by an answer that refuses one."""
        left, in_doubt = entries, False

        def attempt() -> Any:
            nonlocal left, in_doubt
            if in_doubt:
                left, in_doubt = self._still_missing(left), False
            if not left:
                return None
            try:
                body = {"classifications": [entry.body() for entry in left]}
                return self._fritz.attempt("POST", "classification", body)
            except LostAnswer as lost:
                in_doubt = in_doubt or lost.may_have_landed
                raise

        try:
            answer = self._fritz.patiently(attempt, "classification")
        except RefusedError as refused:
            # Those before the refused one are on the server.
            missing = self._still_missing(left)
            if missing:
                self._finish({missing[0]: missing[0].facts("refused", why=f": {refused.value}")})
                self.refused.append(missing[0])
                _log.warning("%s is refused: %s", missing[0].label, refused.value)
            return missing[1:]
        if answer is not None:
            numbers = answer.get("classification_ids") or [None] * len(left)
            if len(numbers) != len(left):
                raise ServiceError(
                    "answer of Fritz to a batch of classifications",
                    value=f"{len(numbers)} numbers for {len(left)}",
                )
            pairs = zip(left, numbers, strict=True)
            self._finish({entry: entry.facts("posted", number) for entry, number in pairs})
        return []

    def _still_missing(self, entries: list[Classification]) -> list[Classification]:
        """Return the entries that did not land, after waiting for those under way."""
        missing = self._look(entries)
        if missing:
            self._fritz.settle()
            missing = self._look(missing)
        return missing

    def _look(self, entries: list[Classification]) -> list[Classification]:
        missing = []
        rows: dict[str, list[Json]] = {}
        for entry in entries:
            if entry.obj_id not in rows:
                source = get_source(self._fritz, entry.obj_id) or {}
                rows[entry.obj_id] = source.get("classifications", [])
            new = [one for one in rows[entry.obj_id] if one["id"] not in entry.old]
            if groups_without(entry, new):
                missing.append(entry)
            else:
                self._finish({entry: entry.facts("posted")})
        return missing

    def _finish(self, facts: Mapping[Classification, Json]) -> None:
        self._journal.finish({entry.key: value for entry, value in facts.items()})
