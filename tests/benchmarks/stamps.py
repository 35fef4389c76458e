"""How fast stamps are scored: against a bare ONNX Runtime session, and with dropout.

python -m tests.benchmarks.stamps MODEL.h5 [ROWS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from scope.models.images.image_network import BATCH, ImageNetwork


def seconds(function: Callable[[], Any], repeats: int = 5) -> float:
    """Return the shortest of some CPU times."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def main(path: str, rows: int = 512) -> None:
    """Print ratios, each of two measurements in this run."""
    network = ImageNetwork.load(path)
    stamps = np.random.default_rng(0).normal(size=(rows, *network.input_shape)).astype(np.float32)
    stamps /= np.linalg.norm(stamps, axis=(1, 2), keepdims=True)
    session = network._of("score", network._layers, first=True)

    def bare() -> None:
        for start in range(0, rows, BATCH):
            session.run(None, {"x": stamps[start : start + BATCH]})

    bare()
    own = seconds(lambda: network.scores(stamps))
    base = seconds(bare)
    print(f"{rows} stamps of {network.input_shape}: {1e3 * own / rows:.3f} ms a stamp")
    print(f"scoring over a bare session: {own / base:.2f}")
    if network.has_dropout:
        drawn = seconds(lambda: network.samples(stamps[:96], 20), 3)
        once = seconds(lambda: network.scores(stamps[:96]), 5)
        print(f"20 dropout samples over one pass: {drawn / once:.1f}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
