"""Upload classifications, photometry, annotations and comments of a table's sources.

Each step is written to a journal when it begins and when it is done, and looked for on the
server where that is in doubt: a run that was killed goes on where it was, and a second run
adds nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from scope.errors import RefusedError
from scope.fritz.classifications import Classification, Poster, groups_without
from scope.fritz.comments import post_comment, post_picture
from scope.fritz.journal import Journal, step_key
from scope.fritz.photometry import (
    LightCurveSource,
    Photometry,
    find_instrument,
    plot_photometry,
    plot_title,
    put_photometry,
)
from scope.fritz.rows import UploadRow
from scope.fritz.sources import (
    PERIOD_ORIGIN,
    Json,
    annotate,
    find_name,
    get_source,
    group_ids,
    save_source,
)
from scope.fritz.taxonomy_map import Entry
from scope.provenance import hash_json
from scope.services.fritz import Fritz

POSTED, THERE = "posted", "there"
"""States of a classification in the journal."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UploadOptions:
    """What is uploaded of each source, and how; see ``scope-upload-classification --help``."""

    group_ids: tuple[int, ...]
    comment: str | None = None
    classification_origin: str = "SCoPe"
    skip_phot: bool = False
    post_survey_id: bool = False
    survey_id_origin: str = "SCoPe_xmatch"
    match_ids: bool = False
    use_existing_obj_id: bool = False
    post_upvote: bool = False
    check_labelled_box: bool = False
    replace_classifications: bool = False
    radius_arcsec: float = 2.0
    ml: bool = True
    post_phot_as_comment: bool = False
    post_phasefolded_phot: bool = False
    phot_dirname: str = "phot_plots"
    instrument_name: str = "ZTF"
    batch: int = 100

    @property
    def pictures(self) -> bool:
        """Whether light curves are drawn."""
        return self.post_phot_as_comment or self.post_phasefolded_phot


class Upload:
    """An upload of some rows.

    Parameters
    ----------
    fritz : Fritz
    journal : Journal
    options : UploadOptions
    light_curves : LightCurveSource or None
        None where there is no survey to take photometry from.
    saved : callable, optional
        Called with the names by number of row whenever rows are done.
    """

    def __init__(
        self,
        fritz: Fritz,
        journal: Journal,
        options: UploadOptions,
        light_curves: LightCurveSource | None,
        saved: Callable[[dict[int, str]], None] | None = None,
    ) -> None:
        self._fritz = fritz
        self._journal = journal
        self._options = options
        self._light_curves = light_curves
        self._saved = saved
        self._groups = tuple(sorted(set(options.group_ids)))
        self._names: dict[int, str] = {}
        self._complete: dict[str, Json] = {}
        self._queued: set[tuple[str, Entry]] = set()
        self._run = ""
        self._standing: set[tuple[Any, ...]] = set()
        self._poster = Poster(fritz, journal, options.batch, self._batch_is_done)
        self._instrument: int | None = None

    def run(self, rows: Sequence[UploadRow]) -> dict[int, str]:
        """Upload rows in their order and return their names on Fritz, by number.

        Rows without a class that is likely enough are left alone.

        Raises
        ------
        ServiceError
            If Fritz, or what light curves come from, does not answer; run it again then.
        """
        if self._journal.interrupted:
            # What a killed run sent last may still take effect.
            self._fritz.settle()
        if self._options.replace_classifications:
            self._run = hash_json([(row.number, _posted(row)) for row in rows])
            self._standing = self._posted_before(rows)
        for row in rows:
            if row.classes:
                self._upload(row)
        self._poster.flush()
        return dict(self._names)

    def _upload(self, row: UploadRow) -> None:
        key = self._row_key(row)
        if (done := self._journal.done(key)) is not None:
            self._names[row.number] = done["obj_id"]
            return
        name, source = self.save(row)
        self._classify(row, name, source)
        annotations = source.get("annotations", [])
        if row.period is not None and not _has_origin(annotations, PERIOD_ORIGIN):
            self.note(row, name, PERIOD_ORIGIN, {"period": row.period}, annotations)
        if self._options.post_survey_id and row.survey_ids:
            values = {
                "survey_id" if n == 0 else f"survey_id_{n + 1}": value
                for n, value in enumerate(row.survey_ids)
            }
            self.note(row, name, self._options.survey_id_origin, values, annotations)
        if self._options.comment:
            text = self._options.comment
            action = partial(post_comment, self._fritz, name, text, self._groups)
            self._step(row, name, "comment", text, action)
        self._complete[key] = {"what": "row", "row": row.number, "obj_id": name}
        self._names[row.number] = name

    def save(self, row: UploadRow) -> tuple[str, Json]:
        """Save a row's source with its photometry; return its name, and it as it was before."""
        name = self._name(row)
        return name, self._save(row, name)

    def _name_key(self, row: UploadRow) -> str:
        return step_key("name", row.number, row.ra, row.dec, row.obj_id, self._groups)

    def _name(self, row: UploadRow) -> str:
        """Return the source's name; once chosen it stays, also for a later run."""
        key = self._name_key(row)
        done = self._journal.done(key)
        if done is not None:
            return str(done["obj_id"])
        name = find_name(
            self._fritz,
            row,
            radius_arcsec=self._options.radius_arcsec,
            use_existing_obj_id=self._options.use_existing_obj_id,
            match_ids=self._options.match_ids,
        )
        self._journal.finish({key: {"what": "name", "row": row.number, "obj_id": name}})
        return name

    def _save(self, row: UploadRow, name: str) -> Json:
        """Save the source and its photometry if need be, and return it as it was before."""
        source = get_source(self._fritz, name)
        key = step_key("source", name, self._groups)
        ours = self._journal.begun(key)
        if source is None or not set(self._groups) <= group_ids(source):
            self._journal.begin(key)
            save_source(self._fritz, name, row.ra, row.dec, source, self._groups)
        new = source is None or ours
        if new and self._journal.done(key) is None:
            self._journal.finish({key: _facts("source", row, name, "", "posted")})
        send = new or not self._options.skip_phot
        key = step_key("photometry", name, self._groups, self._options.radius_arcsec)
        points: Photometry | None = None
        if send and self._journal.done(key) is None:
            points = self._points(row)
            self._send(row, name, points, key)
        if self._options.pictures:
            self._draw(row, name, points)
        return source or {}

    def _points(self, row: UploadRow) -> Photometry | None:
        if self._light_curves is None:
            return None
        return self._light_curves.around(row.ra, row.dec, self._options.radius_arcsec)

    def _send(self, row: UploadRow, name: str, points: Photometry | None, key: str) -> None:
        if points is None:
            _log.warning("%s: no photometry, for want of a survey of light curves", name)
            facts = _facts("photometry", row, name, "no survey is configured", "left out")
        else:
            if self._instrument is None:
                self._instrument = find_instrument(self._fritz, self._options.instrument_name)
            sent = put_photometry(self._fritz, name, points, self._instrument, self._groups)
            facts = _facts("photometry", row, name, f"{sent} points", "posted")
        self._journal.finish({key: facts})

    def _draw(self, row: UploadRow, name: str, points: Photometry | None) -> None:
        radius = self._options.radius_arcsec
        for folded in (False, True):
            period = row.period if folded else None
            if folded and (not self._options.post_phasefolded_phot or period is None):
                continue
            title = plot_title(radius, name, folded=folded)
            if self._journal.done(step_key("comment", name, title, self._groups)) is not None:
                continue
            if points is None:
                points = self._points(row)
            if points is None or not len(points):
                _log.warning("%s: no light curve to draw", name)
                return
            kind = "phase_folded" if folded else "time_series"
            path = Path(self._options.phot_dirname) / f"{name}_{kind}.png"
            plot_photometry(points, title, path, period=period)
            action = partial(post_picture, self._fritz, name, title, path, self._groups)
            self._step(row, name, "comment", title, action)

    def _classify(self, row: UploadRow, name: str, source: Json) -> None:
        existing = source.get("classifications", [])
        if self._options.replace_classifications:
            existing = self._replace(row, name, existing)
        for entry, wanted in self._wanted(row, name).items():
            groups = groups_without(wanted, existing)
            done = self._journal.done(wanted.key)
            # What an earlier run found there may have been replaced since.
            again = self._options.replace_classifications
            if done is not None and not (again and done["status"] == THERE):
                continue
            if not groups or (name, entry) in self._queued:
                # Two rows may be of one source.
                self._journal.finish({wanted.key: wanted.facts(THERE)})
            else:
                self._queued.add((name, entry))
                self._poster.add(replace(wanted, groups=groups))

    def _wanted(self, row: UploadRow, name: str) -> dict[Entry, Classification]:
        return {
            entry: Classification(
                name,
                entry.fritz_label,
                entry.taxonomy_id,
                probability,
                self._groups,
                self._options.classification_origin,
                self._options.ml,
                self._options.post_upvote,
                self._options.check_labelled_box,
                row.number,
            )
            for entry, probability in row.classes.items()
        }

    def _posted_before(self, rows: Sequence[UploadRow]) -> set[tuple[Any, ...]]:
        """Return what an earlier run posted of these rows as they are now.

        To delete it would be for good: the journal has it as done.
        """
        found = set()
        for row in rows:
            named = self._journal.done(self._name_key(row))
            for wanted in self._wanted(row, named["obj_id"]).values() if named else ():
                done = self._journal.done(wanted.key)
                if done is not None and done["status"] == POSTED:
                    found.add((wanted.obj_id, wanted.label, wanted.taxonomy_id, wanted.origin))
        return found

    def _replace(self, row: UploadRow, name: str, existing: list[Json]) -> list[Json]:
        """Delete the classifications of the groups and return those that stay.

        Once per source and run: of several rows of a source the later ones would delete what
        the first one has posted. A run that goes on after a kill is the same run. Those of
        other people cannot be deleted.
        """
        key = step_key("replace", name, self._groups, self._run)
        if self._journal.done(key) is not None:
            return existing
        kept, deleted = [], 0
        for old in existing:
            what = (name, old["classification"], old["taxonomy_id"], old["origin"])
            theirs = not {group["id"] for group in old["groups"]} & set(self._groups)
            if theirs or what in self._standing:
                kept.append(old)
                continue
            try:
                self._fritz.delete(f"classification/{old['id']}", {"label": False})
                deleted += 1
            except RefusedError:
                _log.warning("%s: %r of somebody else stays", name, old["classification"])
                kept.append(old)
        detail = f"{deleted} deleted, {len(kept)} kept"
        self._journal.finish({key: _facts("replace", row, name, detail, "deleted")})
        return kept

    def note(
        self, row: UploadRow, name: str, origin: str, values: Json, existing: Sequence[Json]
    ) -> None:
        """Annotate a source; `existing` are the annotations that it has."""
        action = partial(annotate, self._fritz, name, origin, values, self._groups, existing)
        self._step(row, name, "annotation", origin, action)

    def _step(
        self, row: UploadRow, name: str, what: str, detail: str, action: Callable[[], str]
    ) -> None:
        key = step_key(what, name, detail, self._groups)
        if self._journal.done(key) is None:
            self._journal.begin(key)
            self._journal.finish({key: _facts(what, row, name, detail, action())})

    def _row_key(self, row: UploadRow) -> str:
        options = {
            name: value
            for name, value in self._options.__dict__.items()
            if name not in ("batch", "phot_dirname")
        }
        place = (row.number, row.ra, row.dec, row.obj_id, row.period, row.survey_ids)
        return step_key("row", place, _posted(row), options)

    def _batch_is_done(self) -> None:
        """Note the rows whose classifications are all posted."""
        self._journal.finish(self._complete)
        self._complete.clear()
        if self._saved is not None:
            self._saved(dict(self._names))


def _posted(row: UploadRow) -> list[tuple[int, str, float]]:
    """Return what is posted of a row, as part of the names of steps."""
    return sorted((e.taxonomy_id, e.fritz_label, p) for e, p in row.classes.items())


def _has_origin(annotations: Sequence[Json], origin: str) -> bool:
    return any(note["origin"] == origin for note in annotations)


def _facts(what: str, row: UploadRow, name: str, detail: str, status: str) -> dict[str, Any]:
    return {
        "what": what,
        "row": row.number,
        "obj_id": name,
        "detail": detail,
        "status": status,
        "fritz_id": None,
    }
