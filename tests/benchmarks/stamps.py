"""How fast stamps are scored: against a bare ONNX Runtime session, with dropout, and the memory.

python -m tests.benchmarks.stamps [MODEL.h5 …]

Without a model, vgg6 and its Bayesian form of some sizes with weights at random, and the starter.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scope.checkout import SHIPPED_MODELS
from scope.models.images.image_network import BATCH, ImageNetwork
from scope.tasks.stamps.classifier import score_rows
from scope.tasks.stamps.normalise import Normalisation
from scope.tasks.stamps.sets import STAMPS_FILE, Stamps, StampWriter

ROWS, SAMPLED = 512, 96
STARTER = SHIPPED_MODELS / "stamps" / "cnn" / "starter" / "model.h5"
DRAWN = (
    ("vgg6", (31, 31, 3), {}),
    ("vgg6", (55, 55, 4), {}),
    ("vgg6", (63, 63, 3), {}),
    ("bayesian_vgg6", (55, 55, 4), {"dropout_prob": 0.01}),
    ("bayesian_vgg6", (55, 55, 4), {"dropout_prob": 0.1}),
)


def seconds(function: Callable[[], Any], repeats: int = 7) -> float:
    """Return the shortest of some CPU times."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def report(name: str, path: Path) -> None:
    """Print ratios, each of two measurements in this run."""
    network = ImageNetwork.load(path)
    stamps = np.random.default_rng(0).normal(size=(ROWS, *network.input_shape)).astype(np.float32)
    stamps /= np.linalg.norm(stamps, axis=(1, 2), keepdims=True)
    session = network._of("score", network._layers, first=True)

    def bare() -> None:
        for start in range(0, ROWS, BATCH):
            session.run(None, {"x": stamps[start : start + BATCH]})

    bare()
    own, base = seconds(lambda: network.scores(stamps)), seconds(bare)
    network.samples(stamps[:2], 20)
    drawn = seconds(lambda: network.samples(stamps[:SAMPLED], 20))
    print(
        f"| {name} {'x'.join(map(str, network.input_shape))} | {1e3 * own / ROWS:.3f} | "
        f"{own / base:.2f} | {drawn / SAMPLED / (own / ROWS):.1f} |",
        flush=True,
    )


def report_memory(path: Path) -> None:
    """Print the memory that scoring takes, of some stamps and of forty times as many."""
    network = ImageNetwork.load(path)
    size, _, n_layers = network.input_shape
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as work:
        for rows in (500, 20_000):
            file = Path(work) / f"{rows}_{STAMPS_FILE}"
            with StampWriter(file, size, 6) as writer:
                for _ in range(rows // 500):
                    writer.write(rng.normal(size=(500, size, size, 6)))
            with Stamps(file) as stamps:
                chosen = list(range(n_layers))
                score_rows(network, stamps, np.arange(rows), chosen, Normalisation("asinh"))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{rows} stamps ({file.stat().st_size / 1e6:.0f} MB): {peak:.0f} MB at most")


def main(paths: list[str]) -> None:
    """Print a table."""
    from scope.models.images.architectures import find_architecture
    from scope.models.images.fit import model_bytes

    report_memory(STARTER)
    print("| network | ms a stamp | over a bare session | 20 samples over one pass |")
    print("|---|---|---|---|")
    for path in paths:
        report(path, Path(path))
    if paths:
        return
    report("starter", STARTER)
    with tempfile.TemporaryDirectory() as work:
        for name, shape, options in DRAWN:
            path = Path(work) / "model.h5"
            path.write_bytes(model_bytes(find_architecture(name)(shape, **options)))
            told = f"{name} {options['dropout_prob']}" if options else name
            report(told, path)


if __name__ == "__main__":
    main(sys.argv[1:])
