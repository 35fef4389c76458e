"""What the report says of light curves in which nothing can be found."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from scope.catalog.field_check import judged_column
from scope.report.html_tables import number, percent, share_or_dash, table

ALWAYS = ("vnv", "pnp")
"""Classes that the first screen names whether or not they pass."""

MOST_SHOWN = 6
"""Classes that the first screen names."""

KIND_NAMES = {"shuffled": "shuffled", "white_noise": "noise"}


def verdict(check: Mapping[str, Any] | None, classes: Mapping[str, str]) -> str:
    """Return what the first screen says of the check (HTML).

    Parameters
    ----------
    check : mapping or None
        ``field_check`` of the catalogue's record; None where none was made.
    classes : mapping of str to str
        Label by tag.
    """
    if check is None:
        return _box(
            False,
            "Nothing says whether these classes would be found where there is nothing",
            "<p>The catalogue was made without shuffled light curves beside the real ones.</p>",
        )
    failed = [tag for tag in check["failed"] if tag in classes]
    rows = check["rows"]
    made = f"{number(rows.get('shuffled', 0))} shuffled and {number(rows.get('white_noise', 0))}"
    words = (
        f"<p>{made} white-noise light curves on epochs of this target were scored as it was. "
        "What the models find in them they find of nothing.</p>"
    )
    if not check["passed"]:
        title = "The models fail on this target: they find classes where there is nothing"
        words += (
            f"<p>Too many of {_names(check['failed'])}. Probabilities and numbers of these "
            "classes are not to be believed here.</p>"
        )
    else:
        title = "The models find next to nothing where there is nothing"
        if uncounted := [tag for tag in check.get("uncounted", ()) if tag in classes]:
            words += (
                f"<p>Small probabilities of {_names(uncounted)} add up all the same: how many of "
                "these to expect is not said.</p>"
            )
    # Those that fail never fall behind the first few.
    named = dict.fromkeys([*failed, *ALWAYS, *check.get("uncounted", ())])
    shown = [tag for tag in named if tag in classes]
    inner = check_table(check, {tag: classes[tag] for tag in shown[:MOST_SHOWN]})
    whole = check_table(check, classes, every=True)
    more = f"<details><summary>All classes and thresholds</summary>{whole}</details>"
    figures = f"<details><summary>How many, by class</summary>{inner}{more}</details>"
    return _box(check["passed"], title, f"{words}{figures}")


def _box(good: bool, title: str, inner: str) -> str:
    css = "check" if good else "check failed"
    return f'<div class="{css}" role="status"><h2>{escape(title)}</h2>{inner}</div>'


def _names(tags: list[str]) -> str:
    return ", ".join(f"<code>{escape(tag)}</code>" for tag in tags)


def check_table(
    check: Mapping[str, Any], classes: Mapping[str, str], *, every: bool = False
) -> str:
    """Return real rows and nulls above the judged threshold, or above every one, by class."""
    judged = check["limits"]["threshold"]
    lines = []
    for tag, label in classes.items():
        item = check["classes"].get(tag)
        columns: Mapping[str, Any] = {} if item is None else item["columns"]
        thresholds = [line["threshold"] for c in columns.values() for line in c["above"]]
        for threshold in sorted(set(thresholds)):
            if every or threshold == judged:
                found = judged_column(check, tag, threshold)
                lines.append(_line(tag, label, check, found))
    header = (
        *("class", "column", "null", "threshold", "real rows", "nulls", "of nulls"),
        *("at most", "false-discovery rate", "sum of nulls"),
    )
    caption = "Real light curves and nulls that reach a threshold"
    return table(caption, header, lines, text_columns=3)


def _line(
    tag: str, label: str, check: Mapping[str, Any], found: Mapping[str, Any] | None
) -> tuple[str, ...]:
    assert found is not None
    kind = check["classes"][tag]["null"]
    size = check["rows"].get(kind, 0)
    mark = "" if check["classes"][tag]["passed"] else ' <strong class="bad">fails</strong>'
    if not mark and not check["classes"][tag].get("counted", True):
        mark = " (no number)"
    return (
        f"{escape(label)}{mark}",
        f"<code>{escape(found['column'])}</code>",
        KIND_NAMES[kind],
        f"{found['threshold']:g}",
        number(found["real"]),
        f'{number(found["null"])} <span class="of">of {number(size)}</span>',
        percent(found["null"], size),
        share_or_dash(found["highest_share"]),
        share_or_dash(found["false_discovery_rate"]),
        share_or_dash(found["sum_share"]),
    )
