"""What stands in the way of the numbers of a report: said on its first screen."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from scope.report.amplitudes import FeatureTally
from scope.report.html_tables import number, percent
from scope.report.tally import CatalogTally, ClassTally

STARTER = "starter"
"""Group of the models that ship with the project."""

MOST = 0.5
"""Part of the classified light curves that a class seldom exceeds where nobody chose them."""


def banners(tally: CatalogTally, seen: FeatureTally, record: Mapping[str, Any]) -> str:
    """Return what to know before the numbers are used (HTML), empty where there is nothing.

    Parameters
    ----------
    tally : CatalogTally
    seen : FeatureTally
    record : mapping
        Of the catalogue.
    """
    lines = [
        *_nothing_classified(tally),
        *_starters(record),
        *_all_filled_in(tally),
        *_missing_tables(seen),
        *_frequent_classes(tally),
    ]
    if not lines:
        return ""
    items = "".join(f"<li>{line}</li>" for line in lines)
    title = "Before you use these numbers"
    return f'<div class="check warned" role="status"><h2>{title}</h2><ul>{items}</ul></div>'


def _nothing_classified(tally: CatalogTally) -> list[str]:
    if tally.classified:
        return []
    if not tally.rows:
        return ["<strong>No light curves</strong> came in: the catalogue has no rows."]
    reason = max(tally.reasons.items(), key=lambda item: (item[1], item[0]), default=("", 0))[0]
    most = f", most often because of <code>{escape(reason)}</code>" if reason else ""
    return [f"<strong>No light curve was classified</strong>{most}."]


def _starters(record: Mapping[str, Any]) -> list[str]:
    bundles = record.get("bundle")
    groups = bundles.items() if isinstance(bundles, Mapping) else ()
    names = [
        escape(algorithm.upper())
        for algorithm, one in groups
        if isinstance(one, Mapping) and one.get("group") == STARTER
    ]
    if not names:
        return []
    return [
        f"<strong>Starter models</strong> ({' and '.join(names)}) made the scores. They ship with "
        "the project for a first try; their card (<code>models/…/starter/card.md</code>) says "
        "what they were trained on and what they are not fit for."
    ]


def _all_filled_in(tally: CatalogTally) -> list[str]:
    if not tally.classified or tally.imputed < tally.classified:
        return []
    return [
        "<strong>Every classified light curve has features that were missing</strong> and were "
        "filled in with typical values of the training set."
    ]


def _missing_tables(seen: FeatureTally) -> list[str]:
    missing = [name for name, count in seen.searched.items() if seen.rows and not count]
    if not missing:
        return []
    return [
        f"<strong>No table of {escape(' and '.join(missing))}</strong> was there to match "
        "with, so that what it tells is filled in for all of them: docs/archive.md says what "
        "such tables hold and where they belong."
    ]


def _frequent_classes(tally: CatalogTally) -> list[str]:
    many = [one for one in tally.classes.values() if one.labelled > MOST * tally.classified]
    if not many:
        return []
    shown = ", ".join(_share(one, tally) for one in many)
    return [
        f"<strong>More than half of the classified light curves</strong> are labelled {shown}. "
        "Unless somebody chose these stars, models that see something else than they were "
        "trained on are a likelier reason than the sky."
    ]


def _share(one: ClassTally, tally: CatalogTally) -> str:
    share = percent(one.labelled, tally.classified)
    return f"{escape(one.label)} ({number(one.labelled)}, {share})"
