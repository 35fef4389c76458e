"""Where a report came from, folded: one group per stage, what is long inside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from scope.report.html_tables import table

GROUPS: dict[str, tuple[str, ...]] = {
    "Light curves": (
        *("data_release", "simulation", "bright_star_cut", "max_timestamp_hjd", "min_epochs"),
        *("min_cadence_minutes", "xmatch_radius_arcsec"),
    ),
    "Features and periods": (
        *("backend", "bands_radius_arcsec", "dmdt_edges", "feature_groups", "fourier"),
        *("model_period_suffix", "period_algorithms", "period_search", "period_suffix"),
    ),
    "Models and scores": ("bundle", "device", "preprocessing", "imputable"),
    "Probabilities": ("probabilities",),
    "Software and settings": ("pipeline_version", "stages", "config_hash"),
}
"""Facts of each stage, in the order of the page; others follow under "Further facts"."""

PER_ROW = "provenance"
"""Fact that the catalogue's column of this name counts in."""

HIDDEN = ("field_check",)
"""Facts that stand elsewhere on the page."""

MOST_SHOWN = 120
"""Characters of a value above which it is folded."""


def provenance_groups(record: Mapping[str, Any]) -> str:
    """Return the record of a product: a closed group per stage (HTML)."""
    named = {name for names in GROUPS.values() for name in names}
    others = [n for n in record if n not in named and n not in (*HIDDEN, PER_ROW)]
    groups = {**GROUPS, "Further facts": tuple(sorted(others))}
    parts = []
    for title, names in groups.items():
        facts = {name: record[name] for name in names if name in record}
        if facts:
            parts.append(_group(title, facts))
    if record.get(PER_ROW):
        parts.append(_per_row(record[PER_ROW]))
    return "\n".join(parts)


def _group(title: str, facts: Mapping[str, Any]) -> str:
    inner = ""
    if "probabilities" in facts:
        facts = {**facts, "probabilities": dict(facts["probabilities"])}
        inner = _classes(facts["probabilities"].pop("classes", {}))
    rows = [(escape(key), _value(value)) for key, value in _flat(facts)]
    shown = table(title, ("fact", "value"), rows, text_columns=2) + inner
    count = f'<span class="of">{len(rows)} fact{"s" * (len(rows) != 1)}</span>'
    return f"<details><summary>{escape(title)} {count}</summary>{shown}</details>"


def _classes(classes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table of the classes' probabilities: a line each instead of a line per fact."""
    columns = sorted({name for facts in classes.values() for name in facts})
    lines = [
        (f"<code>{escape(tag)}</code>", *(_cell(facts.get(name)) for name in columns))
        for tag, facts in classes.items()
    ]
    header = ("class", *(name.replace("_", " ") for name in columns))
    return table("Probabilities of each class", header, lines) if lines else ""


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " to ".join(_cell(part) for part in value)
    return escape(str(value))


def _per_row(keys: Any) -> str:
    """Return what the catalogue's column ``provenance`` counts in."""
    text = json.dumps(keys, ensure_ascii=False, sort_keys=True, indent=1)
    title = "What the column <code>provenance</code> of the catalogue stands for"
    return f'<details><summary>{title}</summary><pre class="scroll">{escape(text)}</pre></details>'


def _value(text: str) -> str:
    whole = f"<code>{escape(text)}</code>"
    if len(text) <= MOST_SHOWN:
        return whole
    return f"<details><summary>{len(text)} characters</summary>{whole}</details>"


def _flat(record: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested facts as lines, their keys joined by dots."""
    lines: list[tuple[str, str]] = []
    for key in record if not prefix else sorted(record):
        value, name = record[key], f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            lines += _flat(value, f"{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append((name, text))
    return lines
