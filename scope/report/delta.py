"""A page about what changed between two releases of a field."""

from __future__ import annotations

from html import escape
from pathlib import Path

from scope.io import read_metadata, read_table, write_bytes
from scope.product.delta import CHANGES, DeltaSummary
from scope.report.html_tables import number, percent, table
from scope.report.page import Section, assemble, note

MOST_ROWS = 200
"""Stars of each change that the page lists, those that changed most; the table has all."""

MEANINGS = {
    "added": "in the later release alone",
    "gone": "in the earlier release alone",
    "reclassified": "of another class than before",
    "changed": "of the same class, with another probability",
    "same": "as before",
}


def plot_delta(changes: str | Path, summary: DeltaSummary, output: str | Path) -> None:
    """Write a self-contained page about a table of changes.

    Parameters
    ----------
    changes : path
        See `scope.product.delta.compare_releases`.
    summary : DeltaSummary
        What that returned.
    output : path
    """
    facts = read_metadata(changes)
    rows = read_table(changes).to_pylist()
    sections = [_counts(summary), _moves(summary)]
    for change in CHANGES:
        chosen = [row for row in rows if row["change"] == change]
        if chosen:
            sections.append(_stars(change, chosen))
    title = f"{Path(changes).stem}: what changed"
    lead = (
        f"{number(summary.before)} stars before, {number(summary.after)} after; "
        f"{number(summary.counts['same'])} are the same. A class counts from a probability of "
        f"{facts['cut']:g}, and a change of one from {facts['least_change']:g}."
    )
    cards = [
        (change.capitalize(), number(summary.counts[change]), MEANINGS[change])
        for change in (*CHANGES, "same")
    ]
    write_bytes(assemble(title, lead, cards, sections, facts).encode(), output)


def _counts(summary: DeltaSummary) -> Section:
    rows = [
        (escape(name), escape(MEANINGS[name]), number(count), percent(count, summary.after))
        for name, count in summary.counts.items()
    ]
    header = ("change", "meaning", "stars", "of those after")
    body = table("Stars by what became of them", header, rows, text_columns=2)
    for words, tags in (
        ("Classes of the earlier release alone", summary.only_before),
        ("Classes of the later release alone", summary.only_after),
    ):
        if tags:
            body += note(f"{words}, which are not compared: {escape(', '.join(tags))}.")
    if not summary.classes:
        body += note("No class has probabilities in both: only stars that came and went are told.")
    return Section("counts", "How many", body)


def _moves(summary: DeltaSummary) -> Section:
    if not summary.moves:
        return Section("moves", "From class to class", "<p>No star is of another class.</p>")
    rows = [
        (f"<code>{escape(one)}</code>", f"<code>{escape(other)}</code>", number(count))
        for (one, other), count in summary.moves.items()
    ]
    body = table("Stars of another class", ("before", "after", "stars"), rows, text_columns=2)
    return Section("moves", "From class to class", body)


def _stars(change: str, rows: list[dict[str, object]]) -> Section:
    def moved(row: dict[str, object]) -> float:
        before, after = row["p_before"], row["p_after"]
        known = isinstance(before, float) and isinstance(after, float)
        return abs(after - before) if known else 1.0  # type: ignore[operator]

    chosen = sorted(rows, key=lambda row: -moved(row))[:MOST_ROWS]
    lines = [
        (
            str(row["star_id"] or row["star_id_before"]),
            _place(row),
            escape(str(row["class_before"] or "–")),
            escape(str(row["class_after"] or "–")),
            escape(str(row["most_changed"] or "–")),
            _probability(row["p_before"]),
            _probability(row["p_after"]),
        )
        for row in chosen
    ]
    header = ("star", "RA, Dec", "before", "after", "most changed", "p before", "p after")
    listed = table(f"Stars that are {change}", header, lines, text_columns=5)
    left = len(rows) - len(chosen)
    more = note(f"{number(left)} more stand in the table.") if left else ""
    body = f"<details><summary>{number(len(rows))} stars</summary>{listed}{more}</details>"
    return Section(change, change.capitalize(), body)


def _place(row: dict[str, object]) -> str:
    ra, dec = row["ra"], row["dec"]
    if isinstance(ra, float) and isinstance(dec, float):
        return f"{ra:.5f} {dec:+.5f}"
    return "–"


def _probability(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "–"
