"""Tables of labels, and of what became of rows of catalogues and of light curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.surveys.label_verdicts import NO_CATALOGUE_STAR, Verdict
from scope.surveys.star_catalogue import StarCatalogue
from scope.surveys.star_match import Match, Stars


def rows_table(
    catalogues: Sequence[StarCatalogue],
    matches: Sequence[Match],
    outcomes: Sequence[npt.NDArray[np.object_]],
) -> pa.Table:
    """Return what became of each row of the catalogues, one after the other.

    `outcomes`: of each catalogue (n,) object, a word per row.
    """
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


def status_table(
    near: pa.Table,
    stars: Stars,
    catalogues: Sequence[StarCatalogue],
    matches: Sequence[Match],
    outcomes: Sequence[npt.NDArray[np.object_]],
    verdicts: Mapping[int, Verdict],
) -> pa.Table:
    """Return what became of each light curve: of the most trusted row nearest to its star.

    `outcomes`: of each catalogue (n,) object, a word per row.
    """
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


def disagreement_table(
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


def labels_table(
    near: pa.Table,
    stars: Stars,
    catalogues: Sequence[StarCatalogue],
    matches: Sequence[Match],
    verdicts: Mapping[int, Verdict],
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Return the labels, and which rows of the light curves they are of.

    The rows: (m,) int64.
    """
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
