"""What the page says first: what is here, where, what it looks like."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from scope.report import expected
from scope.report.fetch_examples import Curve, Example
from scope.report.page import figure
from scope.report.report_sections import example_panel, heading, out_of
from scope.report.sky_maps import SkyMap
from scope.report.tally import CatalogTally

N_SHOWN = 3
"""Classes of which the first screen shows the best example."""


def first_screen(
    tally: CatalogTally,
    chosen: Mapping[str, list[Example]],
    curves: Mapping[int, Curve],
    aperiodic: Collection[str],
    record: Mapping[str, Any],
    pages: str | None = None,
) -> str:
    """Return numbers of the classes, a map of the coverage and a few examples (HTML)."""
    numbers = expected.expected_numbers(tally, record)
    parts = [f"<div>{numbers}</div>"] if numbers else []
    if len(tally.sky.ids):
        caption = f"Where {out_of(len(tally.sky.ids), tally.sky.seen)} light curves lie."
        parts.append(figure(SkyMap(tally.sky).coverage_chart(), caption))
    if not parts:
        return ""
    shown = _examples(tally, chosen, curves, aperiodic, record, pages)
    return (
        f'<section id="here" aria-labelledby="here-title"><h2 id="here-title">What is here</h2>'
        f'<div class="here">{"".join(parts)}</div>{shown}</section>'
    )


def _examples(
    tally: CatalogTally,
    chosen: Mapping[str, list[Example]],
    curves: Mapping[int, Curve],
    aperiodic: Collection[str],
    record: Mapping[str, Any],
    pages: str | None,
) -> str:
    """Return the best example of the most frequent classes that have a label here, one per star."""
    value = tally.threshold[1]
    probable = not expected.why_no_probabilities(record)
    linked = record.get("simulation") is None
    panels: list[str] = []
    seen: set[int] = set()
    for tag in _most_special_first(tally):
        good = [one for one in chosen.get(tag, []) if one.mean >= value and one.id not in seen]
        if good and good[0].id in curves and tag not in aperiodic and len(panels) < N_SHOWN:
            seen.add(good[0].id)
            panel = example_panel(
                *(good[0], curves.get(good[0].id), True, value),
                probable=probable,
                linked=linked,
                pages=pages,
            )
            panels.append(f"<div>{heading(tally.classes[tag])}{panel}</div>")
    return f'<div class="cards examples">{"".join(panels)}</div>' if panels else ""


def _most_special_first(tally: CatalogTally) -> list[str]:
    """Return the classes with labels, rarest first: the last of a tree are its leaves."""
    labelled = [(one.labelled, tag) for tag, one in tally.classes.items() if one.labelled]
    return [tag for _, tag in sorted(labelled)]
