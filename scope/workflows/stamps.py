"""Networks of image stamps: trained, judged, and used on alerts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from scope.errors import UsageError


def train_stamps(
    data_dir: Path,
    *,
    architecture: str,
    layers: str | None = None,
    epochs: int = 100,
    patience: int = 10,
    learning_rate: float = 3e-5,
    random_state: int = 42,
) -> str:
    """Train a network on a labelled set, and return its folder.

    Parameters
    ----------
    data_dir : Path
    architecture : str
        ``vgg6``, ``bayesian_vgg6``, …
    layers : str, optional
        Numbers of layers with commas.
    epochs, patience : int
        Most passes over the rows, and passes without a better one.
    learning_rate : float
        Of Adam.
    random_state : int
        Of split and weights.

    Raises
    ------
    UsageError
        If `layers` are no numbers.
    ScopeError
        If the set or the architecture cannot be used.
    """
    from scope.models.images.architectures import find_architecture
    from scope.tasks.stamps import classifier
    from scope.tasks.stamps.sets import LABELS_FILE, read_labels

    build = find_architecture(architecture)
    chosen = None if layers is None else numbers(layers)
    # What TensorFlow says of the processor would stand before what is said of the set.
    read_labels(data_dir / LABELS_FILE)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    _, meta = classifier.train(
        data_dir,
        model=build,
        layers=chosen,
        optimizer=keras.optimizers.Adam(learning_rate),
        epochs=epochs,
        patience=patience,
        random_state=random_state,
    )
    return str(meta["model_dir"])


def numbers(text: str) -> list[int]:
    """Return the numbers of ``0,1,2``.

    Raises
    ------
    UsageError
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise UsageError("--layers", value=text, allowed="numbers with commas, such as 0,1,2")
    return [int(part) for part in parts]


def figures_of_stamps(model: Path, data_dir: Path | None = None) -> str:
    """Judge a model by its unseen rows, or by another set, and return the figures as JSON."""
    from scope.tasks.stamps import classifier

    if data_dir is None:
        report = classifier.evaluate(model, model)
    else:
        report = classifier.benchmark(model, data_dir)
    return json.dumps({name: report[name] for name in ("best", "common", "at_half")}, indent=1)


def draw_stamps(
    model: Path,
    image: Path,
    exposures: Sequence[Path],
    report: Callable[[str], None],
    *,
    out_dir: Path | None = None,
    served: bool = False,
    labeller: str | None = None,
    port: int = 8047,
) -> None:
    """Draw a page about the detections of a difference image, or serve it on the desk.

    Parameters
    ----------
    model, image : Path
        Folder of a model, and a FITS file.
    exposures : sequence of Path
        Of the image.
    report : callable
        Gets the path of the page.
    out_dir : Path, optional
        Folder of ``index.html``.
    served : bool
        Serve it, to be labelled, and write no page.
    labeller : str, optional
        Who votes.
    port : int
        Of the desk.
    """
    from scope.desk.visualise import ClassifierImageVisual

    made = ClassifierImageVisual(model, image, exposures=exposures, out_dir=out_dir)
    if served:
        made.show(labeller=labeller, port=port)
    else:
        report(str(made.main()))


def score_stamps(alerts: Path, output: Path, model: Path) -> int:
    """Score alert packets with the model of a folder, and return how many there are.

    Raises
    ------
    ScopeError
        If the output cannot be written, or alerts or the model cannot be used.
    """
    from scope.io.atomic import check_output
    from scope.tasks.stamps.score_alerts import score_alerts
    from scope.tasks.stamps.stamp_model import StampModel

    check_output(output)
    return score_alerts(alerts, output, StampModel.load(model))
