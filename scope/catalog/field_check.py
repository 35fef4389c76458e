"""Whether what a catalogue finds would be found if there were nothing to find.

Per class and threshold: how many of the target's light curves reach it, and how many of its
nulls (`scope.catalog.score_nulls`). The share of nulls that do, times the number of real rows, is
how many real rows would by chance; over the number that do, it is the false-discovery rate
(Storey 2002, J. R. Stat. Soc. B 64, 479, with all rows taken for null: an upper estimate).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

KINDS: Final = ("shuffled", "white_noise")
"""What is made of each light curve of the sample; the first counts unless another is named."""

CONFIDENCE = 0.95
"""Of the highest rate that a number of nulls still allows."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CheckOptions:
    """Options of the check: what is counted, and what the models must not exceed.

    Attributes
    ----------
    thresholds : tuple of float
        Probabilities, or scores of classes without, from which on rows are counted.
    judged : float
        The threshold at which the check is passed or failed; one of them.
    largest_share : dict of kind of null to float
        Of the nulls of a class that may reach it.
    largest_sum : float
        Of the probabilities of the nulls, as a share of their number.
    null_of : mapping of class tag to kind of null
        Of what such a class must not be found in; classes that are not named: of shuffled
        light curves.
    """

    thresholds: tuple[float, ...] = (0.5, 0.7, 0.9)
    judged: float = 0.7
    largest_share: Mapping[str, float] = field(
        default_factory=lambda: {"shuffled": 0.02, "white_noise": 0.05}
    )
    largest_sum: float = 0.01
    null_of: Mapping[str, str] = field(default_factory=dict)


class FieldCheck:
    """Counts the real rows of a target and its nulls.

    Parameters
    ----------
    columns : mapping of class tag to sequence of str
        Columns with probabilities or scores that decide about a class.
    options : CheckOptions
    probabilities : collection of str
        Those of the columns whose sum is an expected number.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[str]],
        options: CheckOptions,
        probabilities: Collection[str] = (),
    ) -> None:
        self.columns = {tag: tuple(names) for tag, names in columns.items() if names}
        self.options = options
        self._probabilities = frozenset(probabilities)
        self._edges = np.array(sorted({*options.thresholds, options.judged}))
        self._counts: dict[str, dict[str, dict[str, Any]]] = {}
        self._rows: dict[str, int] = {}

    def count(self, kind: str, table: pa.Table) -> None:
        """Take note of some rows.

        Parameters
        ----------
        kind : str
            ``real``, or a kind of null.
        table : pyarrow.Table
            ``reason`` and the columns; null where there is a reason.
        """
        healthy = table.filter(table.column("reason").is_null())
        self._rows[kind] = self._rows.get(kind, 0) + len(healthy)
        for names in self.columns.values():
            for name in names:
                values = healthy.column(name).cast(pa.float64()).to_numpy()
                self._add(self._counts.setdefault(name, {}), kind, values)

    def _add(self, into: dict[str, dict[str, Any]], kind: str, values: Floats) -> None:
        found = into.setdefault(kind, {"above": np.zeros(len(self._edges), np.int64), "sum": 0.0})
        # Thresholds take the precision of the scores: 0.7 held as float32 reaches 0.7.
        edges = self._edges.astype(np.float32).astype(np.float64)
        found["above"] += (values[:, None] >= edges).sum(axis=0)
        found["sum"] += float(values.sum())

    def count_nulls(self, nulls: pa.Table) -> None:
        """Take note of all nulls: a table as of `count`, with ``null``, their kind."""
        for kind in KINDS:
            self.count(kind, nulls.filter(pc.equal(nulls.column("null"), kind)))

    def facts(self) -> dict[str, Any]:
        """Return what the record of a product says of the check.

        Returns
        -------
        dict
            ``passed``; ``failed``: classes that did not; ``uncounted``: classes whose
            probabilities add up to too much where nothing is, so that their sum is no expected
            number; ``rows``: how many rows have scores, real ones and nulls; ``limits``; and
            per class ``null`` (the kind that counts), ``passed``, ``counted`` and per column
            the figures of `_figures`.
        """
        classes = {tag: self._class(tag) for tag in self.columns}
        failed = [tag for tag, found in classes.items() if not found["passed"]]
        options = self.options
        return {
            "passed": not failed,
            "failed": failed,
            "uncounted": [tag for tag, found in classes.items() if not found["counted"]],
            "rows": self._rows,
            "limits": {
                "threshold": options.judged,
                "share": dict(options.largest_share),
                "sum": options.largest_sum,
            },
            "classes": classes,
        }

    def _class(self, tag: str) -> dict[str, Any]:
        kind = self.options.null_of.get(tag, KINDS[0])
        columns = {name: self._figures(name, kind) for name in self.columns[tag]}
        return {
            "null": kind,
            "passed": all(self._passes(found, kind) for found in columns.values()),
            "counted": all(self._counts_on(name, found, kind) for name, found in columns.items()),
            "columns": columns,
        }

    def _passes(self, found: Mapping[str, Any], kind: str) -> bool:
        """Tell whether few enough nulls reach the threshold; without nulls nothing fails."""
        (judged,) = (e for e in found["above"] if e["threshold"] == self.options.judged)
        share = judged["share"]
        return share is None or bool(share <= self.options.largest_share[kind])

    def _counts_on(self, name: str, found: Mapping[str, Any], kind: str) -> bool:
        """Tell whether the sum of a column's probabilities is an expected number.

        A probability of some per cent for a star that shows nothing may be right: some stars of
        the class vary too little to be seen. But then the sum depends on how many such stars there
        are, which nothing in the light curves tells.
        """
        if kind != KINDS[0] or name not in self._probabilities or found["sum_share"] is None:
            return True
        return bool(found["sum_share"] <= self.options.largest_sum)

    def _figures(self, name: str, kind: str) -> dict[str, Any]:
        """Return, per threshold, the rows that reach it, and what follows.

        ``real`` and ``null`` are numbers of rows; ``share`` is that of the nulls,
        ``highest_share`` the largest that their number allows, ``false_discovery_rate`` the
        part of the real rows that chance explains. ``sum_real`` and ``sum_share`` are the sums
        of the column: of the real rows, and of the nulls per null.
        """
        there = self._counts.get(name, {})
        none = {"above": np.zeros(len(self._edges), np.int64), "sum": 0.0}
        real, null = there.get("real", none), there.get(kind, none)
        size = self._rows.get(kind, 0)
        above = [
            {
                "threshold": float(edge),
                "real": int(real["above"][number]),
                "null": int(null["above"][number]),
                "share": int(null["above"][number]) / size if size else None,
                "highest_share": highest_rate(int(null["above"][number]), size),
                "false_discovery_rate": false_discovery_rate(
                    int(real["above"][number]),
                    self._rows.get("real", 0),
                    int(null["above"][number]),
                    size,
                ),
            }
            for number, edge in enumerate(self._edges)
        ]
        return {
            "above": above,
            "sum_real": real["sum"],
            "sum_share": null["sum"] / size if size else None,
        }


def uncounted_classes(record: Mapping[Any, Any]) -> frozenset[str]:
    """Return the classes whose probabilities have no sum to expect, by the record of a product."""
    check = record.get("field_check") or {}
    return frozenset(check.get("uncounted", ()))


def false_discovery_rate(real: int, real_rows: int, null: int, null_rows: int) -> float | None:
    """Return the part of the real rows above a threshold that chance explains.

    None where no real row is above it, or there are no nulls.
    """
    if not real or not null_rows:
        return None
    return min(1.0, null / null_rows * real_rows / real)


def highest_rate(found: int, rows: int, confidence: float = CONFIDENCE) -> float | None:
    """Return the highest rate that so many in so many rows allow (Clopper & Pearson 1934)."""
    # The quantile of the beta distribution; scipy.stats has the same one, and takes seconds.
    from scipy.special import betaincinv

    if not rows:
        return None
    return 1.0 if found >= rows else float(betaincinv(found + 1, rows - found, confidence))


def joined_check(records: Iterable[Mapping[Any, Any]]) -> dict[str, Any]:
    """Return ``field_check`` of a table made of others: passed only where none of them failed.

    Parameters
    ----------
    records : iterable of mapping
        Records of the tables.

    Returns
    -------
    dict
        To be merged into a record; empty where no table was checked.
    """
    checks = [entry["field_check"] for entry in records if entry.get("field_check")]
    if not checks:
        return {}
    failed = sorted({tag for check in checks for tag in check["failed"]})
    uncounted = sorted({tag for check in checks for tag in check.get("uncounted", ())})
    passed = all(check["passed"] for check in checks)
    return {"field_check": {"passed": passed, "failed": failed, "uncounted": uncounted}}


def judged_column(check: Mapping[str, Any], tag: str, threshold: float) -> dict[str, Any] | None:
    """Return the figures of a class at a threshold, of the column that does worst.

    Parameters
    ----------
    check : mapping
        What `FieldCheck.facts` returned.
    tag : str
    threshold : float

    Returns
    -------
    dict or None
        Those of `FieldCheck._figures` at the threshold, ``column`` and ``sum_share``; None
        where the class, or the threshold, was not counted.
    """
    columns: Iterable[tuple[str, Mapping[str, Any]]] = (
        check.get("classes", {}).get(tag, {}).get("columns", {}).items()
    )
    found = [
        {**line, "column": name, "sum_share": item["sum_share"]}
        for name, item in columns
        for line in item["above"]
        if line["threshold"] == threshold
    ]
    return max(found, key=lambda line: line["share"] or 0.0, default=None)
