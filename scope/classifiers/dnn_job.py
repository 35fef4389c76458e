"""Train some networks in a process of their own: ``python -m scope.classifiers.dnn_job``.

A process of its own keeps TensorFlow out of the caller, gives every training the same
single-threaded, deterministic start, and lets several run side by side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scope.classifiers.data import TrainingData
from scope.classifiers.dnn import NetworkOptions
from scope.classifiers.examples import Examples
from scope.classifiers.pretrained import Pretrained
from scope.config.classes import ClassDefinition
from scope.errors import BackendError, ScopeError
from scope.io.plain_data import read_plain, write_plain

JOB = "job.npz"


@dataclass(frozen=True)
class NetworkJob:
    """What a training process is given.

    Attributes
    ----------
    data : TrainingData
    definitions : tuple of ClassDefinition
    features : dict of list name to columns
    options : NetworkOptions
    device : {"cpu", "cuda"}
    verbose : {0, 1, 2}
    n_folds : dict of class tag to int
        Folds that networks are trained without, one each; 0 for none.
    start : dict of class tag to Pretrained
        Trained networks to go on from.
    """

    data: TrainingData
    definitions: tuple[ClassDefinition, ...]
    features: dict[str, tuple[str, ...]]
    options: NetworkOptions
    device: str
    verbose: int
    n_folds: dict[str, int]
    start: dict[str, Pretrained] = field(default_factory=dict)


def run_jobs(job: NetworkJob, folder: Path, workers: int) -> dict[str, dict[str, Any]]:
    """Train the networks of all classes in `workers` processes.

    Results do not depend on `workers`.

    Parameters
    ----------
    folder : Path
        Gets ``<class>.keras``, ``<class>.json`` and ``<class>.<fold>.keras``.

    Returns
    -------
    dict of class tag to dict
        How the training went.

    Raises
    ------
    BackendError
        If the device is not there.
    """
    write_plain(job, folder / JOB)
    tags = [definition.tag for definition in job.definitions]
    shares = [tags[i::workers] for i in range(min(workers, len(tags)))]
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(lambda share: _run(folder, share, job.device), shares))
    return {tag: json.loads((folder / f"{tag}.json").read_text()) for tag in tags}


def _run(folder: Path, tags: Sequence[str], device: str) -> None:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if device == "cpu":
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    result = subprocess.run(
        [sys.executable, "-m", "scope.classifiers.dnn_job", str(folder), *tags],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode == 2 and "error: " in result.stderr:
        raise BackendError(result.stderr.rpartition("error: ")[2].strip())
    if result.returncode:
        raise RuntimeError(f"training of {', '.join(tags)} failed:\n{result.stderr[-4000:]}")


def main(folder: Path, tags: Sequence[str]) -> None:
    """Train `tags` of the job in `folder`.

    Raises
    ------
    BackendError
        If ``cuda`` is asked for and TensorFlow finds no device.
    """
    job: NetworkJob = read_plain(folder / JOB)
    _prepare_tensorflow(job.device)
    for definition in job.definitions:
        if definition.tag in tags:
            _train(job, definition, folder)


def _train(job: NetworkJob, definition: ClassDefinition, folder: Path) -> None:
    """Train the network of a class, and those that leave out a fold each.

    The latter stop after as many steps as the best of the network had, at the latest: after
    as many epochs they would have seen fewer batches and would be less sure.
    """
    from scope.classifiers.dnn_trainer import NetworkTrainer

    features = job.features[definition.features]
    train, validation, _ = job.data.examples(definition, features)
    trainer = NetworkTrainer(
        len(features),
        definition,
        options=job.options,
        seed=job.data.seed,
        start=job.start.get(definition.tag),
    )

    def n_steps(part: Examples) -> int:
        return -(-len(part.target) // definition.batch_size)

    trained = trainer.fit(train, validation, verbose=job.verbose)
    (folder / f"{definition.tag}.keras").write_bytes(trained.content)
    report = {"best_epoch": trained.best_epoch, "history": trained.history}
    (folder / f"{definition.tag}.json").write_text(json.dumps(report))
    for number in range(n_folds := job.n_folds[definition.tag]):
        part, _ = job.data.fold(definition, features, number, n_folds)
        epochs = trained.best_epoch * n_steps(train) / n_steps(part)
        content = trainer.fit(part, validation, epochs=max(1, round(epochs))).content
        (folder / f"{definition.tag}.{number}.keras").write_bytes(content)


def _prepare_tensorflow(device: str) -> None:
    """Make TensorFlow deterministic: the same operations in the same order on one thread."""
    import tensorflow as tf

    if device == "cuda" and not tf.config.list_physical_devices("GPU"):
        raise BackendError(
            "TensorFlow was asked to use a CUDA device and finds none",
            value=device,
            allowed="cpu",
            todo="run on a machine with a card and the gpu extra of this package, or use cpu",
        )
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except ScopeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
