"""What does training an ensemble of QuasarNET cost? Members share mapped data and one graph.

    OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \\
        python -m tests.benchmarks.spectra_training [--spectra 2048] [--epochs 2]

Trains one member in a call, then three in another, by the functions of ``train_qnet_ensemble.py``.
Each call builds the graph once, so two members are the difference. CPU time, for machines that
others use too. Flux is noise: time does not depend on it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scope.models.spectra.quasar_net_examples import Examples, NetworkOptions
from scope.models.spectra.wavelength_grid import GRIDS
from scope.tasks.spectra.ensemble import EnsembleOptions, prepare_ensemble, train_members

MEMBERS, EPOCHS = 200, 10
MORE = 3


def noise(n: int, n_bins: int) -> Examples:
    """Return spectra of noise, half of them with lines."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, n_bins)).astype(np.float32)
    z = rng.uniform(0.5, 4, n)
    return Examples(x, np.arange(n) % 2 == 0, z, np.zeros(n, np.int8), np.arange(n))


def cpu_seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Return CPU and wall time of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print what a member and the graph take, and what 200 members of 10 epochs would."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spectra", type=int, default=2048)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--filters", type=int, default=100)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--of", type=int, nargs="+", default=[5_600, 20_000], help="training sets")
    options = parser.parse_args()
    network = NetworkOptions(
        layers=options.layers, filters=options.filters, epochs=options.epochs, amsgrad=True
    )
    settings = EnsembleOptions(members=1 + MORE, network=network)
    with tempfile.TemporaryDirectory() as folder:
        examples = noise(options.spectra, GRIDS[settings.grid].n_bins)
        prepare_ensemble(folder, examples, settings)
        first = cpu_seconds(lambda: train_members(folder, [0]))
        more = cpu_seconds(lambda: train_members(folder, range(1, 1 + MORE)))
        assert len(list(Path(folder).glob("net_*.h5"))) == 1 + MORE
    member = (more[0] - first[0]) / (MORE - 1)
    graph = first[0] - member
    rate = options.spectra * options.epochs / member
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.spectra} spectra, {options.epochs} epochs, {options.layers} convolutions of")
    print(
        f"{options.filters} filters: a member {member:.1f} s of CPU, the graph {graph:.1f} s once,"
    )
    print(f"{rate:.0f} spectra a second and core, {memory:.0f} MB at most")
    print(f"(wall: {first[1]:.1f} s for the first call, {more[1]:.1f} s for three more)")
    for n in options.of:
        hours = (MEMBERS * EPOCHS * n / rate + graph) / 3600
        print(f"{MEMBERS} members x {EPOCHS} epochs x {n:,} spectra: {hours:.1f} core-hours")


if __name__ == "__main__":
    main()
