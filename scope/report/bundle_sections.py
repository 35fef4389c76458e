"""The sections of the page about trained models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import combinations
from typing import Any

from scope.plugins import DEFAULT_ALGORITHMS
from scope.report import bundle_charts as charts
from scope.report.html_tables import number, table
from scope.report.page import Section, figure, key, note

Metrics = Mapping[str, Mapping[str, Any]]
Labels = Mapping[str, str]

TOP_FEATURES = 3
MOST_FEATURES = 20

UNITS = {"magnitude": " mag", "epochs": "", "period": " days"}


def value(figure: float | None, digits: int = 3) -> str:
    """Return a figure for people; a dash where there is none."""
    return "–" if figure is None else f"{figure:.{digits}f}"


def interval(edges: Sequence[float] | None) -> str:
    """Return an interval for people."""
    # The word joiners keep it on one line.
    return "–" if edges is None else f"{edges[0]:.3f}\u2060–\u2060{edges[1]:.3f}"


def name_of(tag: str, labels: Labels) -> str:
    """Return the label of a class, its tag where it has none."""
    return labels.get(tag, tag)


def classes(metrics: Metrics, calibration: Mapping[str, Any] | None, labels: Labels) -> Section:
    """Return the figures of every class on stars that training never saw."""
    order, meaning = [], []
    for tag, item in metrics.items():
        test, recommended = item["test"], item["recommended"]
        calibrated = item["calibrated"] or {}
        about = {} if calibration is None else calibration["classes"].get(tag, {})
        link = f'<a href="#class-{escape(tag)}">{escape(name_of(tag, labels))}</a>'
        names = (link, f"<code>{escape(tag)}</code>")
        counts = number(about["n_positive"]) if about else "–", number(test["n_positive"])
        order.append(
            (
                *(*names, *counts, number(test["n"])),
                value(test["average_precision"]),
                interval(test["average_precision_interval"]),
                *(value(test[name]) for name in ("roc_auc", "precision", "recall", "f1")),
            )
        )
        meaning.append(
            (
                *names,
                escape(about.get("method", "none").replace("rank", "order only")),
                value(calibrated.get("expected_calibration_error")),
                value(calibrated.get("brier", {}).get("skill")),
                *(value(recommended[name]) for name in ("cut", "completeness", "contamination")),
            )
        )
    intro = (
        "<p>On light curves of stars that nothing was fitted to. The interval comes from drawing "
        "stars; precision, recall and F1 are those of scores above 0.5.</p>"
    )
    first_header = (
        *("class", "tag", "training stars", "test light curves", "of", "average precision"),
        *("95 %", "ROC AUC", "precision", "recall", "F1"),
    )
    first = table("How well scores tell classes apart", first_header, order, text_columns=2)
    between = (
        "<p>Calibration error: mean distance between probability and frequency in 15 bins of "
        "equal numbers of light curves. Brier skill: 1 is perfect, 0 no better than the mean "
        "frequency. The cut has the best F1 on training stars; completeness and contamination "
        "are those of the test light curves at or above it.</p>"
    )
    second_header = (
        *("class", "tag", "calibration", "calibration error", "Brier skill"),
        *("cut", "completeness", "contamination"),
    )
    second = table("What probabilities and cuts are worth", second_header, meaning, text_columns=3)
    return Section("classes", "Classes", first.join((intro, between)) + second)


def curves(metrics: Metrics, labels: Labels) -> Section:
    """Return the curves and slices of every class."""
    legend = (
        f'<p class="note">{key("rest", "bare score")}{key("good", "probability")}'
        f"{key('precision', 'precision')}{key('recall', 'recall')}</p>"
    )
    cards = "\n".join(_card(tag, item, labels) for tag, item in metrics.items())
    return Section("curves", "Class by class", f'{legend}<div class="cards">{cards}</div>')


def _card(tag: str, item: Mapping[str, Any], labels: Labels) -> str:
    name, test = name_of(tag, labels), item["test"]
    if test["n_positive"]:
        drawn = [
            charts.reliability_chart(name, item["as_probability"], item["calibrated"] or {}),
            charts.precision_recall_chart(
                name, test["curve"], test["n_positive"], test["average_precision"]
            ),
            charts.cut_chart(name, test["curve"], test["n_positive"]),
        ]
        body = f'<div class="row">{"".join(figure(chart) for chart in drawn)}</div>'
    else:
        body = note("No test star is of this class.")
    return (
        f'<article class="card" id="class-{escape(tag)}"><h3>{escape(name)}'
        f'<code class="tag">{escape(tag)}</code></h3>{body}{_confusion(item)}{_slices(item)}'
        "</article>"
    )


def _confusion(item: Mapping[str, Any]) -> str:
    """Return what a score above one half calls positive, in words."""
    test = item["test"]
    curve = test["curve"]
    place = curve["cut"].index(0.5)
    hits, false = curve["true_positives"][place], curve["false_positives"][place]
    missed, right = test["n_positive"] - hits, test["n"] - test["n_positive"] - false
    sets = item["sets"]
    coverage = (
        ""
        if sets is None
        else f" Prediction sets hold the truth of {value(sets['coverage_positive'])} of the "
        f"class and {value(sets['coverage_negative'])} of the others; "
        f"{value(sets['single'])} of all hold one side only, {value(sets['empty'])} none."
    )
    return note(
        f"Score above 0.5: {number(hits)} right and {number(false)} wrong; below: "
        f"{number(right)} right and {number(missed)} missed. F1 {value(test['f1'])}, precision "
        f"{value(test['precision'])}, recall {value(test['recall'])}.{coverage}"
    )


def _slices(item: Mapping[str, Any]) -> str:
    """Return the figures by magnitude, epochs and period, folded away."""
    tables = []
    for name, parts in item["slices"].items():
        rows = [
            (
                _range(part["low"], part["high"], UNITS.get(name, "")),
                number(part["n"]),
                number(part["n_positive"]),
                value(part["average_precision"]),
                value(part["completeness"]),
                value(part["contamination"]),
            )
            for part in parts
        ]
        header = (
            *(name, "light curves", "of the class", "average precision"),
            *("completeness", "contamination"),
        )
        tables.append(table(f"By {name}", header, rows))
    if not tables:
        return ""
    return (
        "<details><summary>By magnitude, number of epochs and period</summary>"
        f"{''.join(tables)}</details>"
    )


def _range(low: float, high: float, unit: str) -> str:
    if high >= 1e6:
        return f"{low:g}{unit} and more"
    return f"below {high:g}{unit}" if low == 0 else f"{low:g} to {high:g}{unit}"


def importances(training: Mapping[str, Mapping[str, Any]]) -> Section | None:
    """Return which features stand among the best of most classes; None for networks."""
    best: Counter[str] = Counter()
    for report in training.values():
        importance = report.get("importance", {})
        best.update(sorted(importance, key=lambda name: (-importance[name], name))[:TOP_FEATURES])
    if not best:
        return None
    counts = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:MOST_FEATURES]
    chart = charts.counts_chart(counts, f"classes with the feature among their top {TOP_FEATURES}")
    intro = (
        "<p>Gain of the trees' splits. A feature that repeats another one shares its gain with "
        "it.</p>"
    )
    return Section("features", "Features that count", intro + figure(chart))


def losses(training: Mapping[str, Mapping[str, Any]], labels: Labels) -> Section | None:
    """Return how the losses of networks went; None for trees."""
    cards = [
        f'<article class="card"><h3>{escape(name_of(tag, labels))}'
        f'<code class="tag">{escape(tag)}</code></h3>'
        + charts.loss_chart(name_of(tag, labels), report["history"], report["best_epoch"])
        + "</article>"
        for tag, report in training.items()
        if "history" in report
    ]
    if not cards:
        return None
    legend = (
        f'<p class="note">{key("recall", "training stars")}{key("precision", "validation stars")} '
        "Dashed: the epoch whose weights were kept.</p>"
    )
    body = f'{legend}<div class="cards small-cards">{"".join(cards)}</div>'
    return Section("losses", "How the networks learnt", body)


def comparison(metrics: Metrics, labels: Labels) -> Section | None:
    """Return both algorithms side by side with their fusion; None where there is one only."""
    algorithms = next(
        (list(item["compared"]) for item in metrics.values() if "compared" in item), []
    )
    if len(algorithms) < 2:
        return None
    rows = []
    for tag, item in metrics.items():
        found = [item["compared"].get(name, {}) for name in algorithms]
        best = max((one.get("average_precision") or 0.0 for one in found), default=0.0)
        edges = item["test"]["average_precision_interval"]
        fused = item["test"]["average_precision"]
        rows.append(
            (
                escape(name_of(tag, labels)),
                *(value(one.get("average_precision")) for one in found),
                value(fused),
                interval(edges),
                "–" if fused is None else f"{fused - best:+.3f}",
            )
        )
    header = ("class", *(name.upper() for name in algorithms), "fused", "95 %", "gain")
    parts = [table("Average precision on the same test stars", header, rows)]
    for name in ("precision", "recall"):
        for pair in combinations(algorithms, 2):
            points = [
                (tag, *(one[name] for one in found))
                for tag, item in metrics.items()
                if (found := [item["compared"].get(each, {}) for each in pair])
                and all(one.get(name) is not None for one in found)
            ]
            if points:
                titles = (pair[0].upper(), pair[1].upper())
                parts.append(figure(charts.agreement_chart(points, name, titles)))
    usual = tuple(algorithms) == DEFAULT_ALGORITHMS
    title = "Networks, trees and both" if usual else "The algorithms and their fusion"
    return Section("comparison", title, f'<div class="row">{"".join(parts)}</div>')


def training_set(metrics: Metrics, manifest: Mapping[str, Any], labels: Labels) -> Section:
    """Return how many stars and light curves taught, stopped and judged."""
    sets = manifest["training_set"]
    words = {"train": "training", "val": "validation", "test": "test"}
    columns = {"rows": "light curves", "stars": "stars", "blocks": "blocks"}
    known = [sets[name] for name in words if name in sets]
    columns = {name: title for name, title in columns.items() if all(name in s for s in known)}
    rows = [
        (words[name], *(number(sets[name][column]) for column in columns))
        for name in words
        if name in sets
    ]
    split_by = "blocks of the sky" if "blocks" in columns else "star"
    counts = [
        (name_of(tag, labels), int(item["out_of_fold"]["n_positive"] or item["test"]["n_positive"]))
        for tag, item in metrics.items()
    ]
    counts = sorted((item for item in counts if item[1]), key=lambda item: (-item[1], item[0]))
    parts = [
        table(f"Split by {split_by} before anything was fitted", ("set", *columns.values()), rows)
    ]
    if counts:
        parts.append(figure(charts.counts_chart(counts, "light curves of the class in training")))
    if refused := manifest.get("refused"):
        parts.append(note(f"Refused for constant scores: {escape(', '.join(refused))}."))
    if skipped := manifest.get("skipped"):
        parts.append(
            table("Classes that could not be trained", ("class", "why"), list(skipped.items()))
        )
    return Section("training-set", "Training set", "".join(parts))
