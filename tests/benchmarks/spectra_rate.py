"""How fast spectra are scored, against the same network by NumPy, on the same batch in one run.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.spectra_rate [--spectra 2000] [--rounds 7]

The NumPy network is that of QuasarNP in its steps: a matrix product for each position of a
convolution, in double precision from the second layer on, nothing folded. CPU time of one core,
both in turn; the ratio is the middle one. Needs ``spectra/quasarnp`` of the real data.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scope.models.spectra.quasar_net import EPSILON, KERNEL, NetworkScorer, QuasarNet, load_network

ROOT = Path(__file__).resolve().parents[2]


def numpy_network(network: QuasarNet, x: np.ndarray) -> np.ndarray:
    """Return what the network says of spectra (n, bins), position by position."""
    h = x[..., None]
    for number in range(1, network.n_conv + 1):
        layer = network.layers[f"conv_{number}"]
        h = _convolved(h, layer["kernel"], network.padding) + layer["bias"]
        h = np.maximum(0, _normed(h, network.layers[f"bn_{number}"]))
    dense = network.layers["fc_common"]
    h = h.reshape(len(x), -1) @ dense["kernel"] + dense["bias"]
    h = np.maximum(0, _normed(h, network.layers["bn_common"]))
    heads = []
    for head in range(network.n_heads):
        parts = [network.layers[f"fc_{what}_{head}"] for what in ("box", "offset")]
        box, offset = (1 / (1 + np.exp(-(h @ one["kernel"] + one["bias"]))) for one in parts)
        heads.append(np.concatenate([box, offset * 1.2 - 0.1], axis=1))
    return np.stack(heads, axis=1)


def _convolved(x: np.ndarray, kernel: np.ndarray, padding: str) -> np.ndarray:
    if padding == "same":
        x = np.pad(x, ((0, 0), ((KERNEL - 1) // 2, KERNEL // 2), (0, 0)))
    starts = range(0, x.shape[1] - KERNEL + 1, 2)
    flat = kernel.reshape(-1, kernel.shape[2])
    out = np.zeros((len(x), len(starts), kernel.shape[2]))
    for j, start in enumerate(starts):
        out[:, j] = x[:, start : start + KERNEL].reshape(len(x), -1) @ flat
    return out


def _normed(x: np.ndarray, norm: dict[str, np.ndarray]) -> np.ndarray:
    scaled = (x - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + EPSILON)
    return scaled * norm["gamma"] + norm["beta"]


def cpu_seconds(work: Callable[..., Any], *arguments: Any) -> float:
    """Return the CPU time of a call."""
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def main() -> None:
    """Time both in turn for each of the published networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spectra", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    data = Path(os.environ.get("SCOPE_REAL_DATA", ROOT.parent / "shared" / "data"))
    folder = data / "spectra" / "quasarnp"
    real = np.load(folder / "coadd_x.npy").astype(np.float32)
    rng = np.random.default_rng(0)
    x = real[rng.integers(len(real), size=options.spectra)]
    x = x + rng.normal(0, 0.1, x.shape).astype(np.float32)
    for name in ("test_weights.h5", "test_weights_6_layer.h5"):
        network = load_network(folder / name)
        scorer = NetworkScorer(network)
        scorer.score(x[:64])
        worst = np.abs(scorer.score(x) - numpy_network(network, x)).max()
        ours, theirs = [], []
        for _ in range(options.rounds):
            theirs.append(cpu_seconds(numpy_network, network, x))
            ours.append(cpu_seconds(scorer.score, x))
        ratio = np.median(np.array(theirs) / np.array(ours))
        print(
            f"{network.n_conv} layers: {len(x) / np.median(ours):.0f} spectra a second of a core, "
            f"NumPy {len(x) / np.median(theirs):.0f}; {ratio:.1f} times "
            f"({min(np.array(theirs) / np.array(ours)):.1f} to "
            f"{max(np.array(theirs) / np.array(ours)):.1f}); largest difference {worst:.1e}"
        )


if __name__ == "__main__":
    main()
