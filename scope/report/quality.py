"""The section of the report on what to expect of its stars above a cut."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from scope.catalog.field_check import uncounted_classes
from scope.io import count_rows, read_metadata, read_schema
from scope.product.quality import quality_table, star_tags
from scope.report.html_tables import number, share_or_dash, table
from scope.report.page import Section, note

TITLE = "Stars, and how sure they are"
UNITS = {"magnitude": "mag", "galactic_latitude": "deg"}
CUT = 0.5


def quality(stars: str | Path | None, classes: Mapping[str, str], strange_below: float) -> Section:
    """Tell how many stars of each class there are, and what to expect above a cut.

    Parameters
    ----------
    stars : path or None
        Table of stars of the target, see `scope.product.publish_stars`.
    classes : mapping of str to str
        Label by tag, in the order of the page.
    strange_below : float
        Stars with an ``ood_p`` below this reach no cut.
    """
    if stars is None:
        return Section("stars", TITLE, "<p>There is no table of stars.</p>")
    there = f"<p>The light curves are of {number(count_rows(stars))} stars.</p>"
    tags = star_tags(read_schema(stars).names)
    if not tags:
        told = read_metadata(stars).get("star_probabilities", {}).get("why", "nothing says why")
        return Section(
            "stars", TITLE, there + note(f"Stars have no probabilities: {escape(str(told))}.")
        )
    rows = quality_table(stars, cut=CUT, strange_below=strange_below).to_pylist()
    uncounted = uncounted_classes(read_metadata(stars))
    for row in rows:
        row["counted"] = row["class"] not in uncounted
    intro = (
        f"<p>From the probabilities of stars, each from all its light curves, at {CUT:g}: how many "
        "to expect, how many reach it, which part of these is of the class (purity) and which part "
        "of the class they are (completeness). Expected, not measured: as good as the "
        "probabilities. Nothing is expected of classes whose probabilities add up in light curves "
        "in which nothing can be found.</p>"
    )
    whole = [row for row in rows if row["slice"] == "all" and row["class"] in classes]
    parts = [there, intro, _table("Stars by class", whole, classes, with_slice=False)]
    slices = dict.fromkeys(row["slice"] for row in rows if row["slice"] != "all")
    for name in slices:
        chosen = [row for row in rows if row["slice"] == name and row["class"] in classes]
        words = name.replace("_", " ")
        inner = _table(f"Stars by class and {words}", chosen, classes, with_slice=True)
        parts.append(f"<details><summary>By {escape(words)}</summary>{inner}</details>")
    return Section("stars", TITLE, "\n".join(parts))


def _table(
    caption: str,
    rows: list[dict[str, Any]],
    classes: Mapping[str, str],
    *,
    with_slice: bool,
) -> str:
    order = {tag: place for place, tag in enumerate(classes)}
    header = ["class", *(["from", "to"] if with_slice else [])]
    header += ["stars", "expected", "above", "purity", "completeness"]
    lines = []
    for row in sorted(rows, key=lambda row: order[row["class"]]):
        unit = UNITS.get(row["slice"], "")
        edges = [_edge(row[end], unit) for end in ("low", "high")] if with_slice else []
        lines.append(
            (
                escape(classes[row["class"]]),
                *edges,
                number(row["stars"]),
                f"{row['expected']:.1f} ± {row['expected_error']:.1f}" if row["counted"] else "–",
                number(row["above"]),
                share_or_dash(row["purity"]),
                share_or_dash(row["completeness"] if row["counted"] else None),
            )
        )
    return table(caption, header, lines)


def _edge(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.4g} {unit}".strip()
