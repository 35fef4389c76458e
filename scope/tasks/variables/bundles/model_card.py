"""The card of a bundle: what its models are, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scope.models.algorithm import find_algorithm
from scope.models.calibration.class_calibration import RANK, Calibration
from scope.models.evaluation.score_metrics import metrics_table


def render_card(
    algorithm: str,
    group: str,
    metrics: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    *,
    calibration: Calibration | None = None,
    about: str = "",
    limits: str = "",
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    metrics : mapping of class tag to figures per set
    facts : mapping
        With ``training_set``, ``options`` and ``versions``.
    calibration : Calibration, optional
        What makes probabilities of the scores.
    about, limits : str
        What only who trained the models knows. Without `limits` the card says that
        nobody stated any.
    """
    sets = facts["training_set"]
    columns = [name for name in ("rows", "stars", "blocks") if name in sets["train"]]
    rows = "\n".join(
        f"| {name} | {' | '.join(str(sets[name][column]) for column in columns)} |"
        for name in ("train", "val", "test")
    )
    split_by = "blocks of the sky" if "blocks" in columns else "star"
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return f"""# {group}: {find_algorithm(algorithm).plural}

{about or "One binary classifier per class; classes do not exclude each other."}

## Not fit for

{limits or "Nobody has stated limits. Treat scores on data unlike the training set as untested."}

{_scores(calibration)}

## Training set

Split by {split_by} before anything was fitted. A row is one light curve.

| set | {" | ".join(columns)} |
|---|{"---|" * len(columns)}
{rows}

SHA-256 `{sets["sha256"]}`. Trained with {versions}.

## Stars that training never saw

Precision and recall at a score of 0.5.

{metrics_table(metrics)}
{_probabilities(metrics, calibration)}"""


def _scores(calibration: Calibration | None) -> str:
    if calibration is None:
        return "Scores are no probabilities: they order light curves within a class."
    return (
        "Scores are no probabilities; `calibration.json` makes probabilities of them, fitted to "
        f"training stars that were scored in {calibration.options.n_folds} folds by models which "
        "did not see them. They refer to the frequencies of the training set."
    )


def _probabilities(
    metrics: Mapping[str, Mapping[str, Any]], calibration: Calibration | None
) -> str:
    """Return the section about probabilities; nothing without calibration."""
    if calibration is None:
        return ""
    lines = [
        "",
        "## Probabilities",
        "",
        "On the same stars. Calibration error: mean distance between probability and frequency "
        "in 15 bins of equal numbers of rows. Completeness and contamination: of rows at or "
        "above the recommended cut.",
        "",
        "| class | method | training stars | calibration error | Brier skill | coverage | cut "
        "| completeness | contamination |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for tag, item in metrics.items():
        one, found = calibration.classes[tag], item["calibrated"] or {}
        figures = (
            found.get("expected_calibration_error"),
            found.get("brier", {}).get("skill"),
            (item["sets"] or {}).get("coverage_positive"),
            *(item["recommended"][name] for name in ("cut", "completeness", "contamination")),
        )
        cells = " | ".join(map(_cell, figures))
        method = "order only" if one.method == RANK else one.method
        lines.append(f"| {tag} | {method} | {one.n_positive} | {cells} |")
    return "\n".join([*lines, ""])


def render_fusion_card(
    group: str, metrics: Mapping[str, Mapping[str, Any]], stacks: Mapping[str, Any]
) -> str:
    """Return the card of a fusion as Markdown.

    Parameters
    ----------
    metrics : mapping of class tag to figures
    stacks : mapping of class tag to Stack
    """
    algorithms = list(next(iter(metrics.values()))["compared"])
    names = [name.upper() for name in algorithms]
    two = len(names) == 2
    lines = [
        f"# {group}: {' and '.join(names)} as one",
        "",
        f"Per class a weighted sum of the log-odds of {'both' if two else 'all'}, learnt from "
        f"training stars that {'neither' if two else 'none'} had seen, and calibrated. It serves "
        f"the {'two' if two else len(names)} bundles whose hashes are in `bundle.json`, and no "
        "others.",
        "",
        "## Stars that training never saw",
        "",
        "Average precision with the 95 % interval over draws of stars; calibration error of the "
        "fused probability.",
        "",
        f"| class | positive | {' | '.join(names)} | fused | interval | calibration error "
        f"| weights {' : '.join(names)} |",
        "|---|---|" + "---|" * (len(names) + 4),
    ]
    for tag, item in metrics.items():
        test, calibrated = item["test"], item["calibrated"] or {}
        single = [item["compared"].get(name, {}).get("average_precision") for name in algorithms]
        cells = [_cell(value) for value in (*single, test["average_precision"])]
        interval = test["average_precision_interval"]
        cells.append("-" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}")
        cells.append(_cell(calibrated.get("expected_calibration_error")))
        weights = [stacks[tag].weights.get(name, 0.0) for name in algorithms]
        cells.append(" : ".join(f"{weight:.2f}" for weight in weights))
        lines.append(f"| {tag} | {test['n_positive']} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
