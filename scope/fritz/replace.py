"""Replacing the classifications of sources: what is old goes when all that is new is there.

At no moment a source has neither: a run that ends anywhere leaves the old ones, the new ones, or
both, and the next run goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from scope.errors import RefusedError
from scope.fritz.classifications import Classification, groups_without, means, same
from scope.fritz.journal import REFUSED, Journal, step_key
from scope.fritz.sources import Json, get_source
from scope.services.fritz import Fritz

WHAT = "replace"
DELETED, WITHDRAWN, KEPT = "deleted", "withdrawn", "kept"
"""What became of an old classification: withdrawn is one that other groups keep, and kept one
that is somebody else's."""

NOT_OURS = "Cannot find a classification"
"""What the server says of a classification that others may change, and we may not."""

_log = logging.getLogger(__name__)


class Replacement:
    """Remembers what sources had before, and takes it away at the end.

    Parameters
    ----------
    fritz : Fritz
    journal : Journal
    groups : callable
        Returns the groups whose classifications of a source are replaced.
    run : str
        What the run is about. One that goes on after a kill is the same run: what it has
        posted is not old.
    """

    def __init__(
        self,
        fritz: Fritz,
        journal: Journal,
        groups: Callable[[str], Sequence[int]],
        run: str,
    ) -> None:
        self._fritz = fritz
        self._journal = journal
        self._groups = groups
        self._run = run
        self._old: dict[str, dict[int, Json]] = {}
        self._wanted: dict[str, list[Classification]] = {}
        self._changeable: dict[int, bool] = {}

    def begin(self, name: str, row: int, existing: Iterable[Json] | None) -> None:
        """Note what a source has before anything is posted; None looks it up in the journal."""
        if name in self._old:
            return
        key = step_key("old", name, self._run)
        known = self._journal.done(key)
        if known is None:
            groups = set(self._groups(name))
            old = [_facts(one, groups) for one in existing or () if _groups_of(one) & groups]
            known = {"what": "old", "row": row, "obj_id": name, "old": old}
            self._journal.finish({key: known})
        self._old[name] = {facts["id"]: facts for facts in known["old"]}

    def old(self, name: str) -> frozenset[int]:
        """Return the numbers of the classifications that a source had before."""
        return frozenset(self._old[name])

    def add(self, entry: Classification) -> None:
        """Note what a source is to have."""
        self._wanted.setdefault(entry.obj_id, []).append(entry)

    def there(self, entry: Classification, existing: Iterable[Json]) -> list[Json]:
        """Return the classifications of a source in place of which none is posted.

        Those that are not old, and of the old ones those that say the same, and those of
        other people of this class, which we could not delete.
        """
        old = self._old[entry.obj_id]
        return [
            one
            for one in existing
            if one["id"] not in old
            or same(entry, one)
            or (means(entry, one) and not self._may_change(one))
        ]

    def finish(self, refused: Iterable[str]) -> None:
        """Take away what is old of all sources whose new classifications are there.

        Parameters
        ----------
        refused : iterable of str
            Sources with a classification that the server refused: they keep the old ones.
        """
        left = set(refused)
        for name in self._old:
            key = step_key("replaced", name, self._run)
            if not self._old[name] or self._journal.done(key) is not None:
                continue
            source = get_source(self._fritz, name) or {}
            rows = source.get("classifications", [])
            if name in left or not self._all_there(name, rows):
                _log.warning("%s: new classifications are not there, the old ones stay", name)
                continue
            if self._take_away_old(name, rows):
                self._journal.finish({key: {"what": "replaced", "obj_id": name}})

    def _all_there(self, name: str, rows: Sequence[Json]) -> bool:
        if self._fritz.dry_run:
            return True
        wanted = self._wanted.get(name, ())
        return not any(groups_without(one, self.there(one, rows)) for one in wanted)

    def _take_away_old(self, name: str, rows: Sequence[Json]) -> bool:
        """Take away what is old of a source, and return whether all of it is gone."""
        gone = True
        wanted = self._wanted.get(name, [])
        by_id = {one["id"]: one for one in rows}
        for number, facts in self._old[name].items():
            key = step_key(WHAT, name, number, self._run)
            one = by_id.get(number)
            if one is not None and not any(same(entry, one) for entry in wanted):
                self._journal.begin(key)
                status = self._take_away(name, one)
            elif one is None and self._journal.begun(key):
                # by a run that was killed before it could say so
                status = facts["becomes"]
            else:
                continue
            row = wanted[0].row if wanted else -1
            told = {"what": WHAT, "row": row, "obj_id": name, "fritz_id": number}
            self._journal.finish({key: {**told, "detail": facts["told"], "status": status}})
            gone = gone and status != REFUSED
        return gone

    def _take_away(self, name: str, one: Json) -> str:
        """Delete a classification, or leave it to those of its groups that are not ours."""
        if not self._changeable.get(int(one["author_id"]), True):
            return KEPT
        others = sorted(_groups_of(one) - set(self._groups(name)))
        path = f"classification/{one['id']}"
        try:
            if others:
                self._fritz.put(path, {"ml": one["ml"], "group_ids": others})
                return WITHDRAWN
            self._fritz.delete(path, {"label": False})
            return DELETED
        except RefusedError as error:
            _log.warning("%s: %r stays: %s", name, one["classification"], error.value)
            return KEPT if _is_not_ours(error) else REFUSED

    def _may_change(self, one: Mapping[str, Any]) -> bool:
        """Whether the server lets us change a classification, asked once for each author.

        It says so only when it is asked to: to give it what it has changes nothing.
        """
        author = int(one["author_id"])
        if self._fritz.dry_run:
            return True
        if author not in self._changeable:
            try:
                self._fritz.put(f"classification/{one['id']}", {"ml": one["ml"]})
                self._changeable[author] = True
            except RefusedError as error:
                if not _is_not_ours(error):
                    raise
                self._changeable[author] = False
        return self._changeable[author]


def _is_not_ours(error: RefusedError) -> bool:
    """Whether the server hides a classification from us because it is not ours to change."""
    return NOT_OURS in str(error.value)


def _groups_of(one: Mapping[str, Any]) -> set[int]:
    return {int(group["id"]) for group in one["groups"]}


def _facts(one: Mapping[str, Any], groups: set[int]) -> Json:
    """Return what the journal keeps of an old classification."""
    p = one["probability"]
    told = f"{one['classification']} ({one['taxonomy_id']})" + ("" if p is None else f" {p:.6g}")
    becomes = WITHDRAWN if _groups_of(one) - groups else DELETED
    return {"id": int(one["id"]), "told": told, "becomes": becomes}
