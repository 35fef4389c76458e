"""Adding classes to a bundle that is there."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scope.errors import BundleError
from scope.jsontext import parse_json
from scope.models.calibration.class_calibration import Calibration
from scope.tasks.variables.bundles.model_bundle import CALIBRATION, MANIFEST, METRICS, ModelBundle
from scope.tasks.variables.bundles.model_bundle_writer import write_bundle
from scope.tasks.variables.bundles.model_card import render_card


def extend_bundle(
    new: ModelBundle, output: str | Path, *, about: str = "", limits: str = ""
) -> ModelBundle:
    """Put the classes of a bundle into the one at `output`; classes that it has are replaced.

    Several processes may do so at a time; each waits for its turn.

    Parameters
    ----------
    new : ModelBundle
        Just trained.
    output : path
        A bundle, or nothing yet.
    about, limits : str
        Markdown for the card.

    Returns
    -------
    ModelBundle
        As loaded from `output`.

    Raises
    ------
    BundleError
        If the bundle there was trained on other data or in another way.
    """
    output = Path(output)
    with _locked(output):
        old = ModelBundle.load(output) if (output / MANIFEST).is_file() else None
        if old is not None:
            _check_alike(old, new, output)
        return _write([new] if old is None else [old, new], output, about, limits)


def _write(parts: list[ModelBundle], output: Path, about: str, limits: str) -> ModelBundle:
    """Write one bundle of several; of two that have a class the latter counts."""
    owner = {tag: part for part in parts for tag in part.classes}
    newest = parts[-1]
    metrics = [parse_json((part.folder / METRICS).read_bytes()) for part in parts]
    figures = {
        kind: {tag: found[kind][tag] for found in metrics for tag in found[kind]}
        for kind in ("classes", "training")
    }
    calibration = None
    if newest.calibration is not None:
        calibrated = {tag: _calibrated(part, tag) for tag, part in owner.items()}
        calibration = Calibration(newest.algorithm, newest.calibration.options, calibrated)
    facts = {
        **{name: newest.manifest[name] for name in ("training_set", "options", "versions")},
        "refused": sorted(
            {t for part in parts for t in part.manifest.get("refused", [])} - set(owner)
        ),
        "trained": {tag: _how(part, tag) for tag, part in owner.items()},
    }
    skipped = {t: why for part in parts for t, why in part.manifest.get("skipped", {}).items()}
    if without := {tag: why for tag, why in skipped.items() if tag not in owner}:
        facts["skipped"] = without
    files = {
        member["class"]: member["file"] for part in parts for member in part.manifest["members"]
    }
    return write_bundle(
        output,
        algorithm=newest.algorithm,
        group=output.name,
        models={tag: (part.folder / files[tag]).read_bytes() for tag, part in owner.items()},
        definitions=[part.definition(tag) for tag, part in owner.items()],
        features={name: lists for part in parts for name, lists in _features(part).items()},
        preprocessing=newest.preprocessing,
        calibration=calibration,
        metrics=figures,
        card=render_card(
            newest.algorithm,
            output.name,
            figures["classes"],
            facts,
            calibration=calibration,
            about=about,
            limits=limits,
        ),
        facts=facts,
    )


def _features(bundle: ModelBundle) -> Mapping[str, Any]:
    return dict(bundle.manifest["features"])


def _calibrated(bundle: ModelBundle, tag: str) -> Any:
    assert bundle.calibration is not None
    return bundle.calibration.classes[tag]


def _how(bundle: ModelBundle, tag: str) -> dict[str, Any]:
    """Return what tells how a class was trained, beside its definition."""
    known = bundle.manifest.get("trained", {}).get(tag)
    if known is not None:
        return dict(known)
    started = bundle.manifest.get("went_on_from", {}).get(tag)
    how = {name: bundle.manifest[name] for name in ("options", "versions")}
    return how if started is None else {**how, "went_on_from": started}


def _check_alike(old: ModelBundle, new: ModelBundle, output: Path) -> None:
    """Raise unless classes of both can stand in one bundle.

    Inference fills and scales rows once for all classes of a bundle, and probabilities are
    made for all of them or for none.
    """
    differs = []
    if old.preprocessing.sha256 != new.preprocessing.sha256:
        differs.append("training stars, features, imputation or scaling")
    elif old.manifest["training_set"] != new.manifest["training_set"]:
        differs.append("training set")
    if any(_features(old).get(name, lists) != lists for name, lists in _features(new).items()):
        differs.append("lists of features")
    options = [
        None if item.calibration is None else item.calibration.options for item in (old, new)
    ]
    if options[0] != options[1]:
        differs.append(CALIBRATION.removesuffix(".json"))
    if differs:
        raise BundleError(
            f"models that cannot be added to the group {output.name!r}, which was trained in "
            "another way",
            value=f"other {' and '.join(differs)}",
            allowed=f"the training set and settings of {output}",
            todo="name another group with --group, or remove that folder",
        )


@contextmanager
def _locked(output: Path) -> Iterator[None]:
    """Let one process at a time change a bundle."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with (output.parent / f".{output.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
