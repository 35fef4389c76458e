"""How many labels does asking save on simulated spectra, and can the ensemble be trusted?

    python -m tests.benchmarks.asking_spectra [--objects 3000] [--splits 6] [--learner trees]

A simulated survey whose objects are split into a pool and objects for the test; purity and
completeness of quasars are of the latter, which train nothing and choose nothing. Labels that a
strategy needs for what random reaches with all of its labels are read off the mean curves.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scope.active.play_queries import (
    LoopOptions,
    labels_saved,
    paired_difference,
    play_queries,
    plot_curves,
    scores_of,
)
from scope.tasks.spectra.loop import CLASSES, SpectraLoop
from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey
from scope.tasks.spectra.truth import read_truth

STRATEGIES = ("random", "entropy", "bald", "margin")


def survey_pool(folder: Path, loop: SpectraLoop) -> tuple[npt.NDArray, npt.NDArray, Path]:
    """Return classes and objects of the usable rows of a survey, and the pool."""
    from scope.active.loop import read_pool

    pool = folder / "pool"
    if not (pool / "pool.parquet").exists():
        pool.mkdir(exist_ok=True)
        loop.prepare(pool)
    frame, truth = read_pool(pool), read_truth(folder / "survey" / "truth.csv")
    ids = frame["object"].to_numpy(dtype=np.int64)
    label = truth.label[truth.rows(ids)]
    return np.array([CLASSES.index(one) for one in label]), ids, pool


def of_quasars(p: npt.NDArray, y: npt.NDArray) -> dict[str, float]:
    """Return purity and completeness of quasars, and their harmonic mean, with `scores_of`."""
    called, quasar = p[:, 2:].sum(axis=1) > 0.5, y >= 2
    both = int((called & quasar).sum())
    found = {"purity": both / max(called.sum(), 1), "completeness": both / max(quasar.sum(), 1)}
    found["f1"] = 2 * both / max(int(called.sum()) + int(quasar.sum()), 1)
    return scores_of(p, y) | {name: float(value) for name, value in found.items()}


def main() -> None:
    """Play the loop, print labels needed and paired differences, draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=3000)
    parser.add_argument("--splits", type=int, default=6)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--size", type=int, default=40)
    parser.add_argument("--start", type=int, default=40)
    parser.add_argument("--learner", default="trees", choices=("trees", "network"))
    parser.add_argument("--folder", type=Path, help="where survey, curves and figure stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        _play(options, options.folder or Path(temporary))


def _play(options: argparse.Namespace, folder: Path) -> None:
    survey = folder / "survey"
    if not (survey / "truth.csv").exists():
        simulate_survey(survey, SurveyOptions(objects=options.objects, step=4.8, seed=7))
    settings = {"data": str(survey), "learner": options.learner, "filters": 16, "epochs": 20}
    loop = SpectraLoop({**settings, "trees": 20})
    y, objects, pool = survey_pool(folder, loop)
    learn = _member(loop, pool, options.learner)
    how = LoopOptions(
        start=options.start,
        size=options.size,
        rounds=options.rounds,
        members=options.members,
        strategies=STRATEGIES,
        splits=options.splits,
    )
    curves = play_queries(learn, y, how, objects, measure=of_quasars)
    curves.to_csv(folder / f"curves_{options.learner}.csv", index=False)
    metrics = ("purity", "completeness", "f1", "accuracy")
    print(curves.groupby(["strategy", "n_labels"])[list(metrics)].mean().round(4).to_string())
    last = int(curves["n_labels"].max())
    for strategy in STRATEGIES[1:]:
        for metric in metrics:
            gain = paired_difference(curves, strategy, metric, last)
            share = labels_saved(curves, strategy, metric)
            print(
                f"{strategy}, {metric} at {last} labels: {gain.mean:+.4f} "
                f"[{gain.low:+.4f}, {gain.high:+.4f}], {gain.better} of {gain.splits} better; "
                f"{share:.2f} of the labels for what random reaches with {last}"
            )
    plot_curves(curves, "f1", folder / f"curves_{options.learner}.png")


def _member(loop: SpectraLoop, pool: Path, learner: str):
    """Return a member of the loop; what trees look at is computed once."""
    if learner == "network":
        return lambda rows, y, seed: loop.member(pool, rows, y, seed, learner)
    from scope.active.play_queries import tree_members

    x = np.load(pool / "x.npy")
    features = np.concatenate([loop.features(pool), x[:, ::4]], axis=1)
    return tree_members(features, len(CLASSES), 20)


if __name__ == "__main__":
    main()
