"""The tables of the report and the formats of its numbers, as HTML strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from scope.catalog.field_check import judged_column
from scope.report import algorithms
from scope.report.amplitudes import FeatureTally
from scope.report.figures import band_name
from scope.report.tally import CatalogTally
from scope.schema import REASONS


def number(value: float) -> str:
    """Return an integer with thousands separated, or a dash for NaN."""
    return "–" if value != value else f"{value:,.0f}"


def percent(part: float, whole: float) -> str:
    """Return a share in percent; only exactly all or nothing reads 100 % or 0 %."""
    if not whole:
        return "–"
    share = 100.0 * part / whole
    if part == whole or part == 0:
        return f"{share:.0f} %"
    if share < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if share > 99.9 else f"{share:.1f} %"


def table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, text_columns: int = 1
) -> str:
    """Return a table; the first cell of each row is its header.

    Parameters
    ----------
    caption : str
        Text, read out and shown above.
    header : sequence of str
    rows : iterable of sequences of str
        HTML of the cells.
    text_columns : int
        How many columns from the left are text; the others are numbers, set right.
    """
    lines = [f"<caption>{escape(caption)}</caption>", "<thead><tr>"]
    css = [' class="t"' if i < text_columns else "" for i in range(len(header))]
    lines += [f'<th scope="col"{c}>{escape(h)}</th>' for h, c in zip(header, css, strict=True)]
    lines.append("</tr></thead><tbody>")
    for row in rows:
        cells = [f'<th scope="row" class="t">{row[0]}</th>']
        cells += [f"<td{c}>{cell}</td>" for cell, c in zip(row[1:], css[1:], strict=True)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</tbody>")
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


def reason_table(tally: CatalogTally) -> str:
    """Return why light curves have no scores, most frequent first."""
    rows = [
        (
            f"<code>{escape(name)}</code>" if name else "no reason given",
            escape(REASONS.get(name, "")),
            number(count),
            percent(count, tally.rows),
        )
        for name, count in sorted(tally.reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    header = ("reason", "meaning", "light curves", "of all")
    return table("Light curves without scores", header, rows, text_columns=2)


def filter_table(tally: CatalogTally) -> str:
    """Return light curves in and classified, by filter."""
    rows = []
    for one in sorted({key[0] for key in tally.filters}):
        good, rest = tally.filters[one, 1], tally.filters[one, 0]
        shares = number(good + rest), number(good), percent(good, good + rest)
        rows.append((band_name(one), *shares))
    return table("Light curves by filter", ("filter", "in", "classified", "share"), rows)


def quadrant_table(tally: CatalogTally) -> str:
    """Return classified light curves of all, by detector and quadrant; empty without any."""
    if tally.quadrants and all(ccd < 0 and quad < 0 for ccd, quad, _ in tally.quadrants):
        return ""
    ccds = sorted({key[0] for key in tally.quadrants})
    quads = sorted({key[1] for key in tally.quadrants})

    def cell(ccd: int, quad: int) -> str:
        good, rest = tally.quadrants[ccd, quad, 1], tally.quadrants[ccd, quad, 0]
        if not good + rest:
            return '<span class="none">–</span>'
        return f'{number(good)} <span class="of">of {number(good + rest)}</span>'

    def name(kind: str, value: int) -> str:
        return f"{kind} {value}" if value > 0 else f"unknown {kind}"

    rows = [(name("ccd", ccd), *(cell(ccd, quad) for quad in quads)) for ccd in ccds]
    header = ("", *(name("quad", quad) for quad in quads))
    return table("Classified light curves by detector (ccd) and quadrant", header, rows)


def class_table(tally: CatalogTally, threshold: str, check: Mapping[str, Any] | None = None) -> str:
    """Return, per class, how many light curves reach a named threshold, and agreement.

    With what a check of nulls found, also the share of these and the false-discovery rate.
    """
    rows = []
    for one in tally.classes.values():
        at = one.at[threshold]
        reached = [number(at.reached[name]) if one.scored[name] else "–" for name in one.scored]
        compared = [number(at.both), percent(at.both, at.either)] if one.compared else ["–", "–"]
        label = f'<a href="#class-{escape(one.tag)}">{escape(one.label)}</a>'
        tag = f"<code>{escape(one.tag)}</code>"
        agree = percent(at.same_side, one.compared)
        rates = _rate_cells(check, one.tag, tally.thresholds[threshold])
        rows.append((label, tag, *reached, *compared, agree, *rates))
    value = tally.thresholds[threshold]
    caption = f"Light curves with a score of at least {value:g}, the threshold “{threshold}”"
    header = (
        "class",
        "tag",
        *map(algorithms.title, tally.algorithms),
        *algorithms.headings(len(tally.algorithms)),
        "same side",
        "of nulls",
        "FDR",
    )
    return table(caption, header, rows, text_columns=2)


def share_or_dash(value: float | None) -> str:
    """Return a share in percent with one decimal, or a dash for None."""
    return "–" if value is None else f"{100 * value:.1f} %"


def _rate_cells(check: Mapping[str, Any] | None, tag: str, threshold: float) -> tuple[str, str]:
    """Return share of nulls and false-discovery rate, for a line of the table of classes."""
    found = None if check is None else judged_column(check, tag, threshold)
    if found is None:
        return "–", "–"
    return share_or_dash(found["share"]), share_or_dash(found["false_discovery_rate"])


def match_table(seen: FeatureTally) -> str:
    """Return, per external catalogue, how many light curves were looked for and found."""
    rows = []
    for name, count in seen.searched.items():
        there = "yes" if count == seen.rows else "no" if not count else "for some"
        found = seen.matched.get(name)
        shares = ("–", "–") if found is None else (number(found), percent(found, count))
        rows.append((escape(name), there, number(count), *shares))
    header = ("catalogue", "table", "looked for", "found", "share")
    return table("Matches with other catalogues", header, rows, text_columns=2)


def filled_table(tally: CatalogTally, imputable: Any) -> str:
    """Return which features were filled in, and in how many of the classified light curves.

    Parameters
    ----------
    imputable : sequence of str, or mapping of algorithm to one
        Features by the bits of the masks, as the record of the catalogue has them.
    """
    counts: dict[str, int] = {}
    for column, found in tally.filled.items():
        algorithm = column.rpartition("_")[2]
        names = imputable.get(algorithm, []) if isinstance(imputable, Mapping) else imputable
        for name, count in zip(names or [], found.tolist(), strict=False):
            counts[name] = max(counts.get(name, 0), count)
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        (f"<code>{escape(name)}</code>", number(count), percent(count, tally.classified))
        for name, count in order
        if count
    ]
    header = ("feature", "light curves", "of the classified")
    return table("Features that were missing and filled in", header, rows) if rows else ""
