"""How many light curves of a class to expect: sums of probabilities, and where they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from scope.catalog.field_check import uncounted_classes
from scope.models.calibration.class_frequencies import ESTIMATED, STATED
from scope.report.algorithms import title
from scope.report.html_tables import number, table
from scope.report.tally import CatalogTally, ClassTally


def why_no_probabilities(record: Mapping[str, Any]) -> str:
    """Return why no probability of a catalogue is to be used (text); empty where they are.

    Parameters
    ----------
    record : mapping
        That of the catalogue.
    """
    check = record.get("field_check")
    made = record.get("probabilities", {})
    if not made.get("classes") and (apart := made.get("not_fused")):
        return f"{_titles(apart)} were trained apart, and no fusion makes one probability of theirs"
    if not made.get("classes"):
        return "the catalogue has scores only: its models are not calibrated together"
    if check is None:
        return "no shuffled light curves were scored beside the real ones, to see whether they hold"
    if not check["passed"]:
        return "the models find classes in light curves in which nothing can be found"
    return ""


def models_apart(record: Mapping[str, Any]) -> str:
    """Return which models have no part in the one probability of a class (HTML); often empty."""
    made = record.get("probabilities", {})
    if not (apart := made.get("not_fused")) or not made.get("classes"):
        return ""
    own = ", ".join(f"<code>…_{escape(name)}_p</code>" for name in apart)
    return (
        f'<p class="note">The probability of a class joins {escape(_titles(made["fused"]))}; '
        f"{escape(_titles(apart))} {'was' if len(apart) == 1 else 'were'} not trained with them "
        f"and have no part in it: see {own}.</p>"
    )


def _titles(names: Sequence[str]) -> str:
    return " and ".join(map(title, names))


def why_not_expected(record: Mapping[str, Any], tag: str) -> str:
    """Return why the number of a class is not to be expected (text); empty where it is."""
    facts = record.get("probabilities", {}).get("classes", {}).get(tag)
    if facts is None:
        return "no probability"
    if tag in uncounted_classes(record):
        limit = record["field_check"].get("limits", {}).get("sum")
        much = "" if limit is None else f" to more than {100 * limit:g} % of the light curves"
        return f"where nothing can be found, the probabilities of the class still add up{much}"
    if facts.get("prevalence_from") in (ESTIMATED, STATED):
        return ""
    why = facts.get("prevalence_why", "")
    return "frequency of the training set, not of this target" + (f": {why}" if why else "")


SHOWN = 8
"""Classes that the first screen lists; the others are folded."""


def expected_numbers(tally: CatalogTally, record: Mapping[str, Any]) -> str:
    """Return how many light curves of each class to expect, or why nobody knows (HTML).

    Most frequent classes first; those beyond `SHOWN` are folded.
    """
    if not tally.classes or not tally.classified:
        return ""
    why = why_no_probabilities(record)
    if why:
        words = f"<p>How many light curves of a class to expect is not said: {escape(why)}.</p>"
        return words + _labelled_numbers(tally)
    rows = record["probabilities"].get("rows") or tally.classified
    lines: list[tuple[float, tuple[str, ...]]] = []
    left_out: dict[str, list[str]] = {}
    for tag, one in tally.classes.items():
        reason = "no probability" if one.expected != one.expected else why_not_expected(record, tag)
        if reason:
            # The figure behind a reason is each class's own; the record has it.
            left_out.setdefault(reason.partition(" (distance")[0], []).append(one.label)
        else:
            line = _line(one, record["probabilities"]["classes"][tag], rows)
            lines.append((one.expected, line))
    header = ("class", "tag", "expected", "95 % interval", "labelled", "frequency")
    caption = "Light curves of each class to expect"
    words = (
        "<p>The sum of the probabilities of all classified light curves, and the interval of the "
        "frequency of the class times their number. It counts members that no threshold "
        "finds; “labelled” are those with a mean score above it.</p>"
    )
    shown = _folded(caption, header, lines) + words if lines else _labelled_numbers(tally)
    notes = [
        f'<p class="note">No number to expect for {escape(", ".join(names))}: {escape(why)}.</p>'
        for why, names in left_out.items()
    ]
    return "".join([shown, models_apart(record), *notes])


def _labelled_numbers(tally: CatalogTally) -> str:
    """Return how many light curves of each class reach the threshold (HTML)."""
    value = tally.threshold[1]
    lines = [
        (
            float(one.labelled),
            (escape(one.label), f"<code>{escape(one.tag)}</code>", number(one.labelled)),
        )
        for one in tally.classes.values()
    ]
    caption = f"Light curves with a mean score of at least {value:g}: no estimate of how many"
    return _folded(caption, ("class", "tag", "labelled"), lines)


def _folded(
    caption: str, header: Sequence[str], lines: Sequence[tuple[float, tuple[str, ...]]]
) -> str:
    """Return a table of the most frequent classes, and the others under a summary."""
    ordered = [line for _, line in sorted(lines, key=lambda item: -item[0])]
    shown = table(caption, header, ordered[:SHOWN], text_columns=2)
    if len(ordered) <= SHOWN:
        return shown
    rest = table("The others", header, ordered[SHOWN:], text_columns=2)
    summary = f"{len(ordered) - SHOWN} more classes"
    return f"{shown}<details><summary>{summary}</summary>{rest}</details>"


def _line(one: ClassTally, facts: Mapping[str, Any], rows: int) -> tuple[str, ...]:
    interval = facts.get("prevalence_interval")
    between = "–"
    if interval is not None:
        low, high = (few(value * rows) for value in interval)
        between = f"{low} to {high}"
    return (
        escape(one.label),
        f"<code>{escape(one.tag)}</code>",
        few(one.expected),
        between,
        number(one.labelled),
        escape(facts["prevalence_from"]),
    )


def few(value: float) -> str:
    """Return an expected number: whole from ten on, with one decimal below."""
    return number(value) if value >= 9.95 else f"{value:.1f}"
