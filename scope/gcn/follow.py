"""Follow events: their sources, the workflow's scores of them, and what is posted."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.catalog.merge import SURVEY_IDS
from scope.catalog.publish import is_score
from scope.catalog.stars import find_stars
from scope.catalog.strangers import novelty_columns
from scope.errors import NoLocalizationError, ScopeError
from scope.fritz.groups import check_groups
from scope.fritz.journal import Journal
from scope.fritz.photometry import LightCurveSource, plot_photometry, plot_title
from scope.fritz.results import receipt_lines, write_receipt
from scope.fritz.taxonomy import fetch_taxonomies
from scope.fritz.taxonomy_map import TaxonomyMap, read_map
from scope.fritz.upload import Upload, UploadOptions
from scope.fritz.upload_rows import READ, UploadRow, class_columns, upload_rows
from scope.gcn.doubts import without_doubtful
from scope.gcn.event_sources import EventSource, event_sources, sources_table
from scope.gcn.events import Event, fetch_event, fetch_events, groups_to_post
from scope.gcn.posted_ledger import Memory
from scope.gcn.scores import combine_scores, is_probability, take_probabilities
from scope.io import (
    read_metadata,
    read_schema,
    read_table,
    to_frame,
    write_bytes,
    write_dataframe,
    write_table,
)
from scope.lightcurves.sky import separation_arcsec, unit_vectors
from scope.models.calibration.class_tree import ClassTree
from scope.schema import ALIAS_TREND
from scope.services.fritz import Fritz
from scope.targets.plan import event_list

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config

RunTarget = Callable[[str], Path]
"""Makes a target's catalogue and returns where it is."""

OPENING = (
    *("obj_id", "survey_id", "_id", "ra", "dec", "period", "n_epochs", *SURVEY_IDS),
    *("n_light_curves", "n_scored", "reason"),
)
"""The columns of an event's table before the scores."""


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FollowOptions:
    """Options of a run of the follower besides those of the configuration.

    Attributes
    ----------
    dateobs : tuple of str
        Events to follow; none takes those that are new enough and have a tag.
    post : bool
    forget : bool
        Take sources that are done for new ones.
    dry_run : bool
        The client sends nothing: keep no journal, and remember nothing.
    """

    dateobs: tuple[str, ...] = ()
    post: bool = True
    forget: bool = False
    dry_run: bool = False


class Follower:
    """Follows events, one after the other.

    Parameters
    ----------
    config : Config
    fritz : Fritz
    run_target : callable
    light_curves : LightCurveSource
    options : FollowOptions
    now : datetime
        UTC, without a time zone.
    """

    def __init__(
        self,
        config: Config,
        fritz: Fritz,
        run_target: RunTarget,
        light_curves: LightCurveSource,
        options: FollowOptions,
        now: datetime,
    ) -> None:
        self._config = config
        self._section = config.gcn
        self._fritz = fritz
        self._run_target = run_target
        self._light_curves = light_curves
        self._options = options
        self._now = now
        self._folder = Path(config.gcn.folder)
        self._memory = Memory(self._folder / "done.json", config.gcn.remember_days, now)

    def run(self) -> int:
        """Follow the events and return how many of them failed."""
        mapper = read_map(self._section.taxonomy_map)
        if self._options.dateobs:
            events = [fetch_event(self._fritz, dateobs) for dateobs in self._options.dateobs]
        else:
            days = self._section.days_ago
            events = fetch_events(self._fritz, self._section.tags, days, self._now)
        _log.info("%d events to look at", len(events))
        failed = 0
        for event in events:
            try:
                self._follow(event, mapper)
            except NoLocalizationError:
                # It may come; until then, while the event is recent, each run looks again.
                _log.info("%s: no localization yet", event.dateobs)
            except ScopeError as error:
                # The others do not wait for this one, which the next run takes up again.
                failed += 1
                _log.error("%s: error: %s", event.dateobs, error)
        return failed

    def _follow(self, event: Event, mapper: TaxonomyMap) -> None:
        section = self._section
        sources = event_sources(
            self._fritz,
            event.dateobs,
            group_ids=section.query_group_ids,
            days_range=section.days_range,
            contour=section.contour,
        )
        groups = groups_to_post(event, section.post_group_ids, section.post_group_ids_by_tag)
        new = list(sources) if self._options.forget else self._memory.new(sources, groups)
        _log.info(
            "%s (%s): %d sources, %d of them new",
            event.dateobs,
            ", ".join(event.tags),
            len(sources),
            len(new),
        )
        if not new:
            return
        posts = self._options.post and section.post
        if posts:
            # Said before the workflow is run, which takes its time.
            check_groups(self._fritz, groups)
        path = event_list(section.folder, event.label)
        _write_if_new(sources, path)
        table = self._classified(event, sources, self._run_target(event.target))
        columns = class_columns(table, [READ], mapper)
        rows = self._rows(self._trusted(table, columns), columns, mapper)
        self._leave(event, table, rows, path.parent)
        if posts:
            names = {source.name for source in new}
            chosen = [row for row in rows if row.obj_id in names]
            mapper.check(fetch_taxonomies(self._fritz), columns)
            refused = self._post(event, chosen, groups, path.parent)
            if not self._options.dry_run:
                done = [source for source in new if source.name not in refused]
                self._memory.add(done, groups)
        _log.info("%s: done", event.dateobs)

    def _classified(
        self, event: Event, sources: Sequence[EventSource], catalogue: Path
    ) -> pd.DataFrame:
        """Return a row per star of the event's catalogue, with one number per class."""
        there = read_schema(catalogue).names
        probabilities = self._section.post_probabilities
        more = [name for name in there if probabilities and is_probability(name)]
        scores = [name for name in there if is_score(name)]
        wanted = [*(name for name in OPENING if name in there), *_doubts(there), *scores, *more]
        rows = to_frame(read_table(catalogue, wanted))
        stars = find_stars(rows, statistic=self._section.statistic, more=more)
        stars = stars.sort_values(["obj_id", "ra", "dec"], ignore_index=True)
        doubts = [name for name in _doubts(there) if name in stars]
        stars = stars[[*OPENING, *scores, *more, *doubts]]
        if probabilities:
            found = take_probabilities(stars)
        else:
            found = combine_scores(stars, self._config.inference.algorithms)
        found.insert(0, "dateobs", event.dateobs)
        place = found.columns.tolist().index("dec") + 1
        found.insert(place, "separation_arcsec", _separations(found, sources))
        found.attrs["record"] = read_metadata(catalogue)
        return found

    def _trusted(self, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """Return the table without what is not posted unasked."""
        if self._section.post_doubtful:
            return table
        config = self._config
        tree = ClassTree(config.class_parents(), periodic=frozenset(config.periodic_classes()))
        record = table.attrs["record"]
        return without_doubtful(table, columns, record, tree, config.probabilities.strange_below)

    def _rows(
        self, table: pd.DataFrame, columns: Sequence[str], mapper: TaxonomyMap
    ) -> list[UploadRow]:
        """Return, of each source, its nearest star with the classes from the threshold on."""
        nearest = table.sort_values("separation_arcsec", kind="stable").drop_duplicates("obj_id")
        threshold = self._config.thresholds.posting
        return upload_rows(nearest.sort_index(), columns, mapper, p_threshold=threshold)

    def _leave(
        self, event: Event, table: pd.DataFrame, rows: Sequence[UploadRow], folder: Path
    ) -> None:
        """Write the table, the classes that are likely, and pictures of their sources."""
        import scope

        kept = table.copy()
        kept.attrs = {"pipeline_version": scope.__version__, "dateobs": event.dateobs}
        write_dataframe(kept, folder / f"merged_GCN_sources_{event.label}.parquet")
        likely: dict[str, Any] = {}
        for row in rows:
            if row.classes and row.obj_id is not None:
                found = {entry.fritz_label: p for entry, p in row.classes.items()}
                likely.setdefault(row.obj_id, {}).update(found)
        text = json.dumps(dict(sorted(likely.items())), indent=1)
        write_bytes((text + "\n").encode(), folder / f"merged_GCN_sources_{event.label}_meta.json")
        for row in rows:
            if row.classes:
                self._draw(row, folder / "plots")

    def _draw(self, row: UploadRow, folder: Path) -> None:
        radius = self._section.radius_arcsec
        name = str(row.obj_id)
        kinds = {"time_series": None, "phase_folded": row.period}
        if all((folder / f"{name}_{kind}.png").is_file() for kind in kinds):
            return
        points = self._light_curves.around(row.ra, row.dec, radius)
        for kind, period in kinds.items():
            if len(points) and (period is not None or kind == "time_series"):
                title = plot_title(radius, name, folded=period is not None)
                plot_photometry(points, title, folder / f"{name}_{kind}.png", period=period)

    def _post(
        self,
        event: Event,
        rows: Sequence[UploadRow],
        groups: tuple[int, ...],
        folder: Path,
    ) -> set[str]:
        """Post the classes of sources; return those of which Fritz has refused something."""
        options = UploadOptions(
            groups,
            skip_phot=True,
            use_existing_obj_id=True,
            radius_arcsec=self._section.radius_arcsec,
            post_phot_as_comment=True,
            post_phasefolded_phot=True,
            phot_dirname=str(folder / "plots"),
            batch=self._config.fritz.batch,
        )
        path = None if self._options.dry_run else folder / "posted.journal.jsonl"
        with Journal(path, self._fritz.options.address) as journal:
            upload = Upload(self._fritz, journal, options, self._light_curves)
            try:
                upload.run(rows)
            finally:
                if path is not None:
                    write_receipt(journal, folder / "receipt.parquet")
            if path is not None:
                told = ", ".join(receipt_lines(journal))
                _log.info("%s: %s", event.dateobs, told or "nothing to post")
        return upload.refused


def _doubts(names: Sequence[str]) -> list[str]:
    """Return the columns of a catalogue that tell what not to post."""
    return [*(name for name in names if name == ALIAS_TREND.name), *novelty_columns(names)]


def _separations(stars: pd.DataFrame, sources: Sequence[EventSource]) -> list[float]:
    """Return how far each star is from the source that it was found for, in arcsec."""
    places = {source.name: (source.ra, source.dec) for source in sources}
    ra, dec = np.array([places[name] for name in stars["obj_id"]]).reshape(-1, 2).T
    own = (stars[name].to_numpy(dtype=float) for name in ("ra", "dec"))
    return separation_arcsec(unit_vectors(ra, dec), unit_vectors(*own)).tolist()


def _write_if_new(sources: Sequence[EventSource], path: Path) -> None:
    """Write a list of sources, unless it is there: a new file would be worked on again."""
    table = sources_table(sources)
    if not path.is_file() or not read_table(path).equals(table):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, path, {})
