"""The page about trained models: how good they are on stars that they never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from scope.errors import BundleError, reason_of
from scope.io import write_bytes
from scope.jsontext import parse_json
from scope.models.algorithm import find_algorithm
from scope.models.evaluation.held_out_metrics import macro_average
from scope.plugins import DEFAULT_ALGORITHMS
from scope.provenance import record
from scope.report import bundle_sections as sections
from scope.report.page import assemble
from scope.tasks.variables.bundles.model_bundle import CALIBRATION, MANIFEST, METRICS
from scope.tasks.variables.training.fuse import FUSED


def _kind_name(kind: str, manifest: Mapping[str, Any]) -> str:
    """Return what models are, in words."""
    if kind != FUSED:
        return find_algorithm(kind).plural
    names = tuple(manifest["bundles"])
    return (
        "networks and trees as one" if names == DEFAULT_ALGORITHMS else f"{_joined(names)} as one"
    )


def _joined(names: Sequence[str]) -> str:
    return " and ".join(find_algorithm(name).title for name in names)


def plot_bundle(
    folder: str | Path, output: str | Path, *, labels: Mapping[str, str] | None = None
) -> None:
    """Write the page about a model bundle or a fusion, one self-contained HTML file.

    The page holds no time of day, host or path: the same models give the same bytes.

    Parameters
    ----------
    folder : path
        ``models/<algorithm>/<group>`` or ``models/fused/<group>``.
    output : path
        The page.
    labels : mapping of class tag to str, optional
        Names of classes.

    Raises
    ------
    BundleError
        If the folder lacks a file, or its figures are of another version.
    """
    folder, labels = Path(folder), labels or {}
    manifest, metrics = _read(folder, MANIFEST), _read(folder, METRICS)
    calibration = _read(folder, CALIBRATION) if CALIBRATION in manifest["files"] else None
    classes, training = metrics["classes"], metrics.get("training", {})
    if not classes or any("recommended" not in item for item in classes.values()):
        raise BundleError(
            f"models without the figures of this version, {folder}",
            value=METRICS,
            todo="train them again",
        )
    kind = FUSED if "stacks" in manifest else str(manifest["algorithm"])
    parts = [
        sections.classes(classes, calibration, labels),
        sections.comparison(classes, labels),
        sections.curves(classes, labels),
        sections.importances(training),
        sections.losses(training, labels),
        sections.training_set(classes, manifest, labels),
    ]
    page = assemble(
        f"{manifest['group']}: {_kind_name(kind, manifest)}",
        _lead(kind, _kind_name(kind, manifest), classes),
        _numbers(classes, manifest),
        [part for part in parts if part is not None],
        record("report", group=manifest["group"], algorithm=kind, files=manifest["files"]),
    )
    write_bytes(page.encode(), output)


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        return dict(parse_json((folder / name).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(
            f"models whose {name} cannot be read",
            value=f"{folder}: {reason_of(error)}",
            todo="name the folder of a bundle, models/<algorithm>/<group>",
        ) from error


def _lead(kind: str, name: str, classes: Mapping[str, Any]) -> str:
    what = "probabilities" if kind == FUSED else "scores and probabilities"
    return (
        f"How well the {what} of {len(classes)} classes do on stars that were kept from all "
        f"training ({escape(name)})."
    )


def _numbers(
    classes: Mapping[str, Mapping[str, Any]], manifest: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return what the first screen says: name, value and remark."""
    tests = [item["test"] for item in classes.values()]
    calibrated = [item["calibrated"] for item in classes.values() if item["calibrated"]]
    worst = max((c["expected_calibration_error"] for c in calibrated), default=None)
    sets = manifest["training_set"]
    return [
        ("Classes", str(len(classes)), f"{len(calibrated)} with probabilities"),
        (
            "Macro average precision",
            sections.value(macro_average(tests, "average_precision")),
            "mean over classes",
        ),
        (
            "Calibration error",
            sections.value(macro_average(calibrated, "expected_calibration_error")),
            f"mean over classes; largest {sections.value(worst)}",
        ),
        ("Test stars", f"{sets['test']['stars']:,}", f"{sets['test']['rows']:,} light curves"),
        (
            "Training stars",
            f"{sets['train']['stars']:,}",
            f"{sets['train']['rows']:,} light curves",
        ),
    ]
