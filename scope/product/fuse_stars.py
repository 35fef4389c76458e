"""Learn how the probabilities of the light curves of a star become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.io import read_schema, read_table
from scope.models.calibration.calibrators import apply, fit_logistic, from_log_odds
from scope.models.calibration.class_calibration import (
    Calibration,
    ClassCalibration,
    OutOfFold,
    calibrate,
)
from scope.models.evaluation.held_out_metrics import Judged, judge_probabilities
from scope.models.training.splits import TEST, TRAIN
from scope.product.star_fusion import (
    KIND,
    N_EVIDENCE,
    SCHEMA_VERSION,
    TERMS,
    StarFusion,
    StarRows,
    StarStack,
    star_terms,
)
from scope.tasks.variables.bundles.model_bundle import (
    CALIBRATION,
    CARD,
    MANIFEST,
    METRICS,
    ModelBundle,
    sha256_of,
)
from scope.tasks.variables.bundles.model_bundle_writer import json_bytes, replace_folder
from scope.tasks.variables.training.fuse import FUSED, Fusion, class_calibration, read_scores
from scope.tasks.variables.training.training_scores import TrainingScores
from scope.tasks.variables.training_sets.read_training_set import COPY

PULL = 5.0
"""Rows' worth of belief that a star is what its light curves say on average."""

TOWARDS = tuple(float(term == "mean") for term in TERMS)
LOWEST = tuple(0.0 if number < N_EVIDENCE else None for number in range(len(TERMS)))

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Light curves of a class, by star.

    Attributes
    ----------
    rows : StarRows
        A star stands twice where it has two light curves or more in a filter: with all of
        them, and with one per filter, as one field sees it.
    value : (n,) float64
        Log-odds by light curve.
    band : (n,) int64
        Filter; -1 where unknown.
    target : (m,) bool
        Whether the star is of the class.
    name : (m,) int64
        Number of the star in the training set.
    observed : (m,) bool or None
    whole : (m,) bool
        Whether the star stands with all its light curves.
    used : (n,) int64
        Rows of the scores that the light curves are.
    """

    rows: StarRows
    value: Floats
    band: Integers
    target: Bools
    name: Integers
    observed: Bools | None
    whole: Bools
    used: Integers


def fuse_stars(
    bundles: Sequence[ModelBundle],
    fusion: Fusion,
    scores_paths: Sequence[str | Path],
    training_set: str | Path,
    output: str | Path,
) -> StarFusion:
    """Learn the fusion over the light curves of a star for a group of models.

    Parameters
    ----------
    bundles : sequence of ModelBundle
    fusion : Fusion
        Of these bundles.
    scores_paths : sequence of path
        What training wrote as ``scores_output`` for each bundle.
    training_set : path
        What they were trained on: it tells filters and copies.
    output : path
        Folder, by custom ``models/stars/<group>``. It gets ``bundle.json`` with the weights,
        ``calibration.json``, ``metrics.json`` and ``card.md``.

    Raises
    ------
    InputError
        If scores belong to other bundles, or no class has enough stars with several light
        curves.
    """
    scores = read_scores(bundles, scores_paths)
    found = next(b.calibration for b in bundles if b.calibration is not None)
    options = found.options
    context = _Context(scores[0], training_set)
    stacks: dict[str, StarStack] = {}
    classes: dict[str, ClassCalibration] = {}
    metrics: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for tag in fusion.stacks:
        value = _fused(tag, fusion, bundles, scores)
        part = next(one for one in scores if tag in one.classes)
        train = context.group(part, tag, value, TRAIN)
        short = _too_few(train, options.probability_from)
        if short:
            left_out[tag] = short
            continue
        before = fusion.calibration.classes[tag].prevalence
        stacks[tag] = _learn(train, before, options.observed_from)
        classes[tag] = _calibrate(train, stacks[tag], found)
        metrics[tag] = judge_star_class(
            context.group(part, tag, value, TEST), stacks[tag], classes[tag]
        )
    if not stacks:
        raise InputError(
            "training set without stars that have several light curves",
            value=str(training_set),
            allowed=f"{options.probability_from} of a class, and as many others",
            todo="train on stars that were observed in two bands or more",
        )
    calibration = Calibration(FUSED, options, classes)
    contents = {
        CALIBRATION: calibration.content,
        METRICS: json_bytes({"classes": metrics}),
        CARD: render_star_card(Path(output).name, metrics, left_out).encode(),
    }
    manifest = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "group": Path(output).name,
        "fusion": fusion.sha256,
        "terms": list(TERMS),
        "stacks": {tag: asdict(stack) for tag, stack in stacks.items()},
        "left_out": left_out,
        "training_set": bundles[0].manifest["training_set"],
        "files": {name: sha256_of(content) for name, content in contents.items()},
    }
    replace_folder(Path(output), {**contents, MANIFEST: json_bytes(manifest)})
    return StarFusion.load(output)


def held_out_stars(
    bundles: Sequence[ModelBundle],
    fusion: Fusion,
    scores_paths: Sequence[str | Path],
    training_set: str | Path,
    stars: StarFusion,
) -> dict[str, tuple[Group, Integers, Floats]]:
    """Return the test stars of each class, and their probabilities.

    Returns
    -------
    dict of class tag to (Group, (n,) int64, (m,) float64)
        Light curves by star, their rows in the scores, and the probabilities of stars.
    """
    scores = read_scores(bundles, scores_paths)
    context = _Context(scores[0], training_set)
    found = {}
    for tag in stars.stacks:
        part = next(one for one in scores if tag in one.classes)
        group = context.group(part, tag, _fused(tag, fusion, bundles, scores), TEST)
        value = stars.log_odds(tag, group.rows, group.value)
        found[tag] = (group, group.used, from_log_odds(value))
    return found


class _Context:
    """What the training set and the scores say of light curves, whatever the class."""

    def __init__(self, scores: TrainingScores, training_set: str | Path) -> None:
        names = read_schema(training_set).names
        wanted = [name for name in ("filter", COPY) if name in names]
        table = read_table(training_set, wanted) if wanted else None
        n = len(scores.row_numbers)
        self.band = np.full(n, -1, dtype=np.int64)
        copy = np.zeros(n, dtype=np.int64)
        if table is not None and "filter" in wanted:
            band = table.column("filter").fill_null(-1).to_numpy()
            self.band = band[scores.row_numbers].astype(np.int64)
        if table is not None and COPY in wanted:
            kinds = np.array([str(kind or "") for kind in table.column(COPY).to_pylist()])
            copy = np.unique(kinds, return_inverse=True)[1][scores.row_numbers]
        # A copy of another kind is another star: without variability it is of other classes.
        self.star = np.unique(np.stack([scores.stars, copy], 1), axis=0, return_inverse=True)[1]
        self.star = self.star.ravel()
        nothing = np.full(n, np.nan)
        self.epochs = np.asarray(scores.slices.get("epochs", nothing), dtype=np.float64)
        self.period = np.asarray(scores.slices.get("period", nothing), dtype=np.float64)

    def group(self, scores: TrainingScores, tag: str, value: Floats, number: int) -> Group:
        """Return the stars of one set that have several light curves with log-odds."""
        part = scores.classes[tag]
        use = np.flatnonzero(scores.scored(tag, number) & np.isfinite(value))
        # What is of the class in one light curve and not in another is two things.
        key = self.star[use] * 2 + part.target[use]
        whole = use[_several(key)]
        _, one = np.unique(
            np.stack([self.star[whole] * 2 + part.target[whole], self.band[whole]], 1),
            axis=0,
            return_index=True,
        )
        single = whole[np.sort(one)]
        single = single[_several(self.star[single] * 2 + part.target[single])]
        keys = [self.star[rows] * 4 + part.target[rows] * 2 for rows in (whole, single)]
        # One light curve per filter is all there is: that star stands once.
        fewer = np.isin(keys[1], keys[0][_more(keys[0], keys[1])])
        rows = np.concatenate([whole, single[fewer]])
        key = np.concatenate([keys[0], keys[1][fewer] + 1])
        _, first, star = np.unique(key, return_index=True, return_inverse=True)
        return Group(
            StarRows(star.ravel(), self.epochs[rows], self.period[rows]),
            value[rows],
            self.band[rows],
            part.target[rows][first],
            scores.stars[rows][first],
            None if scores.observed is None else scores.observed[rows][first],
            key[first] % 2 == 0,
            rows,
        )


def _several(key: Integers) -> Bools:
    """Return which rows share their key with another."""
    _, of, counts = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(counts[of.ravel()] > 1)


def _more(key: Integers, other: Integers) -> Bools:
    """Return which rows have a key that stands here more often than among the others."""
    names, of, counts = np.unique(key, return_inverse=True, return_counts=True)
    place = np.searchsorted(np.sort(other), names, "right")
    elsewhere = place - np.searchsorted(np.sort(other), names, "left")
    return np.asarray((counts > elsewhere)[of.ravel()])


def _fused(
    tag: str, fusion: Fusion, bundles: Sequence[ModelBundle], scores: Sequence[TrainingScores]
) -> Floats:
    """Return the log-odds that the catalogue would give each light curve."""
    values = {}
    for bundle, part in zip(bundles, scores, strict=True):
        item = class_calibration(bundle, tag)
        if item is not None and bundle.algorithm in fusion.stacks[tag].weights:
            values[bundle.algorithm] = item.log_odds(part.classes[tag].scores)
    return fusion.log_odds(tag, values)


def _too_few(group: Group, least: int) -> str:
    """Return what is missing for a fusion; nothing where it can be learnt."""
    for word, side in (("stars", group.target), ("other stars", ~group.target)):
        found = len(np.unique(group.name[side]))
        if found < least:
            return f"{found} {word} with several light curves, fewer than {least}"
    return ""


def _representative(group: Group, least: int) -> Bools:
    """Return which stars count: observed ones alone, where both sides have enough of them."""
    everything = np.ones(len(group.target), dtype=bool)
    if group.observed is None:
        return everything
    sides = (group.target & group.observed, ~group.target & group.observed)
    enough = min(len(np.unique(group.name[side])) for side in sides) >= least
    return group.observed if enough else everything


def _learn(group: Group, before: float, observed_from: int) -> StarStack:
    """Learn the weights of a class."""
    return learn_group(group, _representative(group, observed_from), before)


def learn_group(group: Group, here: Bools, before: float) -> StarStack:
    """Learn the weights of a class from some stars.

    Parameters
    ----------
    here : (m,) bool
        Which stars are learnt from.
    before : float
        Prevalence that the log-odds of light curves refer to.
    """
    terms = star_terms(group.rows, group.value, before)
    slopes, intercept = fit_logistic(
        terms[here], group.target[here], pull=PULL, towards=TOWARDS, lowest=LOWEST
    )
    return StarStack(dict(zip(TERMS, slopes, strict=True)), intercept, before)


def _calibrate(group: Group, stack: StarStack, like: Calibration) -> ClassCalibration:
    probability = from_log_odds(stack.log_odds(group.rows, group.value))
    prevalence = float(group.target.mean())
    out_of_fold = OutOfFold(
        probability.astype(np.float32), group.target, group.name, prevalence, group.observed
    )
    return calibrate(out_of_fold, FUSED, like.options)


def judge_star_class(group: Group, stack: StarStack, item: ClassCalibration) -> dict[str, Any]:
    """Return how good a class is by star, beside what its light curves give by themselves.

    Returns
    -------
    dict
        ``n_stars``, ``n_positive``; ``star``, ``mean`` (the mean of the probabilities of the
        light curves), ``first`` (that of the one with most epochs) and ``bands``, by filter the
        stars that have it: each with the figures of `judge_probabilities`; ``rows``, the same
        with each light curve by itself. Observed stars alone, where calibration is of these.
    """
    keep = group.whole
    if item.observed and group.observed is not None:
        keep = keep & group.observed
    here = keep[group.rows.star]
    rows, numbers = group.rows.take(here)
    value, band, target = group.value[here], group.band[here], group.target[numbers]
    name = group.name[numbers]
    if not len(target):
        return {"n_stars": 0, "n_positive": 0}
    stacked = stack.log_odds(rows, value)
    if item.method != "identity":
        stacked = apply(item.method, item.parameters, from_log_odds(stacked))
    single = from_log_odds(value)

    def judged(of: Integers, probability: Floats) -> dict[str, Any]:
        return judge_probabilities(Judged(target[of], probability, name[of], {}))

    every = np.arange(len(target))
    bands = {}
    for number in np.unique(band[band > 0]):
        own, stars = rows.take(np.flatnonzero(band == number))
        bands[str(number)] = judged(stars, single[band == number][own.first])
    mean = np.bincount(rows.star, single) / rows.counts
    return {
        "n_stars": len(np.unique(name)),
        "n_positive": len(np.unique(name[target])),
        "star": judged(every, from_log_odds(stacked)),
        "mean": judged(every, mean),
        "first": judged(every, single[rows.first]),
        "rows": judged(rows.star, single),
        "bands": bands,
    }


def render_star_card(
    group: str, metrics: Mapping[str, Mapping[str, Any]], left_out: Mapping[str, str]
) -> str:
    """Return the card of a fusion over light curves as Markdown."""
    lines = [
        f"# {group}: stars",
        "",
        "One probability per class from all light curves of a star; weights in `bundle.json`.",
        "Average precision and expected calibration error on held-out stars with several light",
        "curves: of the star, of the mean of its light curves, of each light curve by itself.",
        "",
        "| class | stars | of the class | star | mean | light curve | ECE star | ECE mean |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for tag, figures in metrics.items():
        if figures["n_stars"]:
            kinds = [figures[kind] for kind in ("star", "mean", "rows")]
            errors = [kind["expected_calibration_error"] for kind in kinds[:2]]
            numbers = [kind["average_precision"] for kind in kinds] + errors
            cells = ["-" if number is None else f"{number:.3f}" for number in numbers]
            counts = f"{figures['n_stars']} | {figures['n_positive']}"
            lines.append(f"| {tag} | {counts} | {' | '.join(cells)} |")
    if left_out:
        lines += ["", "Without a probability of stars:", ""]
        lines += [f"- `{tag}`: {why}" for tag, why in left_out.items()]
    return "\n".join(lines) + "\n"
