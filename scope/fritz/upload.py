"""Upload classifications, photometry, annotations and comments of a table's sources.

Each step is written to a journal when it begins and when it is done, and looked for on the
server where that is in doubt: a run that was killed goes on where it was, and a second run
adds nothing. What the server refuses is a line of the receipt, and the other steps go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

from scope.errors import NotFoundError, RefusedError, UsageError
from scope.fritz.classifications import (
    Classification,
    Poster,
    groups_without,
    row_classifications,
)
from scope.fritz.comments import post_comment, post_picture
from scope.fritz.groups import check_groups
from scope.fritz.journal import REFUSED, Journal, step_key
from scope.fritz.photometry import (
    LightCurveSource,
    Photometry,
    find_instrument,
    plot_photometry,
    plot_title,
    put_photometry,
)
from scope.fritz.replace import Replacement
from scope.fritz.sources import (
    PERIOD_ORIGIN,
    Json,
    annotate,
    check_name,
    check_place,
    find_name,
    get_source,
    group_ids,
    named,
    requested_group_ids,
    save_source,
)
from scope.fritz.steps import (
    POSTED,
    REQUESTED,
    THERE,
    has_origin,
    posted_classes,
    reason,
    step_facts,
)
from scope.fritz.taxonomy_map import Entry
from scope.fritz.upload_options import UploadOptions as UploadOptions
from scope.fritz.upload_rows import UploadRow
from scope.provenance import hash_json
from scope.services.fritz import Fritz

Action = Callable[[], str]

_log = logging.getLogger(__name__)


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
        self._first: dict[tuple[str, Entry], Classification] = {}
        self._run = ""
        self._replacement: Replacement | None = None
        self._poster = Poster(fritz, journal, options.batch, self._batch_is_done)
        self._instrument: int | None = None
        self._prepared = False
        self._pending: dict[str, set[int]] = {}
        self._refused: set[int] = set()
        self._left_out: set[str] = set()

    def run(self, rows: Sequence[UploadRow]) -> dict[int, str]:
        """Upload rows in their order and return their names on Fritz, by number.

        Rows without a class that is likely enough are left alone.

        Raises
        ------
        UsageError
            Before anything is sent: if a name is wanted and a row has none, or a group is not
            ours.
        ServiceError
            If Fritz, or what light curves come from, does not answer; run it again then.
        """
        rows = [row for row in rows if row.classes]
        if self._options.use_existing_obj_id:
            for row in rows:
                named(row)
        if self._journal.interrupted:
            # What a killed run sent last may still take effect.
            self._fritz.settle()
        if self._options.replace_classifications:
            self._run = hash_json([self._row_key(row) for row in rows])
            self._replacement = Replacement(self._fritz, self._journal, self._groups_of, self._run)
        for row in rows:
            self._upload(row)
        self._poster.flush()
        if self._replacement is not None:
            lacking = {entry.obj_id for entry in self._poster.refused}
            self._replacement.finish(lacking | self._left_out)
        return dict(self._names)

    @property
    def refused(self) -> set[str]:
        """Names of the sources of which the server has refused something in this run."""
        numbers = self._refused | {entry.row for entry in self._poster.refused}
        return {name for number, name in self._names.items() if number in numbers}

    def _upload(self, row: UploadRow) -> None:
        key = self._row_key(row)
        if (done := self._journal.done(key)) is not None:
            self._names[row.number] = done["obj_id"]
            self._remember(row, done["obj_id"])
            return
        name, source = self.save(row)
        self._names[row.number] = name
        if source is None:
            self._left_out.add(name)
            return
        self._classify(row, name, source)
        annotations = source.get("annotations", [])
        if row.period is not None and not has_origin(annotations, PERIOD_ORIGIN):
            self.note(row, name, PERIOD_ORIGIN, {"period": row.period}, annotations)
        if self._options.post_survey_id and row.survey_ids:
            keys = (f"survey_id_{n}" if n > 1 else "survey_id" for n in count(1))
            values = dict(zip(keys, row.survey_ids, strict=False))
            self.note(row, name, self._options.survey_id_origin, values, annotations)
        if self._options.comment:
            self.comment(row, name, self._options.comment)
        self._complete[key] = {"what": "row", "row": row.number, "obj_id": name}

    def save(self, row: UploadRow) -> tuple[str, Json | None]:
        """Save a row's source with its photometry; return its name, and it as it was before.

        In place of the source stands None where there is nothing to write to: the server
        refuses it, or none of the groups has it yet.
        """
        self._prepare()
        name = self._name(row)
        try:
            check_name(name, f"row {row.number}")
            source = get_source(self._fritz, name)
            if not self._at_its_place(row, name, source):
                return name, None
            self._save(row, name, source)
        except (RefusedError, UsageError) as error:
            self._refuse(row, self._source_key(name), "source", name, reason(error))
            return name, None
        if not self._groups_of(name):
            return name, None
        self._illustrate(row, name)
        return name, source or {}

    def _source_key(self, name: str) -> str:
        return step_key("source", name, self._groups)

    def _prepare(self) -> None:
        """Check, before the first request that writes, what all of them need."""
        if self._prepared:
            return
        self._prepared = True
        check_groups(self._fritz, self._groups)
        if self._light_curves is not None and not self._options.skip_phot:
            self._instrument = find_instrument(self._fritz, self._options.instrument_name)

    def _groups_of(self, name: str) -> tuple[int, ...]:
        """Return the groups that a source is saved to, of those that are asked for."""
        return tuple(sorted(set(self._groups) - self._pending.get(name, set())))

    def _name(self, row: UploadRow) -> str:
        """Return the source's name; once chosen it stays, also for a later run."""
        key = step_key("name", row.number, row.ra, row.dec, row.obj_id, self._groups)
        if (done := self._journal.done(key)) is not None:
            return str(done["obj_id"])
        name = find_name(
            self._fritz,
            row,
            radius_arcsec=self._options.radius_arcsec,
            use_existing_obj_id=self._options.use_existing_obj_id,
            match_ids=self._options.match_ids,
            prefix=self._options.source_prefix,
        )
        self._journal.finish({key: {"what": "name", "row": row.number, "obj_id": name}})
        return name

    def _at_its_place(self, row: UploadRow, name: str, source: Json | None) -> bool:
        """Whether a source with the table's own name for it lies where the row says."""
        if source is None or not self._options.use_existing_obj_id:
            return True
        # Of the row: another may have the same name and the right place.
        key = step_key("place", name, row.number, self._groups)
        try:
            check_place(source, row.ra, row.dec, self._options.radius_arcsec)
        except UsageError as error:
            self._refuse(row, key, "source", name, reason(error))
            return False
        if self._journal.begun(key):
            # An earlier run was refused.
            self._journal.finish({key: step_facts("source", row, name, "", THERE)})
        return True

    def _save(self, row: UploadRow, name: str, source: Json | None) -> None:
        """Save the source if need be."""
        groups, key = set(self._groups), self._source_key(name)
        if source is not None and self._journal.begun(key) and self._journal.done(key) is None:
            # Ours, by a run that was killed before it could say so.
            self._journal.finish({key: step_facts("source", row, name, "", POSTED)})
        asked = requested_group_ids(source) & groups
        if source is None:
            self._journal.begin(key)
            asked = save_source(self._fritz, name, row.ra, row.dec, None, self._groups)
            self._journal.finish({key: step_facts("source", row, name, "", POSTED)})
        elif missing := groups - group_ids(source) - asked:
            asked |= save_source(self._fritz, name, row.ra, row.dec, source, self._groups)
            if missing - asked:
                self._note_groups(row, name, missing - asked, "saved to", POSTED)
        if asked:
            _log.warning("%s: groups %s are only asked to save it", name, sorted(asked))
            self._note_groups(row, name, asked, "asked to save it:", REQUESTED)
            self._pending[name] = asked
            # The next run looks at it again.
            self._refused.add(row.number)

    def _note_groups(
        self, row: UploadRow, name: str, groups: set[int], what: str, status: str
    ) -> None:
        detail = f"{what} groups {', '.join(map(str, sorted(groups)))}"
        key = step_key("groups", name, sorted(groups), status)
        self._journal.finish({key: step_facts("source", row, name, detail, status)})

    def _illustrate(self, row: UploadRow, name: str) -> None:
        """Send photometry, and draw it, if need be."""
        new = self._journal.done(self._source_key(name)) is not None
        key = step_key("photometry", name, self._groups, self._options.radius_arcsec)
        points: Photometry | None = None
        try:
            if (new or not self._options.skip_phot) and self._journal.done(key) is None:
                points = self._points(row)
                self._send(row, name, points, key)
        except RefusedError as error:
            self._refuse(row, key, "photometry", name, reason(error))
        if self._options.pictures:
            self._draw(row, name, points)

    def _refuse(self, row: UploadRow, key: str, what: str, name: str, why: str) -> None:
        """Note what the server has refused; the next run tries it again."""
        _log.warning("%s: %s is refused: %s", name, what, why)
        self._refused.add(row.number)
        self._journal.finish({key: step_facts(what, row, name, why, REFUSED)})

    def _points(self, row: UploadRow) -> Photometry | None:
        if self._light_curves is None:
            return None
        return self._light_curves.around(row.ra, row.dec, self._options.radius_arcsec)

    def _send(self, row: UploadRow, name: str, points: Photometry | None, key: str) -> None:
        if points is None:
            _log.warning("%s: no photometry, for want of a survey of light curves", name)
            facts = step_facts("photometry", row, name, "no survey is configured", "left out")
        else:
            if self._instrument is None:
                self._instrument = find_instrument(self._fritz, self._options.instrument_name)
            groups = self._groups_of(name)
            sent = put_photometry(self._fritz, name, points, self._instrument, groups)
            facts = step_facts("photometry", row, name, f"{sent} points", "posted")
        self._journal.finish({key: facts})

    def _draw(self, row: UploadRow, name: str, points: Photometry | None) -> None:
        for folded in (False, True):
            period = row.period if folded else None
            if folded and (not self._options.post_phasefolded_phot or period is None):
                continue
            title = plot_title(self._options.radius_arcsec, name, folded=folded)
            if self._journal.done(step_key("comment", name, title, self._groups)):
                continue
            if points is None:
                points = self._points(row)
            if points is None or not len(points):
                _log.warning("%s: no light curve to draw", name)
                return
            kind = "phase_folded" if folded else "time_series"
            path = Path(self._options.phot_dirname) / f"{name}_{kind}.png"
            plot_photometry(points, title, path, period=period)
            self.comment(row, name, title, path)

    def _classify(self, row: UploadRow, name: str, source: Json) -> None:
        existing = source.get("classifications", [])
        if self._replacement is not None:
            self._replacement.begin(name, row.number, existing)
        for entry, wanted in self._wanted(row, name).items():
            done = self._journal.done(wanted.key)
            there = existing
            if self._replacement is not None:
                # What an earlier run posted may have been replaced since.
                done = None
                there = self._replacement.there(wanted, existing)
                wanted = replace(wanted, old=self._replacement.old(name))
            groups = groups_without(wanted, there)
            first = self._first.setdefault((name, entry), wanted) is wanted
            if done is not None:
                continue
            if groups and first:
                self._poster.add(replace(wanted, groups=groups))
            elif not self._journal.done(wanted.key):  # there, or an earlier row brings it
                self._journal.finish({wanted.key: wanted.facts(THERE)})
        self._remember(row, name)

    def _remember(self, row: UploadRow, name: str) -> None:
        """Note what the source of a row is to have in place of what it had."""
        if self._replacement is None:
            return
        self._replacement.begin(name, row.number, None)
        for entry, wanted in self._wanted(row, name).items():
            if self._first.setdefault((name, entry), wanted).row == row.number:
                self._replacement.add(wanted)

    def _wanted(self, row: UploadRow, name: str) -> dict[Entry, Classification]:
        return row_classifications(row, name, self._groups_of(name), self._options)

    def note(
        self, row: UploadRow, name: str, origin: str, data: Json, old: list[Json], new: bool = False
    ) -> None:
        """Annotate a source that has the annotations `old`; `new`: in place of other values."""
        groups = self._groups_of(name)
        action = partial(annotate, self._fritz, name, origin, data, groups, old, anew=new)
        again = new and any(o["origin"] == origin and o["data"] != data for o in old)
        self._step(row, name, "annotation", origin, action, again)

    def comment(self, row: UploadRow, name: str, text: str, path: Path | None = None) -> None:
        """Comment on a source, with a picture if one is given; each text once."""
        post = post_comment if path is None else partial(post_picture, path=path)
        action = partial(post, self._fritz, name, text, groups=self._groups_of(name))
        self._step(row, name, "comment", text, action)

    def _step(
        self, row: UploadRow, name: str, what: str, detail: str, act: Action, again: bool = False
    ) -> None:
        key = step_key(what, name, detail, self._groups)
        if self._journal.done(key) is not None and not again:
            return
        self._journal.begin(key)
        try:
            self._journal.finish({key: step_facts(what, row, name, detail, act())})
        except (RefusedError, NotFoundError) as error:
            self._refuse(row, key, what, name, f"{detail}: {reason(error)}")

    def _row_key(self, row: UploadRow) -> str:
        options = {
            name: value
            for name, value in self._options.__dict__.items()
            if name not in ("batch", "phot_dirname")
        }
        place = (row.number, row.ra, row.dec, row.obj_id, row.period, row.survey_ids)
        return step_key("row", place, posted_classes(row), options, *filter(None, [self._run]))

    def _batch_is_done(self) -> None:
        """Note the rows of which all is done; those with something refused are not."""
        refused = self._refused | {entry.row for entry in self._poster.refused}
        done = {key: facts for key, facts in self._complete.items() if facts["row"] not in refused}
        self._journal.finish(done)
        self._complete.clear()
        if self._saved is not None:
            self._saved(dict(self._names))
