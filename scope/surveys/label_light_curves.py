"""Labels for light curves from published catalogues of variable stars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, UsageError
from scope.io import write_table
from scope.provenance import hash_file, record
from scope.surveys.catalogue_map import (
    CLASS_LEFT_OUT,
    NO_CLASS,
    UNCERTAIN,
    CatalogueMap,
)
from scope.surveys.curve_sources import Curves, median_magnitudes, write_curves
from scope.surveys.label_map import Labelling
from scope.surveys.star_catalogue import (
    FLAGGED,
    NO_POSITION,
    Reading,
    StarCatalogue,
    read_star_catalogue,
)
from scope.surveys.star_match import (
    AMBIGUOUS_ROWS,
    AMBIGUOUS_STARS,
    BRIGHTER_NEIGHBOUR,
    DUPLICATE_ROW,
    FARTHER_ROW,
    MATCHED,
    NO_LIGHT_CURVE,
    UNRESOLVED,
    Match,
    MatchOptions,
    Stars,
    link_stars,
    match_stars,
)

LEAVE_OUT, UNKNOWN, FIRST = "leave_out", "unknown", "first"
DISAGREEMENTS = (LEAVE_OUT, UNKNOWN, FIRST)

USED, CONFIRMED, DISAGREE = "used", "confirms", "disagrees"
NO_CATALOGUE_STAR = "no_catalogue_star"

OUTCOMES: dict[str, str] = {
    USED: "its class labels the light curves of a star",
    CONFIRMED: "the same star as a row of a catalogue before it, which it does not contradict",
    DISAGREE: "the same star as a row of another catalogue, which it contradicts",
    NO_LIGHT_CURVE: "no light curve within the radius",
    DUPLICATE_ROW: "another row of the catalogue says the same of this star, nearer to it",
    FARTHER_ROW: "another row of the catalogue is nearer to this star and says something else",
    AMBIGUOUS_ROWS: "two rows of the catalogue are about as near to the star, and differ",
    AMBIGUOUS_STARS: "two stars are about as near to the row",
    BRIGHTER_NEIGHBOUR: "a star within the radius is brighter than the nearest one",
    UNRESOLVED: "two light curves of one field, detector and filter are as close as one star's",
    NO_POSITION: "no position",
    NO_CLASS: "no class",
    UNCERTAIN: "the catalogue doubts the class",
    CLASS_LEFT_OUT: "a class that says too little",
    FLAGGED: "a flag of the catalogue says not to use it",
}
"""What became of a row of a catalogue; a light curve has that of the row nearest to its star."""

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
    """How labels are made.

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
    """What was found.

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
        `scope.classifiers.labels.read_labels` and the workflow read it), ``lightcurves.parquet``
        (those light curves), ``catalogue_rows.parquet`` and ``light_curve_outcomes.parquet``
        (what became of every row and of every light curve near one), ``disagreements.parquet``.
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
    verdicts = _judge(catalogues, matches, options.disagreement)
    outcomes = _row_outcomes(catalogues, matches, verdicts)
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
    write_table(_rows_table(catalogues, matches, outcomes), folder / ROWS_FILE, metadata)
    status = _status(near, stars, catalogues, matches, outcomes, verdicts)
    write_table(status, folder / STATUS_FILE, metadata)
    write_table(_disagreement_table(catalogues, verdicts), folder / DISAGREEMENTS_FILE, metadata)
    labels, rows = _labels_table(near, stars, catalogues, matches, verdicts)
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


class Verdict(NamedTuple):
    """What catalogues say of a star.

    Attributes
    ----------
    rows : tuple of (int, int)
        Catalogue and row of each that says something, in the order of trust.
    labelling : Labelling or None
        None where they contradict one another and the star is left out.
    disputed : tuple of str
        Labels that one says it has and another that it has not.
    """

    rows: tuple[tuple[int, int], ...]
    labelling: Labelling | None
    disputed: tuple[str, ...]


def _judge(
    catalogues: Sequence[StarCatalogue], matches: Sequence[Match], rule: str
) -> dict[int, Verdict]:
    """Return what the catalogues together say of each star of which any says something."""
    said: dict[int, list[tuple[int, int]]] = {}
    for number, (catalogue, match) in enumerate(zip(catalogues, matches, strict=True)):
        for row in np.flatnonzero(match.outcome == MATCHED).tolist():
            if isinstance(catalogue.verdict(row), Labelling):
                said.setdefault(int(match.star[row]), []).append((number, int(row)))
    joined = cache(join_labellings)
    found = {}
    for star, rows in said.items():
        parts = tuple(catalogues[number].verdict(row) for number, row in rows)
        labelling, disputed = joined(parts, rule)
        found[star] = Verdict(tuple(rows), labelling, disputed)
    return found


def join_labellings(
    parts: tuple[Labelling, ...], rule: str
) -> tuple[Labelling | None, tuple[str, ...]]:
    """Return what several catalogues say together, and the labels that they dispute.

    Each label is taken from the first catalogue that knows it. A label that one says the star
    has and another that it has not is disputed: then nothing is returned (`LEAVE_OUT`), the
    label is not known (`UNKNOWN`), or the first one is right (`FIRST`).
    """
    names = {name for part in parts for name in (*part.labels, *part.unknown)}
    labels, unknown, disputed = [], [], []
    for name in sorted(names):
        known = [name in part.labels for part in parts if name not in part.unknown]
        if len(set(known)) > 1:
            disputed.append(name)
        if not known or (len(set(known)) > 1 and rule == UNKNOWN):
            unknown.append(name)
        elif known[0]:
            labels.append(name)
    if disputed and rule == LEAVE_OUT:
        return None, tuple(disputed)
    return Labelling(tuple(labels), tuple(unknown)), tuple(disputed)


def _row_outcomes(
    catalogues: Sequence[StarCatalogue], matches: Sequence[Match], verdicts: Mapping[int, Verdict]
) -> list[npt.NDArray[np.object_]]:
    """Return what became of each row of each catalogue."""
    outcomes = []
    for number, (catalogue, match) in enumerate(zip(catalogues, matches, strict=True)):
        outcome = match.outcome.copy()
        for row in range(len(catalogue)):
            said = catalogue.verdict(row)
            if isinstance(said, str):
                if outcome[row] in (MATCHED, NO_LIGHT_CURVE) or said == NO_POSITION:
                    outcome[row] = said if outcome[row] != NO_LIGHT_CURVE else _first(said)
            elif outcome[row] == MATCHED:
                verdict = verdicts[int(match.star[row])]
                first = verdict.rows[0] == (number, row)
                outcome[row] = (
                    DISAGREE
                    if verdict.labelling is None
                    else USED
                    if first
                    else _second(catalogue, row, verdict)
                )
        outcomes.append(outcome)
    return outcomes


def _first(said: str) -> str:
    """Return why a row without a light curve is not used: what it lacks itself comes second."""
    return said if said == NO_POSITION else NO_LIGHT_CURVE


def _second(catalogue: StarCatalogue, row: int, verdict: Verdict) -> str:
    """Return whether a row that is not the first of its star is of another opinion."""
    said = catalogue.verdict(row)
    assert isinstance(said, Labelling)
    assert verdict.labelling is not None
    for name in verdict.disputed:
        if name not in said.unknown and (name in said.labels) != (name in verdict.labelling.labels):
            return DISAGREE
    return CONFIRMED


def _rows_table(
    catalogues: Sequence[StarCatalogue],
    matches: Sequence[Match],
    outcomes: Sequence[npt.NDArray[np.object_]],
) -> pa.Table:
    parts = []
    for catalogue, match, outcome in zip(catalogues, matches, outcomes, strict=True):
        n = len(catalogue)
        parts.append(
            pa.table(
                {
                    "catalogue": pa.array([catalogue.name] * n, pa.string()),
                    "row": pa.array(np.arange(1, n + 1)),
                    "catalogue_id": pa.array(catalogue.ids, pa.string()),
                    "ra": _nullable(catalogue.ra),
                    "dec": _nullable(catalogue.dec),
                    "catalogue_class": pa.array(catalogue.classes, pa.string()),
                    "catalogue_period_days": _nullable(catalogue.period_days),
                    "separation_arcsec": _nullable(match.separation_arcsec),
                    "outcome": pa.array(outcome, pa.string()),
                }
            )
        )
    return pa.concat_tables(parts)


def _nullable(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, mask=~np.isfinite(values))


def _status(
    near: pa.Table,
    stars: Stars,
    catalogues: Sequence[StarCatalogue],
    matches: Sequence[Match],
    outcomes: Sequence[npt.NDArray[np.object_]],
    verdicts: Mapping[int, Verdict],
) -> pa.Table:
    """Return what became of each light curve: of the most trusted row nearest to its star."""
    why = np.full(len(stars.ra), NO_CATALOGUE_STAR, dtype=object)
    who = np.full(len(stars.ra), None, dtype=object)
    for catalogue, match, outcome in reversed(
        list(zip(catalogues, matches, outcomes, strict=True))
    ):
        rows = np.flatnonzero(match.star >= 0)
        # The nearest row is written last.
        rows = rows[np.argsort(-match.separation_arcsec[rows], kind="stable")]
        why[match.star[rows]] = outcome[rows]
        who[match.star[rows]] = [f"{catalogue.name} {one}" for one in catalogue.ids[rows]]
    for star, verdict in verdicts.items():
        number, row = verdict.rows[0]
        why[star] = outcomes[number][row]
        who[star] = f"{catalogues[number].name} {catalogues[number].ids[row]}"
    return pa.table(
        {
            "objectid": near.column("_id"),
            "ra": near.column("ra"),
            "dec": near.column("dec"),
            "outcome": pa.array(why[stars.of_curve], pa.string()),
            "nearest": pa.array(who[stars.of_curve], pa.string()),
        }
    )


def _disagreement_table(
    catalogues: Sequence[StarCatalogue], verdicts: Mapping[int, Verdict]
) -> pa.Table:
    """Return the rows that contradict one another, a line each."""
    lines = []
    for star, verdict in sorted(verdicts.items()):
        for number, row in verdict.rows if verdict.disputed else ():
            item = catalogues[number]
            lines.append(
                {
                    "star": star,
                    "catalogue": item.name,
                    "catalogue_id": item.ids[row],
                    "catalogue_class": item.classes[row],
                    "ra": item.ra[row],
                    "dec": item.dec[row],
                    "disputed": list(verdict.disputed),
                    "used": verdict.labelling is not None,
                }
            )
    schema = pa.schema(
        [
            ("star", pa.int64()),
            *((name, pa.string()) for name in ("catalogue", "catalogue_id", "catalogue_class")),
            *(("ra", pa.float64()), ("dec", pa.float64())),
            *(("disputed", pa.list_(pa.string())), ("used", pa.bool_())),
        ]
    )
    return pa.Table.from_pylist(lines, schema=schema)


def _labels_table(
    near: pa.Table,
    stars: Stars,
    catalogues: Sequence[StarCatalogue],
    matches: Sequence[Match],
    verdicts: Mapping[int, Verdict],
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Return the labels, and which rows of the light curves they are of."""
    used = {star: verdict for star, verdict in verdicts.items() if verdict.labelling is not None}
    rows = np.flatnonzero(np.isin(stars.of_curve, np.fromiter(used, np.int64, len(used))))
    columns: dict[str, list[Any]] = {name: [] for name in _LABEL_SCHEMA.names[1:]}
    for row in rows:
        verdict = used[int(stars.of_curve[row])]
        (number, line), labelling = verdict.rows[0], verdict.labelling
        assert labelling is not None
        item = catalogues[number]
        period = next(
            (p for c, r in verdict.rows if np.isfinite(p := catalogues[c].period_days[r])), None
        )
        values = (
            f"{item.name} {item.ids[line]}",
            item.name,
            item.name,
            item.ids[line],
            item.classes[line],
            [catalogues[c].name for c, _ in verdict.rows],
            float(matches[number].separation_arcsec[line]),
            None if period is None else float(period),
            list(labelling.labels),
            list(labelling.unknown),
        )
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    ids = near.column("_id").to_numpy()[rows]
    return pa.table({"objectid": pa.array(ids), **columns}, schema=_LABEL_SCHEMA), rows


_LABEL_SCHEMA = pa.schema(
    [
        ("objectid", pa.int64()),
        ("sourceid", pa.string()),
        ("survey", pa.string()),
        ("catalogue", pa.string()),
        ("catalogue_id", pa.string()),
        ("catalogue_class", pa.string()),
        ("catalogues", pa.list_(pa.string())),
        ("separation_arcsec", pa.float64()),
        ("catalogue_period_days", pa.float64()),
        ("labels", pa.list_(pa.string())),
        ("unknown", pa.list_(pa.string())),
    ]
)


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
