"""Can an ensemble be trusted? Calibration out of bag, and wrong answers by certainty.

    python -m tests.benchmarks.asking_calibration [--members 20] [--labels 300 1000 2000]

Members are small forests on objects drawn with replacement. Each labelled object is judged by the
members that did not learn from it, with a calibration that was fitted to other objects; beside
that, objects that have no part in anything. Data: artefacts in ZTF (SNAD, real labels; needs
``tables/snad_artefact`` of the real data) and a simulated survey of spectra, four classes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from scope.active.calibrate import (
    expected_calibration_error,
    fit_temperature,
    wrong_by_certainty,
)
from scope.active.members import bootstrap_members
from scope.active.play_queries import tree_members
from scope.active.scoring import calibrated_apart
from scope.active.summary import out_of_bag, summarise
from scope.tasks.spectra.loop import CLASSES, SpectraLoop
from scope.tasks.spectra.simulate import SurveyOptions, simulate_survey
from tests.benchmarks.asking import read_artefacts
from tests.benchmarks.asking_spectra import survey_pool

TEST_SHARE = 0.3


def least_error(p: np.ndarray, draws: int = 200) -> float:
    """Return the calibration error that chance gives to an ensemble whose words are all true."""
    rng = np.random.default_rng(0)
    best = p.argmax(axis=1)
    other = (best + 1) % p.shape[1]
    found = [
        expected_calibration_error(p, np.where(rng.random(len(p)) < p.max(axis=1), best, other))
        for _ in range(draws)
    ]
    return float(np.mean(found))


def judge(name: str, x: np.ndarray, y: np.ndarray, labels: list[int], members: int) -> None:
    """Print a line for each number of labels."""
    order = np.random.default_rng(5).permutation(len(y))
    n_test = round(TEST_SHARE * len(y))
    test, pool = order[:n_test], order[n_test:]
    learn = tree_members(x, int(y.max()) + 1, 25)
    for n in labels:
        rows = np.sort(pool[:n])
        if len(rows) < n:
            continue
        p, bag = bootstrap_members(learn, rows, y, np.arange(len(y)), members, [1, n])
        out = summarise(out_of_bag(p[rows], bag)).mean
        spoke = np.isfinite(out).all(axis=1)
        honest = calibrated_apart(out[spoke], y[rows][spoke], rows[spoke])
        certain, doubtful = wrong_by_certainty(honest, y[rows][spoke])
        apart = fit_temperature(out[spoke], y[rows][spoke])(summarise(p[test]).mean)
        others = wrong_by_certainty(apart, y[test])
        floor = least_error(honest)
        print(
            f"{name}, {n} labels: out of bag ECE "
            f"{expected_calibration_error(honest, y[rows][spoke]):.3f} (a calibrated one "
            f"would show {floor:.3f}; the members' mean as it is "
            f"{expected_calibration_error(out[spoke], y[rows][spoke]):.3f}), wrong of the 5 % most "
            f"certain {certain:.3f}, least {doubtful:.3f}; {n_test} other objects: ECE "
            f"{expected_calibration_error(apart, y[test]):.3f}, {others[0]:.3f}, {others[1]:.3f}",
            flush=True,
        )


def main() -> None:
    """Judge both data sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--labels", type=int, nargs="+", default=[300, 1000, 2000])
    parser.add_argument("--folder", type=Path, help="where the simulated survey is, or stays")
    options = parser.parse_args()
    x, y = read_artefacts()
    judge("SNAD artefacts", x, y, options.labels, options.members)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / "survey" / "truth.csv").exists():
            simulate_survey(folder / "survey", SurveyOptions(objects=3000, step=4.8, seed=7))
        loop = SpectraLoop({"data": str(folder / "survey"), "learner": "trees"})
        y, _, pool = survey_pool(folder, loop)
        seen = np.concatenate([loop.features(pool), np.load(pool / "x.npy")[:, ::4]], axis=1)
        assert set(y) == set(range(len(CLASSES)))
        judge("simulated spectra", seen, y, options.labels, options.members)


if __name__ == "__main__":
    main()
