"""The loop with labels that are known: how fast strategies learn, with paired intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.active.acquisition import STRATEGIES
from scope.active.members import Member, bootstrap_members
from scope.active.queries import Asking, Pool, select_queries
from scope.active.scoring import class_quality
from scope.active.summary import out_of_bag, summarise
from scope.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.floating]
Learn = Member | Sequence[Member]
Measure = Callable[[Floats, npt.NDArray[np.int64]], dict[str, float]]


@dataclass(frozen=True)
class LoopOptions:
    """Options of playing the loop on objects whose labels are known.

    Attributes
    ----------
    start : int
        Labels before the first question, drawn so that every class has one.
    size, rounds, members : int
    strategies : tuple of str
    splits : int
        Repeats, each with test objects and first labels of its own.
    test_share : float
        Of the objects; they are never asked about.
    batch : str
        As of `Asking`.
    seed : int
    """

    start: int = 60
    size: int = 50
    rounds: int = 8
    members: int = 20
    strategies: tuple[str, ...] = ("random", "entropy", "bald")
    splits: int = 6
    test_share: float = 0.3
    batch: str = "best"
    seed: int = 1

    def __post_init__(self) -> None:
        names = self.strategies
        if not names or len(set(names)) < len(names) or not set(names) <= set(STRATEGIES):
            raise UsageError(
                "strategies to compare",
                value=", ".join(names) or "none",
                allowed=f"each once, of {', '.join(STRATEGIES)}",
            )


def tree_members(x: Floats, n_classes: int, trees: int = 15) -> Member:
    """Return members that are small forests of extremely random trees.

    `x`: (n, d) float, features of the pool. A member returns (n, k) float64, probabilities of all
    classes for the whole pool.
    """

    def member(rows: npt.NDArray[np.int64], y: npt.NDArray[np.int64], seed: int) -> Floats:
        from sklearn.ensemble import ExtraTreesClassifier

        forest = ExtraTreesClassifier(trees, random_state=seed, n_jobs=1).fit(x[rows], y)
        p = np.zeros((len(x), n_classes))
        p[:, forest.classes_] = forest.predict_proba(x)
        return p

    return member


def play_queries(
    member: Learn,
    y: npt.NDArray[np.int64],
    options: LoopOptions | None = None,
    objects: npt.NDArray[Any] | None = None,
    features: Floats | None = None,
    measure: Measure | None = None,
    cells: npt.NDArray[np.integer] | None = None,
    splits: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Play the loop with known labels.

    Parameters
    ----------
    member : callable or several
        See `scope.active.members.Member`; several learners are members in turn.
    y : (n,) int64
        Classes, 0 to k - 1.
    objects : (n,) array, optional
        Rows of one object are in one part and are asked about together; rows by default.
    features : (n, d), optional
        For diverse batches.
    measure : callable, optional
        Probabilities (n, k) and classes of the test rows -> figures by name; `scores_of`.
    cells : (n,) int, optional
        Cells of the map, for batches that are spread over it.
    splits : sequence of int, optional
        Which; all by default. Each is the same whatever others are played.

    Returns
    -------
    DataFrame
        split, strategy, round, n_labels, accuracy, macro_ap, worst_ap (mean of the five
        weakest classes), and per class ``ap_<class>``, of the test objects.

    Raises
    ------
    InputError
        If there are too few objects for the rounds, or fewer first labels than classes.
    """
    import pandas as pd

    options = options or LoopOptions()
    objects = np.arange(len(y)) if objects is None else np.asarray(objects)
    play = _Play(member, y, objects, features, cells, measure or scores_of, options)
    rows: list[dict[str, Any]] = []
    for split in range(options.splits) if splits is None else splits:
        test, start = _split(y, objects, options, split)
        for strategy in options.strategies:
            rows += play.of(test, start, strategy, split)
    return pd.DataFrame(rows)


def _split(
    y: npt.NDArray[np.int64], objects: npt.NDArray[Any], options: LoopOptions, split: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any]]:
    rng = np.random.default_rng([options.seed, split])
    names, first = np.unique(objects, return_index=True)
    order = rng.permutation(len(names))
    n_test = round(options.test_share * len(names))
    test, pool = order[:n_test], order[n_test:]
    if options.start + options.size * options.rounds > len(pool):
        raise InputError(
            "too few objects for the loop",
            value=len(pool),
            allowed=f"{options.start} + {options.size} x {options.rounds} or more",
        )
    # One of each class first, so that all can be learnt at all.
    _, one = np.unique(y[first[pool]], return_index=True)
    if options.start < len(one):
        raise InputError(
            "fewer first labels than classes",
            value=options.start,
            allowed=f"{len(one)} or more",
            todo="raise start (active.tasks.<task>.simulation.start), or leave classes out",
        )
    rest = np.setdiff1d(np.arange(len(pool)), one)
    begin = np.concatenate([one, rest])[: options.start]
    return np.isin(objects, names[test]), names[pool[begin]]


@dataclass(frozen=True)
class _Play:
    member: Learn
    y: npt.NDArray[np.int64]
    objects: npt.NDArray[Any]
    features: Floats | None
    cells: npt.NDArray[np.integer] | None
    measure: Measure
    options: LoopOptions

    def of(
        self, test: npt.NDArray[np.bool_], start: npt.NDArray[Any], strategy: str, split: int
    ) -> list[dict[str, Any]]:
        """Return what is known after each round of one strategy in one split."""
        options, rows = self.options, []
        labelled: set[Any] = set(start.tolist())
        for number in range(options.rounds + 1):
            known = np.isin(self.objects, np.array(sorted(labelled)))
            at, seed = np.flatnonzero(known), [options.seed, split, number]
            p, bag = bootstrap_members(self.member, at, self.y, self.objects, options.members, seed)
            summary = summarise(p)
            place = {"split": split, "strategy": strategy, "round": number}
            found = self.measure(summary.mean[test], self.y[test])
            rows.append({**place, "n_labels": len(labelled), **found})
            if number == options.rounds:
                break
            quality = None
            if strategy == "weakest":
                quality = class_quality(out_of_bag(p[at], bag), self.y[at])
            excluded = {"labelled": known, "held_out": test}
            pool = Pool(self.objects.astype(str), excluded, self.features, self.cells, quality)
            asking = Asking(strategy, options.size, options.batch)
            asked, _ = select_queries(
                summary, pool, asking, number, seed=_seed(options, split, number)
            )
            labelled |= set(self.objects[asked["row"].to_numpy()].tolist())
        return rows


def _seed(options: LoopOptions, split: int, number: int) -> int:
    return (options.seed * 1000 + split) * 1000 + number


def scores_of(p: Floats, y: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return accuracy and average precisions of probabilities (n, k).

    `p`: (n, k) float64; `y`: (n,) int64, the true class.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    ap = {
        k: float(average_precision_score(y == k, p[:, k]))
        for k in range(p.shape[1])
        if (y == k).any()
    }
    weakest = sorted(ap.values())[:5]
    found = {
        "accuracy": float((p.argmax(axis=1) == y).mean()),
        "macro_ap": float(np.mean(list(ap.values()))),
        "worst_ap": float(np.mean(weakest)),
    }
    if p.shape[1] == 2:
        found["auc"] = float(roc_auc_score(y, p[:, 1]))
    return found | {f"ap_{k}": value for k, value in ap.items()}


@dataclass(frozen=True)
class Paired:
    """Difference of a strategy from another, over splits.

    Attributes
    ----------
    mean, low, high : float
        Mean and its 95 % interval (Student's t). Splits of one data set overlap: the interval
        is that of other splits of these data, not of other data.
    better, splits : int
    """

    mean: float
    low: float
    high: float
    better: int
    splits: int


def paired_difference(
    curves: pd.DataFrame, strategy: str, metric: str, n_labels: int, against: str = "random"
) -> Paired:
    """Compare two strategies at a number of labels, split by split."""
    from scipy import stats

    at = curves[curves["n_labels"] == n_labels].pivot(
        index="split", columns="strategy", values=metric
    )
    if strategy not in at or against not in at:
        raise UsageError(
            "strategies or number of labels that were not played",
            value=f"{strategy}, {against}, {n_labels}",
            allowed=sorted(set(curves["n_labels"])),
        )
    difference = (at[strategy] - at[against]).to_numpy()
    mean, n = float(difference.mean()), len(difference)
    half = 0.0
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n))
    return Paired(mean, mean - half, mean + half, int((difference > 0).sum()), n)


def labels_saved(
    curves: pd.DataFrame, strategy: str, metric: str, against: str = "random"
) -> float:
    """Return the labels that a strategy needs for what another reaches with all, as a share.

    Of the mean curves: the labels from which on the strategy stays at or above that, between
    rounds along a straight line; NaN where it does not get there.
    """
    mean = curves.groupby(["strategy", "n_labels"])[metric].mean()
    goal, most = float(mean[against].iloc[-1]), int(mean[against].index[-1])
    x, v = (mean[strategy].index.to_numpy(dtype=float), mean[strategy].to_numpy())
    below = np.flatnonzero(v < goal)
    if not len(below):
        return float(x[0] / most)
    at = int(below[-1]) + 1
    if at == len(v):
        return float("nan")
    place = x[at - 1] + (goal - v[at - 1]) / (v[at] - v[at - 1]) * (x[at] - x[at - 1])
    return float(place / most)


def plot_curves(curves: pd.DataFrame, metric: str, path: Any = None) -> Any:
    """Draw a metric against the labels, a line per strategy; bands are errors of the mean."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    draw_curves(axes, curves, metric)
    axes.legend()
    if path is not None:
        save_figure(figure, path)
    return figure


def draw_curves(axes: Any, curves: pd.DataFrame, metric: str) -> None:
    """Draw a metric against the labels on axes, a line per strategy, with errors of the mean."""
    for strategy, part in curves.groupby("strategy", sort=False):
        grouped = part.groupby("n_labels")[metric]
        mean, spread = grouped.mean(), grouped.sem().fillna(0)
        axes.plot(mean.index, mean, label=str(strategy))
        axes.fill_between(mean.index, mean - spread, mean + spread, alpha=0.2)
    axes.set(xlabel="labels", ylabel=metric.replace("_", " "))


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a figure, whole or not at all; the end of its name says the format."""
    from scope.io.atomic import atomic_path

    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=Path(path).suffix.lstrip(".") or "png", dpi=120)
