"""How good the classifiers are on stars that were kept from all training, and how honest.

    python -m tests.benchmarks.classification TABLE … --run RUN [--group starter]

RUN is the folder of a finished `snakemake train` (`make starter DATA=…` runs it in the
checkout): its training set, bundles and out-of-fold scores are what is judged. Tables:

    calibration  probabilities before and after calibration, on labelled stars
    algorithms   networks, trees and both together
    tree         probabilities before and after the class tree
    sets         coverage of prediction sets

Intervals are those of 95 % over draws of stars. `tests.benchmarks.training` has the tables
for which something is trained.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from scope.config import Config, load_config
from scope.io import read_table
from scope.models.calibration.calibrators import from_log_odds
from scope.models.calibration.class_calibration import ClassCalibration
from scope.models.calibration.class_tree import ClassTree, project
from scope.models.evaluation.held_out_metrics import (
    Judged,
    average_precision,
    average_precision_interval,
    judge_probabilities,
    judge_sets,
    reliability,
)
from scope.models.training.splits import TEST
from scope.surveys.field_stars.sample_field_stars import FIELD
from scope.surveys.label_map import SIMULATION
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.fuse import Fusion
from scope.tasks.variables.training.training_scores import TrainingScores

ROOT = Path(__file__).resolve().parents[2]
CONFIGFILES = [ROOT / "config" / f"{name}.yaml" for name in ("starter", "starter_labelled")]
LEAST = 20
"""Positive rows that a class needs to be in a table."""


@dataclass(frozen=True)
class Run:
    """What a finished training left.

    Attributes
    ----------
    folder : Path
    group : str
    config : Config
    """

    folder: Path
    group: str
    config: Config

    @property
    def training_set(self) -> Path:
        return self.folder / "results" / "training" / f"{self.group}.parquet"

    @cached_property
    def bundles(self) -> dict[str, ModelBundle]:
        models = self.folder / "results" / "models"
        return {name: ModelBundle.load(models / name / self.group) for name in ("dnn", "xgb")}

    @cached_property
    def fusion(self) -> Fusion:
        return Fusion.load(self.folder / "results" / "models" / "fused" / self.group)

    @cached_property
    def scores(self) -> dict[str, TrainingScores]:
        folder = self.folder / "results" / "training_scores"
        return {
            name: TrainingScores.read(folder / name / f"{self.group}.parquet")[0]
            for name in ("dnn", "xgb")
        }

    @cached_property
    def labelled(self) -> np.ndarray:
        """Which rows of the scores are of labelled stars: no copies, nothing simulated."""
        table = read_table(self.training_set, ["survey", "copy"]).to_pydict()
        observed = [
            survey not in (SIMULATION, FIELD) and copy is None
            for survey, copy in zip(table["survey"], table["copy"], strict=True)
        ]
        return np.array(observed)[self.scores["xgb"].row_numbers]

    @cached_property
    def log_odds(self) -> dict[str, dict[str, np.ndarray]]:
        """Tag -> algorithm -> calibrated log-odds of all rows; ``fused`` is one of them."""
        found: dict[str, dict[str, np.ndarray]] = {}
        for name, bundle in self.bundles.items():
            assert bundle.calibration is not None
            for tag, item in bundle.calibration.classes.items():
                if item.has_probability:
                    scores = self.scores[name].classes[tag].scores
                    found.setdefault(tag, {})[name] = item.log_odds(scores)
        for tag, stack in self.fusion.stacks.items():
            parts = {name: found[tag][name] for name in stack.weights}
            found[tag]["fused"] = self.fusion.log_odds(tag, parts)
        return found

    def calibration(self, tag: str, name: str) -> ClassCalibration:
        if name == "fused":
            return self.fusion.calibration.classes[tag]
        calibration = self.bundles[name].calibration
        assert calibration is not None
        return calibration.classes[tag]

    def judged(self, tag: str, values: np.ndarray, rows: np.ndarray) -> Judged:
        """Return test rows of a class, of some rows, with scores."""
        scores = self.scores["xgb"]
        part = scores.classes[tag]
        here = part.member & (scores.sets == TEST) & rows & np.isfinite(values)
        return Judged(part.target[here], values[here], scores.stars[here], {})

    def classes(self, rows: np.ndarray, least: int = LEAST) -> Iterator[tuple[str, int]]:
        """Yield the classes with enough positive test rows, and some others; and their number."""
        scores = self.scores["xgb"]
        for tag, part in scores.classes.items():
            here = part.member & (scores.sets == TEST) & rows
            positive = int(part.target[here].sum())
            if positive >= least and positive <= here.sum() - LEAST:
                yield tag, positive


def main() -> None:
    """Print the tables."""
    print_tables(__doc__ or "", TABLES)


def print_tables(about: str, tables: Mapping[str, Callable[[Run, int], None]]) -> None:
    """Print the tables that the command line names."""
    import yaml

    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("tables", nargs="+", choices=tables, metavar="TABLE")
    parser.add_argument("--run", type=Path, default=ROOT)
    parser.add_argument("--group", default="starter")
    parser.add_argument("--configfile", type=Path, nargs="+", default=CONFIGFILES)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    overrides: dict[str, Any] = {}
    for path in options.configfile:
        _update(overrides, yaml.safe_load(path.read_text()))
    config = load_config(overrides=overrides, root=ROOT, run_folder=options.run)
    run = Run(options.run, options.group, config)
    for name in options.tables:
        print(f"\n## {name}\n")
        tables[name](run, options.workers)


def calibration(run: Run, workers: int) -> None:
    """Print whether probabilities of labelled test stars are what they say."""
    for name in ("xgb", "dnn", "fused"):
        print(f"\n{name} on held-out labelled stars\n")
        print(
            "| class | positive | method | ECE of the score | ECE | of a perfect one | target "
            "| Brier skill | AP of the score | AP | |"
        )
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        for tag, positive in run.classes(run.labelled):
            if name not in run.log_odds.get(tag, {}):
                continue
            after = run.judged(tag, from_log_odds(run.log_odds[tag][name]), run.labelled)
            before = (
                after
                if name == "fused"
                else run.judged(tag, run.scores[name].classes[tag].scores, run.labelled)
            )
            old, new = judge_probabilities(before), judge_probabilities(after)
            ece, skill = new["expected_calibration_error"], new["brier"]["skill"]
            limit = 0.02 if positive >= 1000 else 0.05 if positive >= 100 else None
            fails = [
                text
                for text, wrong in (
                    ("ECE", limit is not None and ece > limit),
                    ("skill", skill <= 0),
                    ("AP", new["average_precision"] < old["average_precision"] - 1e-9),
                )
                if wrong
            ]
            print(
                f"| {tag} | {positive} | {run.calibration(tag, name).method} "
                f"| {old['expected_calibration_error']:.3f} | {ece:.3f} "
                f"| {perfect_error(after):.3f} | {cell(limit)} "
                f"| {skill:.3f} | {old['average_precision']:.3f} | {new['average_precision']:.3f} "
                f"| {', '.join(fails)} |"
            )


def algorithms(run: Run, workers: int) -> None:
    """Print average precision by either algorithm and by both."""
    everything = np.ones(len(run.labelled), dtype=bool)
    for title, rows in (("all", everything), ("labelled", run.labelled)):
        print(f"\nAverage precision on {title} held-out stars\n")
        print("| class | positive | DNN | XGB | fused | interval of the better | |")
        print("|---|---|---|---|---|---|---|")
        values = []
        for tag, positive in run.classes(rows):
            if len(run.log_odds.get(tag, {})) < 3:
                continue
            three = {
                name: run.judged(tag, run.log_odds[tag][name], rows)
                for name in ("dnn", "xgb", "fused")
            }
            precision = {
                name: average_precision(j.target, j.scores) or 0 for name, j in three.items()
            }
            better = three[max(("dnn", "xgb"), key=lambda name: precision[name])]
            interval = average_precision_interval(better) or [0.0, 1.0]
            remark = "below" if precision["fused"] < interval[0] else ""
            values.append(list(precision.values()))
            cells = " | ".join(f"{value:.3f}" for value in precision.values())
            edges = f"{interval[0]:.3f} to {interval[1]:.3f}"
            print(f"| {tag} | {positive} | {cells} | {edges} | {remark} |")
        means = " | ".join(f"{value:.3f}" for value in np.mean(values, axis=0))
        print(f"| mean of {len(values)} classes | | {means} | | |")


def tree(run: Run, workers: int) -> None:
    """Print what the class tree does to fused probabilities."""
    tags = [tag for tag in run.log_odds if "fused" in run.log_odds[tag]]
    before = np.column_stack([from_log_odds(run.log_odds[tag]["fused"]) for tag in tags])
    finite = np.isfinite(before).all(axis=1)
    parents = ClassTree(run.config.class_parents()).places(tags)
    after = np.full_like(before, np.nan)
    after[finite] = project(before[finite], parents)
    test = finite & (run.scores["xgb"].sets == TEST)
    child = np.flatnonzero(parents >= 0)
    for title, values in (("before", before), ("after", after)):
        above = (values[test][:, child] > values[test][:, parents[child]]).any(axis=1)
        print(f"{title}: a child is above its parent in {above.sum()} of {test.sum()} rows  ")
    print(
        f"moved by more than 0.1: {(np.abs(after - before)[test] > 0.1).any(axis=1).sum()} rows\n"
    )
    print("| class | positive | AP before | interval | AP after | |")
    print("|---|---|---|---|---|---|")
    everything = np.ones(len(run.labelled), dtype=bool)
    for tag, positive in run.classes(everything):
        if tag not in tags:
            continue
        column = tags.index(tag)
        one = run.judged(tag, before[:, column], finite)
        other = run.judged(tag, after[:, column], finite)
        interval = average_precision_interval(one) or [0.0, 1.0]
        new = average_precision(other.target, other.scores) or 0.0
        remark = "below" if new < interval[0] else ""
        print(
            f"| {tag} | {positive} | {average_precision(one.target, one.scores):.3f} "
            f"| {interval[0]:.3f} to {interval[1]:.3f} | {new:.3f} | {remark} |"
        )


def _update(values: dict[str, Any], later: Mapping[str, Any]) -> None:
    """Merge a later layer into a configuration, section by section."""
    for name, value in later.items():
        if isinstance(value, Mapping):
            _update(values.setdefault(name, {}), value)
        else:
            values[name] = value


def allowed_coverage(positive: int) -> tuple[float, float]:
    """Return within what the coverage of sets of 90 % should lie, for that many rows."""
    from scipy.stats import binom

    if positive >= 1000:
        return 0.88, 0.92
    low, high = binom.interval(0.95, positive, 0.9)
    return float(low) / positive, float(high) / positive


def perfect_error(rows: Judged, n_draws: int = 20) -> float:
    """Return the calibration error that these probabilities would show if they were right.

    Truths are drawn from them, one draw for all rows of a star: what is left is chance.
    """
    rng = np.random.default_rng(0)
    _, star_of_row = np.unique(rows.stars, return_inverse=True)
    errors = []
    for _ in range(n_draws):
        drawn = rng.random(star_of_row.max() + 1)[star_of_row] < rows.scores
        errors.append(reliability(drawn, rows.scores)["expected_calibration_error"])
    return float(np.mean(errors))


def sets(run: Run, workers: int) -> None:
    """Print the coverage of prediction sets on held-out stars."""
    everything = np.ones(len(run.labelled), dtype=bool)
    for title, rows in (("all", everything), ("labelled", run.labelled)):
        print(f"\nPrediction sets by both algorithms on {title} held-out stars\n")
        print("| class | positive | coverage | allowed | of the others | undecided or empty | |")
        print("|---|---|---|---|---|---|---|")
        for tag, positive in run.classes(rows, 100):
            if "fused" not in run.log_odds.get(tag, {}):
                continue
            item = run.calibration(tag, "fused")
            part = run.judged(tag, from_log_odds(run.log_odds[tag]["fused"]), rows)
            found = judge_sets(part.target, item.sets(part.scores))
            low, high = allowed_coverage(positive)
            cover = found["coverage_positive"] or 0.0
            remark = "" if low <= cover <= high else "outside"
            others, single = found["coverage_negative"] or 0.0, found["single"] or 0.0
            print(
                f"| {tag} | {positive} | {cover:.3f} | {low:.3f} to {high:.3f} "
                f"| {others:.3f} | {1 - single:.3f} | {remark} |"
            )


def cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def interval_of(rows: Judged) -> str:
    found = average_precision_interval(rows)
    return "-" if found is None else f"{found[0]:.3f} to {found[1]:.3f}"


TABLES: Mapping[str, Callable[[Run, int], None]] = {
    "calibration": calibration,
    "algorithms": algorithms,
    "tree": tree,
    "sets": sets,
}


if __name__ == "__main__":
    main()
