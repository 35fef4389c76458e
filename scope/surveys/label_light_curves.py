"""Labels for light curves from published catalogues of variable stars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, UsageError
from scope.io import write_table
from scope.provenance import hash_file, record
from scope.surveys.catalogue_map import (
    CatalogueMap,
)
from scope.surveys.curve_sources import Curves, median_magnitudes, write_curves
from scope.surveys.label_map import Labelling
from scope.surveys.label_tables import (
    disagreement_table,
    labels_table,
    rows_table,
    status_table,
)
from scope.surveys.label_verdicts import (
    DISAGREEMENTS,
    LEAVE_OUT,
    NO_CATALOGUE_STAR,
    OUTCOMES,
    USED,
    judge_stars,
    row_outcomes,
)
from scope.surveys.star_catalogue import (
    Reading,
    StarCatalogue,
    read_star_catalogue,
)
from scope.surveys.star_match import (
    Match,
    MatchOptions,
    Stars,
    link_stars,
    match_stars,
)

LABELS_FILE, TRUTH_FILE, CURVES_FILE = "labels.parquet", "truth.parquet", "lightcurves.parquet"
ROWS_FILE, STATUS_FILE = "catalogue_rows.parquet", "light_curve_outcomes.parquet"
DISAGREEMENTS_FILE = "disagreements.parquet"


class CatalogueFile(NamedTuple):
    """A table and how it is read."""

    path: Path
    rules: CatalogueMap
    reading: Reading = Reading()


@dataclass(frozen=True)
class LabelOptions:
    """Options of making labels.

    Attributes
    ----------
    match : MatchOptions
    epoch : float
        Julian year of the positions of the light curves.
    disagreement : {"leave_out", "unknown", "first"}
        What is done with stars of which catalogues contradict one another.
    """

    match: MatchOptions = field(default_factory=MatchOptions)
    epoch: float = 2019.0
    disagreement: str = LEAVE_OUT

    def __post_init__(self) -> None:
        if self.disagreement not in DISAGREEMENTS:
            raise InputError(
                "rule for disagreements", value=self.disagreement, allowed=DISAGREEMENTS
            )


@dataclass(frozen=True)
class LabelSummary:
    """Counts of what was found.

    Attributes
    ----------
    total : int or None
        Light curves that the survey has.
    light_curves, stars : int
        With labels.
    rows : dict of str to Counter
        Of each catalogue, how many rows had which outcome.
    unlabelled : Counter
        Light curves near rows of catalogues, or of a list, by why they have no labels.
    classes : Counter
        Light curves by class and catalogue.
    moved : dict of str to int
        Rows with a proper motion.
    """

    total: int | None
    light_curves: int
    stars: int
    rows: dict[str, Counter[str]]
    unlabelled: Counter[str]
    classes: Counter[str]
    moved: dict[str, int]

    def lines(self) -> list[str]:
        """Return the counts for people to read."""
        lines = []
        for name, found in self.rows.items():
            moved = self.moved[name]
            motion = f", {moved} with a proper motion" if moved else ""
            lines.append(f"{name}: {found.total()} rows{motion}, {found[USED]} used")
            lines += [
                f"  {outcome:<24} {found[outcome]:>9}  {meaning}"
                for outcome, meaning in OUTCOMES.items()
                if found[outcome] and outcome != USED
            ]
        total = "" if self.total is None else f" of {self.total}"
        lines.append(f"{self.light_curves}{total} light curves labelled, of {self.stars} stars")
        lines += [f"  {name:<32} {count:>9}" for name, count in self.classes.most_common()]
        why = dict(self.unlabelled.most_common())
        if self.total is not None:
            far = self.total - self.light_curves - self.unlabelled.total()
            why[NO_CATALOGUE_STAR] = why.get(NO_CATALOGUE_STAR, 0) + far
        lines += [f"  not labelled: {name:<24} {count:>9}" for name, count in why.items() if count]
        return lines


def label_light_curves(
    source: Curves,
    files: Sequence[CatalogueFile],
    output: str | Path,
    *,
    options: LabelOptions | None = None,
    curves: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> LabelSummary:
    """Match light curves with published catalogues, and write what their classes say.

    Parameters
    ----------
    source : Curves
    files : sequence of CatalogueFile
        In the order in which they are trusted.
    output : path
        Folder for ``labels.parquet`` (a row per labelled light curve, as
        `scope.tasks.variables.training_sets.read_labels` and the workflow read it),
        ``lightcurves.parquet`` (those light curves), ``catalogue_rows.parquet`` and
        ``light_curve_outcomes.parquet`` (what became of every row and of every light curve near
        one), ``disagreements.parquet``.
    options : LabelOptions, optional
    curves : bool
        Whether to write the light curves.
    facts : mapping, optional
        What to record beside the options.

    Raises
    ------
    UsageError
        If there are no catalogues, or two of one name.
    InputError
        If no light curve gets a label.
    ScopeError
        What reading raises.
    """
    options = options or LabelOptions()
    _require_names(files)
    catalogues = [
        read_star_catalogue(item.path, item.rules, options.epoch, item.reading) for item in files
    ]
    near, stars = _find_stars(source, catalogues, options.match)
    matches = [_match(catalogue, stars, options.match) for catalogue in catalogues]
    verdicts = judge_stars(catalogues, matches, options.disagreement)
    outcomes = row_outcomes(catalogues, matches, verdicts)
    metadata = record(
        "labels",
        **{
            **(facts or {}),
            "catalogues": {
                item.rules.name: {"reference": item.rules.reference, "sha256": hash_file(item.path)}
                for item in files
            },
            "radius_arcsec": options.match.radius_arcsec,
            "margin_arcsec": options.match.margin_arcsec,
            "star_radius_arcsec": options.match.star_radius_arcsec,
            "faint_mag": options.match.faint_mag,
            "epoch": options.epoch,
            "disagreement": options.disagreement,
        },
    )
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    write_table(rows_table(catalogues, matches, outcomes), folder / ROWS_FILE, metadata)
    status = status_table(near, stars, catalogues, matches, outcomes, verdicts)
    write_table(status, folder / STATUS_FILE, metadata)
    write_table(disagreement_table(catalogues, verdicts), folder / DISAGREEMENTS_FILE, metadata)
    labels, rows = labels_table(near, stars, catalogues, matches, verdicts)
    summary = _summary(source, labels, status, catalogues, outcomes)
    if not len(labels):
        raise InputError(
            "no light curve is a star of the catalogues",
            value="; ".join(f"{name}: {_counts(found)}" for name, found in summary.rows.items()),
            todo=f"{folder / ROWS_FILE} has the reason for each row; look at radius, units and "
            "epoch, and whether the catalogues cover the light curves",
        )
    if curves:
        names = labels.column("sourceid").to_pylist()
        write_curves(source, near.take(pa.array(rows)), names, folder / CURVES_FILE, metadata)
    write_table(labels, folder / TRUTH_FILE, metadata)
    write_table(labels, folder / LABELS_FILE, metadata)
    return summary


def _require_names(files: Sequence[CatalogueFile]) -> None:
    if not files:
        raise UsageError(
            "labels without a catalogue",
            todo="name one: training.catalogues.tables, or --catalogue",
        )
    names = Counter(item.rules.name for item in files)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UsageError(
            "two tables of one catalogue", value=twice[0], todo="join them, or name another map"
        )


def _find_stars(
    source: Curves, catalogues: Sequence[StarCatalogue], options: MatchOptions
) -> tuple[pa.Table, Stars]:
    """Return the light curves near rows, and their stars with magnitudes where they decide."""
    ra = np.concatenate([item.ra for item in catalogues])
    dec = np.concatenate([item.dec for item in catalogues])
    # Light curves of a star at the edge of the radius may lie beyond it.
    near = source.near(ra, dec, options.radius_arcsec + options.star_radius_arcsec)
    names = near.column("star").to_pylist()
    number = {name: n for n, name in enumerate(dict.fromkeys(filter(None, names)))}
    stars = link_stars(
        near.column("ra").to_numpy(),
        near.column("dec").to_numpy(),
        near.column("series").to_numpy(),
        options.star_radius_arcsec,
        np.array([number.get(name, -1) for name in names], dtype=np.int64),
    )
    from scope.lightcurves.sky import PositionTree

    pairs = PositionTree(stars.ra, stars.dec).within(ra, dec, options.radius_arcsec)
    _, inverse, counts = np.unique(pairs.query, return_inverse=True, return_counts=True)
    contested = np.unique(pairs.found[counts[inverse] > 1])
    _fill_magnitudes(source, near, stars, contested)
    return near, stars


def _fill_magnitudes(
    source: Curves, near: pa.Table, stars: Stars, contested: npt.NDArray[np.int64]
) -> None:
    """Fill in magnitudes of some stars: of the band that most of them have, else of another.

    Lists without points have none; distances alone decide then.
    """
    from scope.errors import MissingColumnError

    rows = np.flatnonzero(np.isin(stars.of_curve, contested))
    if not len(rows):
        return
    try:
        mag = median_magnitudes(source, near.column("_id").to_numpy()[rows])
    except MissingColumnError:
        return
    band = near.column("band").to_numpy()[rows]
    bands, counts = np.unique(band, return_counts=True)
    # The band that counts most is written last, and stays.
    for wanted in bands[np.argsort(counts, kind="stable")]:
        here = (band == wanted) & np.isfinite(mag)
        stars.mag[stars.of_curve[rows[here]]] = mag[here]


def _match(catalogue: StarCatalogue, stars: Stars, options: MatchOptions) -> Match:
    number: dict[Labelling | str | None, int] = {}
    said = [number.setdefault(catalogue.verdict(row), len(number)) for row in range(len(catalogue))]
    said_of = np.array(said, dtype=np.int64)
    return match_stars(catalogue.ra, catalogue.dec, said_of, stars, options)


def _summary(
    source: Curves,
    labels: pa.Table,
    status: pa.Table,
    catalogues: Sequence[StarCatalogue],
    outcomes: Sequence[npt.NDArray[np.object_]],
) -> LabelSummary:
    labelled = set(labels.column("objectid").to_pylist())
    why = zip(
        status.column("objectid").to_pylist(), status.column("outcome").to_pylist(), strict=True
    )
    kinds = zip(
        labels.column("catalogue").to_pylist(),
        labels.column("catalogue_class").to_pylist(),
        strict=True,
    )
    return LabelSummary(
        source.total,
        len(labels),
        len(set(labels.column("sourceid").to_pylist())),
        {
            item.name: Counter(found.tolist())
            for item, found in zip(catalogues, outcomes, strict=True)
        },
        Counter(reason for one, reason in why if one not in labelled),
        Counter(f"{name} {kind}" for name, kind in kinds),
        {item.name: item.moved for item in catalogues},
    )


def _counts(found: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found.most_common())
