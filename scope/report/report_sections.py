"""The sections of the report: words, tables and charts about what was counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from scope.report import algorithms, expected, figures, html_tables
from scope.report.amplitudes import FeatureTally
from scope.report.fetch_examples import Curve, Example
from scope.report.figures import PeriodAmplitude, band_css, band_name
from scope.report.html_tables import number, percent
from scope.report.links import link_line, star_links
from scope.report.page import Section, figure, key, note
from scope.report.record_tables import provenance_groups
from scope.report.sky_maps import SkyMap
from scope.report.tally import MAX_EPOCHS, CatalogTally, ClassTally

_COUNTED = {2: "two", 3: "three", 4: "four"}


def counts(tally: CatalogTally, seen: FeatureTally, record: Mapping[str, Any]) -> Section:
    """Say how many light curves came in, were classified, or why not; what was missing."""
    parts = []
    if tally.reasons:
        parts.append(folded("Why light curves have no scores", html_tables.reason_table(tally)))
    elif tally.rows:
        parts.append("<p>Every light curve has scores.</p>")
    if tally.rows:
        both = html_tables.filter_table(tally), html_tables.quadrant_table(tally)
        inner = f'<div class="row">{both[0]}{both[1]}</div>'
        parts.append(folded("By filter, detector and quadrant", inner))
    else:
        parts.append("<p>The catalogue has no rows: there is nothing to count.</p>")
    if tally.imputed:
        share = percent(tally.imputed, tally.classified)
        parts.append(
            f"<p>{number(tally.imputed)} of the classified light curves ({share}) have at least "
            "one feature that was missing and filled in.</p>"
        )
        inner = html_tables.filled_table(tally, record.get("imputable"))
        if inner:
            parts.append(folded("Which ones", inner))
    if seen.searched:
        parts.append(folded("Matches with other catalogues", html_tables.match_table(seen)))
    if tally.strange:
        parts.append(
            f"<p>{number(tally.strange)} of the classified light curves "
            f"({percent(tally.strange, tally.classified)}) are unlike anything that the models "
            "know (<code>ood_p</code>): they have scores, but no label on this page.</p>"
        )
    return Section("counts", "Light curves in and out", "\n".join(parts))


def classes(tally: CatalogTally, record: Mapping[str, Any]) -> Section:
    """Tell, per class and threshold, how many light curves there are and how they agree."""
    check = record.get("field_check")
    parts = []
    if tally.classes:
        parts.append(
            "<p>For who develops models. A light curve may belong to several classes, or to none. "
            f"{_agreement_words(len(tally.algorithms))}, most of them below the threshold. “Of "
            "nulls” is the share of shuffled or noise light curves that reach it, “FDR” the "
            "false-discovery rate that follows: the part of the light curves above it that "
            "chance explains; both are of the probability where the class has one.</p>"
        )
        for name, value in tally.thresholds.items():
            title = f"At the threshold “{escape(name)}”, {value:g}"
            parts.append(folded(title, html_tables.class_table(tally, name, check)))
    else:
        parts.append("<p>The catalogue has no scores of the classes of this report.</p>")
    for words, tags in (
        ("Classes without scores in this catalogue", tally.absent),
        ("Scores in the catalogue that this report leaves out", tally.unlisted),
    ):
        if tags:
            parts.append(note(f"{words}: {', '.join(map(escape, tags))}."))
    return Section("classes", "Networks against trees, by class", "\n".join(parts))


def folded(summary: str, inner: str) -> str:
    """Return a part that is closed until it is asked for (HTML)."""
    return f"<details><summary>{summary}</summary>{inner}</details>"


def _agreement_words(number: int) -> str:
    """Tell what the columns of agreement count."""
    if number == 2:
        return (
            "“Both” counts light "
            "curves that reach the threshold in both algorithms, “both of either” is their share "
            "among those that reach it in at least one, “same side” the share of all light "
            "curves on which the two algorithms agree"
        )
    return (
        f"“All” counts light curves that reach the threshold in all {number} algorithms, “all of "
        "any” is their share among those that reach it in at least one, “same side” the share of "
        "all light curves on which all algorithms agree"
    )


def scores(tally: CatalogTally) -> Section:
    """Draw the scores of both algorithms, and one against the other, per class."""
    if not tally.classified or not tally.classes:
        return Section("scores", "Scores by class", "<p>There are no scores to draw.</p>")
    name, value = tally.threshold
    keys = "".join(key(one, algorithms.title(one)) for one in tally.algorithms)
    intro = (
        "<p>Left: numbers of light curves per score, in 50 bins, logarithmic. Right: the score "
        "of one algorithm against that of the other; darker or brighter blue is more light "
        "curves, logarithmic, up to the fullest cell of each chart. Dashed: the threshold "
        f"“{escape(name)}”, {value:g}. Scores order light curves; they are not "
        "probabilities.</p>"
        f'<p class="note">{keys}</p>'
    )
    cards = "\n".join(_score_card(one, name, value) for one in tally.classes.values())
    inner = folded("Charts of all classes", f'<div class="cards classes">{cards}</div>')
    return Section("scores", "Scores by class", f"{intro}{inner}")


def _score_card(one: ClassTally, name: str, value: float) -> str:
    at = one.at[name]
    missing = [algorithms.title(a) for a, count in one.scored.items() if not count]
    if len(missing) == len(one.scored):
        body = note("No scores.")
    else:
        charts = figures.score_chart(one, value) + figures.plane_charts(one, value)
        body = f'<div class="row">{charts}</div>'
        if missing:
            body += note(f"No scores by {', '.join(missing)}.")
        n_scored = len(one.scored) - len(missing)
        if n_scored > 1:
            body += note(
                f"{algorithms.together(n_scored)} reach {value:g} on {number(at.both)}, "
                f"{'either' if n_scored == 2 else 'any'} on {number(at.either)}; the same "
                f"side on {percent(at.same_side, one.compared)} of {number(one.compared)}."
            )
    return f'<article class="card" id="class-{escape(one.tag)}">{heading(one)}{body}</article>'


def heading(one: ClassTally) -> str:
    """Return the name of a class above its charts (HTML)."""
    return f'<h3>{escape(one.label)}<code class="tag">{escape(one.tag)}</code></h3>'


def diagrams(tally: CatalogTally, seen: FeatureTally, aperiodic: Collection[str]) -> Section:
    """Draw amplitudes against periods, all together and class by class."""
    title = "Periods and amplitudes"
    sample = tally.diagram
    background = PeriodAmplitude(sample.floats("period"), seen.amplitudes_of(sample.ids))
    if not len(background):
        return Section("periods", title, "<p>No light curve has a period and an amplitude.</p>")
    caption = (
        f"{out_of(len(background), sample.seen)} classified light curves with a period. The "
        "amplitude is the difference of the 5th and the 95th percentile of the magnitudes. "
        "Stripes at 1, 1/2, 1/3 … day are the rhythm of the nights, not stars."
    )
    cards = []
    for one in tally.classes.values():
        if one.members.seen and one.tag not in aperiodic:
            period = one.members.floats("period")
            amplitude = seen.amplitudes_of(one.members.ids)
            chart = background.class_chart(one.label, period, amplitude)
            shown = note(f"{out_of(len(period), one.members.seen)} light curves")
            cards.append(f"<article>{heading(one)}{chart}{shown}</article>")
    small = _small_cards(tally, background.background(), cards) if cards else ""
    return Section("periods", title, figure(background.chart(), caption) + small)


def out_of(shown: int, whole: int) -> str:
    """Return how many are drawn: all, or a sample by hash of the id."""
    if shown >= whole:
        return number(whole)
    return f"{number(shown)} (chosen by a hash of the id) of {number(whole)}"


def sky(tally: CatalogTally) -> Section:
    """Draw where the light curves are, all together and class by class."""
    title = "On the sky"
    if not len(tally.sky.ids):
        return Section("sky", title, "<p>No light curve has a position.</p>")
    members = [one for one in tally.classes.values() if one.places.seen]
    drawn = SkyMap(tally.sky, [one.places for one in members])
    caption = (
        f"{key('good', 'classified')}{key('rest', 'not classified')}<br>"
        f"{out_of(len(tally.sky.ids), tally.sky.seen)} light curves."
    )
    cards = [
        f"<article>{heading(one)}{drawn.class_chart(one.label, one.places)}"
        f"{note(out_of(len(one.places.ids), one.places.seen) + ' light curves')}</article>"
        for one in members
    ]
    small = _small_cards(tally, drawn.background(), cards) if cards else ""
    return Section("sky", title, figure(drawn.chart(), caption) + small)


def _small_cards(tally: CatalogTally, background: str, cards: list[str]) -> str:
    """Return small charts of classes with what they share."""
    name, value = tally.threshold
    return (
        f"<p>Class by class: light curves whose mean score reaches the threshold "
        f"“{escape(name)}”, {value:g}, over all others.</p>"
        f'<p class="note">{key("member", "of the class")}{key("rest", "all")}</p>'
        f'{background}<div class="cards small-cards">{"".join(cards)}</div>'
    )


def light_curves(tally: CatalogTally, seen: FeatureTally) -> Section:
    """Draw how many epochs the light curves have and how bright they are."""
    title = "Epochs and magnitudes"
    if not tally.rows:
        return Section("light-curves", title, "<p>There are no light curves.</p>")
    capped = f" Counts stop at {number(MAX_EPOCHS)}." if tally.epochs[:, -1].any() else ""
    parts = [
        figure(
            figures.epochs_chart(tally.epochs),
            f"{key('good', 'classified')}{key('rest', 'not classified')}<br>Epochs that are left "
            f"after the quality cuts and decimation.{capped}",
        )
    ]
    if seen.magnitudes:
        keys = "".join(key(band_css(one), band_name(one)) for one in sorted(seen.magnitudes))
        total = sum(int(counts.sum()) for counts in seen.magnitudes.values())
        text = f"{keys}<br>{number(total)} light curves with a median magnitude."
        parts.append(figure(figures.magnitude_chart(seen.magnitudes), text))
    else:
        parts.append(note("No light curve has a median magnitude in the feature files."))
    return Section("light-curves", title, f'<div class="row">{"".join(parts)}</div>')


def examples(
    tally: CatalogTally,
    chosen: Mapping[str, list[Example]],
    curves: Mapping[int, Curve],
    aperiodic: Collection[str],
    record: Mapping[str, Any],
    pages: str | None = None,
) -> Section:
    """Draw the light curves with the highest mean scores of each class."""
    title = "Best examples of each class"
    if not any(chosen.values()):
        return Section("examples", title, "<p>There are no scores to choose examples by.</p>")
    name, value = tally.threshold
    intro = (
        "<p>The light curves with the highest mean score of the "
        f"{_COUNTED.get(len(tally.algorithms), len(tally.algorithms))} algorithms, one per star. "
        "Classes with a period are folded at the period found and drawn twice over; phase 0 is "
        "the first epoch. A best example below the threshold "
        f"“{escape(name)}”, {value:g}, says that the class is probably absent.</p>"
    )
    why = expected.why_no_probabilities(record)
    if why:
        intro += note(f"Probabilities are not shown: {escape(why)}.")
    linked = record.get("simulation") is None
    if not linked:
        intro += note("The stars are simulated: no archive knows them.")
    parts = [intro]
    for tag, ones in chosen.items():
        if ones:
            panels = "".join(
                example_panel(
                    *(one, curves.get(one.id), tag not in aperiodic, value),
                    probable=not why,
                    linked=linked,
                    pages=pages,
                )
                for one in ones
            )
            name = heading(tally.classes[tag])
            parts.append(f'{name}\n<div class="cards examples">{panels}</div>')
    return Section("examples", title, "\n".join(parts))


def example_panel(
    example: Example,
    curve: Curve | None,
    periodic: bool,
    threshold: float,
    *,
    probable: bool,
    linked: bool,
    pages: str | None = None,
) -> str:
    """Draw one example; with its probability, and where else to look at it.

    `pages` is the address of the file with the pages of these stars, beside the report.
    """
    if curve is None:
        chart = note("Its light curve is not in the files of this report.")
    else:
        chart = figures.example_chart(example, curve, folded=periodic and example.period > 0)
    below = " · below the threshold" if example.mean < threshold else ""
    known_as = f"<strong>{escape(example.name or str(example.id))}</strong>"
    if example.name:
        known_as += f' <span class="of">{example.id}</span>'
    ids = {"_id": example.id, "Gaia_EDR3___id": example.gaia_id}
    links = link_line(star_links(example.ra, example.dec, ids)) if linked else ""
    lines = [
        f"{known_as}{below}",
        " · ".join(_facts(example, probable)),
        f'<span class="of">RA {example.ra:.5f}, Dec {example.dec:+.5f}</span>',
        *([links] if links else []),
    ]
    if pages and curve is not None:
        lines.append(
            f'<a href="{escape(pages)}#/curve/{example.id}">star: classes, features, matches</a>'
        )
    return f"<figure>{chart}<figcaption>{'<br>'.join(lines)}</figcaption></figure>"


def _facts(example: Example, probable: bool) -> list[str]:
    facts = [f"{band_name(example.filter)} band", f"{number(example.n_epochs)} epochs"]
    if example.period > 0:
        chance = [f"false alarm {_chance(example.log10_fap)}"] if example.log10_fap <= 0.0 else []
        facts = [f"P = {example.period:.6g} d", *chance, *facts]
    facts += [
        f"{algorithms.title(name)} " + (f"{score:.3f}" if score == score else "–")
        for name, score in example.scores.items()
    ]
    if probable and example.probability == example.probability:
        facts.append(f"probability {_probability(example.probability)}")
    return facts


def _probability(value: float) -> str:
    """A probability; 1 and 0 would say that it is certain."""
    return "> 0.999" if value >= 0.9995 else "< 0.001" if value < 0.0005 else f"{value:.3f}"


def _chance(log10: float) -> str:
    """A probability in words short enough for a caption."""
    return f"{10.0**log10:.2g}" if log10 >= -3.0 else f"10<sup>{log10:.0f}</sup>"


def provenance(record: Mapping[str, Any]) -> Section:
    """Tell where the report came from."""
    body = (
        "<p>Software, settings and inputs that decide every number above. The page itself "
        "keeps them as JSON in its <code>scope</code> metadata.</p>" + provenance_groups(record)
    )
    return Section("provenance", "Where this came from", body)
