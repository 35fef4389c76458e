"""The card of a bundle: what its models are, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scope.classifiers.metrics import metrics_table

NAMES = {"dnn": "neural networks", "xgb": "gradient-boosted trees"}


def render_card(
    algorithm: str,
    group: str,
    metrics: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    *,
    about: str = "",
    limits: str = "",
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    metrics : mapping of class tag to figures per set
    facts : mapping
        With ``training_set``, ``options`` and ``versions``.
    about, limits : str
        What only who trained the models knows. Without `limits` the card says that
        nobody stated any.
    """
    sets = facts["training_set"]
    rows = "\n".join(
        f"| {name} | {sets[name]['rows']} | {sets[name]['stars']} |"
        for name in ("train", "val", "test")
    )
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return f"""# {group}: {NAMES[algorithm]}

{about or "One binary classifier per class; classes do not exclude each other."}

## Not fit for

{limits or "Nobody has stated limits. Treat scores on data unlike the training set as untested."}

Scores are no probabilities: they order light curves within a class and are not calibrated.

## Training set

Split by star before anything was fitted. A row is one light curve.

| set | rows | stars |
|---|---|---|
{rows}

SHA-256 `{sets["sha256"]}`. Trained with {versions}.

## Stars that training never saw

Precision and recall at a score of 0.5.

{metrics_table(metrics)}
"""
