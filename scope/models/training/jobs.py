"""Training the models of a bundle side by side, on threads or in processes of their own.

A process of its own (``python -m scope.models.training.jobs``) keeps a heavy library out of the
caller, gives every training the same single-threaded, deterministic start, and lets several run
side by side.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from scope.errors import BackendError, ScopeError
from scope.io.plain_data import read_plain, write_plain
from scope.models.algorithm import TrainingData, find_algorithm

logger = logging.getLogger(__name__)

JOB = "job.npz"


class Source(Protocol):
    """Source of the rows of each model; a data class of plain data, so that it can be written."""

    def training_data(self, name: str, fold: int | None = None) -> TrainingData:
        """Return what the model of a member learns from, whole or without a fold."""
        ...


@dataclass(frozen=True)
class Job:
    """The training of some models by one algorithm.

    Attributes
    ----------
    algorithm : str
    source : Source
    n_folds : mapping of str to int
        By member, in order: folds that further models are trained without, one each.
    options : object
        Of the algorithm.
    seed : int
    device : {"cpu", "cuda"}
    verbose : {0, 1, 2}
        What the algorithm's library prints.
    """

    algorithm: str
    source: Source
    n_folds: Mapping[str, int]
    options: Any
    seed: int
    device: str = "cpu"
    verbose: int = 0


def model_path(folder: Path, algorithm: str, name: str, fold: int | None = None) -> Path:
    """Return where `run_jobs` leaves the model of a member, or that without a fold."""
    suffix = find_algorithm(algorithm).suffix
    return folder / (f"{name}{suffix}" if fold is None else f"{name}.{fold}{suffix}")


def run_jobs(job: Job, folder: Path, workers: int) -> dict[str, dict[str, Any]]:
    """Train all models, `workers` members at a time.

    Results do not depend on `workers`.

    Parameters
    ----------
    folder : Path
        Gets the files of `model_path` and ``<member>.json``.

    Returns
    -------
    dict of member to dict
        How the training went.

    Raises
    ------
    BackendError
        If the device is not there.
    """
    algorithm = find_algorithm(job.algorithm)
    names = list(job.n_folds)
    if algorithm.isolated:
        write_plain(job, folder / JOB)
        shares = [names[i::workers] for i in range(min(workers, len(names)))]
        with ThreadPoolExecutor(len(shares)) as pool:
            list(pool.map(lambda share: _run(job, folder, share), shares))
    else:
        algorithm.check_device(job.device)
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda name: train_member(job, name, folder), names))
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def train_member(job: Job, name: str, folder: Path) -> None:
    """Train a member, and the models that leave out a fold each, with what it found."""
    algorithm = find_algorithm(job.algorithm)
    data = job.source.training_data(name)
    whole = algorithm.train(data, job.options, job.seed, device=job.device, verbose=job.verbose)
    model_path(folder, job.algorithm, name).write_bytes(whole.content)
    (folder / f"{name}.json").write_text(json.dumps(whole.report))
    for fold in range(job.n_folds[name]):
        part = replace(
            job.source.training_data(name, fold), whole=whole, whole_rows=len(data.train)
        )
        trained = algorithm.train(part, job.options, job.seed, device=job.device)
        model_path(folder, job.algorithm, name, fold).write_bytes(trained.content)
    logger.info("trained %s", name)


def _run(job: Job, folder: Path, names: Sequence[str]) -> None:
    algorithm = find_algorithm(job.algorithm)
    root = str(Path(__file__).parents[3])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "scope.models.training.jobs"]
    result = subprocess.run(
        [*command, str(folder), job.algorithm, job.device, *names],
        env={**os.environ, **algorithm.environment(job.device), "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode == 2 and "error: " in result.stderr:
        raise BackendError(result.stderr.rpartition("error: ")[2].strip())
    if result.returncode:
        raise RuntimeError(f"training of {', '.join(names)} failed:\n{result.stderr[-4000:]}")


def main(folder: Path, algorithm: str, device: str, names: Sequence[str]) -> None:
    """Train `names` of the job in `folder`.

    Raises
    ------
    BackendError
        If the device is not there.
    """
    find_algorithm(algorithm).prepare(device)
    job: Job = read_plain(folder / JOB)
    for name in job.n_folds:
        if name in names:
            train_member(job, name, folder)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
    except ScopeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
