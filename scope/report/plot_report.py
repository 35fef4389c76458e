"""The report of a target: pictures and tables that people look at, in one HTML file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from scope.io import read_metadata, write_bytes
from scope.provenance import record
from scope.report import algorithms, field_check, report_sections
from scope.report.amplitudes import tally_features
from scope.report.banners import banners
from scope.report.fetch_examples import APERIODIC, choose_examples, read_curves
from scope.report.first_screen import first_screen
from scope.report.html_tables import number, percent
from scope.report.page import assemble
from scope.report.quality import quality
from scope.report.tally import CatalogTally, tally_catalog

PathLike = str | Path


def plot_report(
    catalog: PathLike,
    features: Sequence[PathLike],
    lightcurves: Sequence[PathLike],
    output: PathLike,
    *,
    thresholds: Mapping[str, float],
    classes: Mapping[str, str],
    facts: Mapping[str, Any] | None = None,
    strange_below: float = 0.0,
    aperiodic: Collection[str] = APERIODIC,
    stars: PathLike | None = None,
    pages: str | None = None,
) -> None:
    """Write the report of a target as one self-contained HTML page.

    The page holds no time of day, host or path: the same inputs give the same bytes.
    Memory does not grow with the catalogue.

    Parameters
    ----------
    catalog : path
        Catalogue of a target: key columns, reason, scores of both algorithms. The
        target's name is that of the file.
    features : sequence of paths
        Feature files of the target's units, for amplitudes and magnitudes. May be empty.
    lightcurves : sequence of paths
        Cleaned light curves, at least those of the best examples. May be empty.
    output : path
        The page.
    thresholds : mapping of str to float
        Value by name. The first one selects the members of a class.
    classes : mapping of str to str
        Label by tag, in the order of the page.
    facts : mapping, optional
        Facts for the page's record, beside those of the catalogue.
    strange_below : float
        Light curves with an ``ood_p`` below this are unlike anything that the models know: they are
        counted as such and have no label.
    aperiodic : collection of str
        Tags of classes whose examples are drawn against time instead of phase.
    stars : path, optional
        Table of stars of the target, see `scope.product.publish_stars`.
    pages : str, optional
        Address, relative to the page, of the pages of its examples: each example leads there.
        See `scope.desk.example_pages`.

    Raises
    ------
    ConfigError
        If there is no threshold, or one outside 0 to 1.
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a score is outside 0 to 1.
    """
    catalog = Path(catalog)
    provenance = record("report", read_metadata(catalog), **(facts or {}))
    check = provenance.get("field_check")
    tally = tally_catalog(catalog, classes, thresholds, strange_below=strange_below)
    chosen = {tag: choose_examples(one.best) for tag, one in tally.classes.items()}
    samples = [tally.diagram, *(one.members for one in tally.classes.values())]
    ids = np.concatenate([sample.ids for sample in samples])
    seen = tally_features([Path(path) for path in features], ids)
    curves = read_curves(
        [Path(path) for path in lightcurves],
        (example.id for examples in chosen.values() for example in examples),
    )
    parts = [
        report_sections.examples(tally, chosen, curves, aperiodic, provenance, pages),
        report_sections.diagrams(tally, seen, aperiodic),
        report_sections.sky(tally),
        report_sections.light_curves(tally, seen),
        quality(stars, classes, strange_below),
        report_sections.counts(tally, seen, provenance),
        report_sections.classes(tally, provenance),
        report_sections.scores(tally),
        report_sections.provenance(provenance),
    ]
    title = f"{target_name(catalog.stem)}: classification report"
    first = field_check.verdict(check, {tag: one.label for tag, one in tally.classes.items()})
    first += banners(tally, seen, provenance)
    first += first_screen(tally, chosen, curves, aperiodic, provenance, pages)
    page = assemble(
        *(title, _lead(tally), _numbers(tally), parts, provenance, first),
        style=algorithms.style(tally.algorithms),
    )
    write_bytes(page.encode(), output)


def target_name(target: str) -> str:
    """Return the name of a target for people: ``field_250`` is Field 250."""
    kinds = {"field": "Field", "ids": "List", "gcn": "GCN event"}
    kind, _, rest = target.partition("_")
    return f"{kinds[kind]} {rest}" if kind in kinds and rest else target


def _lead(tally: CatalogTally) -> str:
    name, value = tally.threshold
    found = sum(1 for one in tally.classes.values() if any(one.at[name].reached.values()))
    fields = ", ".join(map(str, sorted(tally.fields)[:8])) + (" …" if len(tally.fields) > 8 else "")
    where = f" in field {fields}" if len(tally.fields) == 1 else ""
    where = f" in {len(tally.fields)} fields ({fields})" if len(tally.fields) > 1 else where
    return (
        f"{number(tally.classified)} of {number(tally.rows)} light curves{where} were classified. "
        f"Of {len(tally.classes)} classes, {found} have a light curve with a score of at least "
        f"{value:g}, the threshold “{escape(name)}”."
    )


def _numbers(tally: CatalogTally) -> list[tuple[str, str, str]]:
    """Return what the first screen says: name, value and remark."""
    missing = tally.rows - tally.classified
    reason, count = max(tally.reasons.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    scored = [
        algorithms.title(name)
        for name in tally.algorithms
        if any(one.scored[name] for one in tally.classes.values())
    ]
    value = tally.threshold[1]
    return [
        ("Light curves", number(tally.rows), "one per position, field and filter"),
        ("Classified", number(tally.classified), f"{percent(tally.classified, tally.rows)} of all"),
        (
            "Not classified",
            number(missing),
            f"{percent(count, missing)} {reason.replace('_', ' ')}" if reason else "",
        ),
        ("Classes", number(len(tally.classes)), " and ".join(scored) or "no scores"),
        ("Labelled", number(tally.labelled), f"light curves {_agreement(len(scored), value)}"),
        ("Median epochs", number(tally.median_epochs), "of classified light curves"),
    ]


def _agreement(n_algorithms: int, threshold: float) -> str:
    """Return what makes a label (text)."""
    every = f"{algorithms.together(n_algorithms).lower()} algorithms give"
    who = every if n_algorithms > 1 else "the algorithm gives"
    return f"with a class to which {who} at least {threshold:g}"
