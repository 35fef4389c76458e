"""QuasarNET on rebinned spectra, trained by Keras and run by ONNX Runtime.

A model file is that of Keras' HDF5 format, as QuasarNET and QuasarNP have it, so that published
weights are model files as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models.algorithm import Algorithm, Batch, InputSpec, Scorer, TrainedModel, TrainingData
from scope.models.spectra.quasar_net_examples import Examples, NetworkOptions, Truths, targets
from scope.models.spectra.wavelength_grid import Grid, grid_of

if TYPE_CHECKING:
    from scope.models.algorithm import Rows
    from scope.models.spectra.quasar_net import QuasarNet
    from scope.models.spectra.quasar_net_trainer import Trainer


class SpectrumScorer:
    """A loaded network.

    Attributes
    ----------
    network : QuasarNet
        Its weights, and the grid that it is of.
    """

    def __init__(self, network: QuasarNet) -> None:
        from scope.models.spectra.quasar_net import NetworkScorer

        self.network = network
        self._scorer = NetworkScorer(network)

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        """Return what the network says of normalised spectra, (n, lines, 2 x boxes) float32.

        The first half of the last axis is the confidence of each box, the second where in the
        box the line would be; `scope.tasks.spectra.decode` makes redshifts of it.

        `batch`: ``spectrum``, (n, bins) float32, normalised.
        """
        return self._scorer.score(batch["spectrum"])


class QuasarNets(Algorithm):
    """Convolutions with two heads for each line: in which box it is, and where in the box.

    Rows have a target of `scope.models.spectra.quasar_net_examples.TRUTH`: whether it is a
    quasar, its redshift, broad absorption. All epochs are trained, as QuasarNET's ensembles are:
    validation measures, and stops nothing.
    """

    name, title, plural = "quasarnet", "QuasarNET", "networks of lines"
    suffix = ".h5"
    inputs = ("spectrum",)
    options = NetworkOptions
    packages = ("keras", "numpy", "tensorflow-cpu", "onnxruntime")
    isolated = True
    published_suffix = ".h5"

    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        """Train one network; see `Algorithm.train`.

        ``rows`` of `TrainingData.member` says how many spectra the whole training set has, where
        members learn from parts of it: they share one graph then.
        """
        from scope.models.spectra.quasar_net import NetworkScorer, load_network, network_bytes
        from scope.models.spectra.quasar_net_trainer import mean_loss

        self.check_device(device)
        grid = grid_of(data.train.inputs["spectrum"].shape[1], "spectra to learn from")
        trainer = _trainer(options, grid, int(data.member.get("rows", len(data.train))))
        start = None if data.start is None else load_network(data.start, grid)
        x, wanted, known = _examples(data.train, options, grid)
        rng = np.random.default_rng(seed)
        network = trainer.train(x, wanted, known, np.arange(len(x)), rng, start)
        report: dict[str, Any] = {"history": {"loss": trainer.losses}}
        if len(data.validation):
            x, wanted, known = _examples(data.validation, options, grid)
            report["validation_loss"] = mean_loss(NetworkScorer(network).score(x), wanted, known)
        return TrainedModel(network_bytes(network), report)

    def load(self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu") -> Scorer:
        """Load a network for scoring; one of another grid than the input's is refused."""
        from scope.models.spectra.quasar_net import load_network

        self.check_device(device)
        network = load_network(path)
        if network.grid.n_bins != inputs[0].shape[-1]:
            raise BundleError(
                f"weights {path} of another grid than their bundle says",
                value=f"{network.grid.n_bins} bins",
                allowed=f"{inputs[0].shape[-1]} bins",
                todo="take the whole bundle from one training",
            )
        return SpectrumScorer(network)

    def import_published(self, path: Path, columns: Sequence[str]) -> tuple[bytes, list[str]]:
        """Return published weights as they are, once they are seen to be a network of a grid."""
        from scope.models.spectra.quasar_net import load_network

        load_network(path)
        return path.read_bytes(), []


def _examples(
    rows: Rows, options: NetworkOptions, grid: Grid
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return spectra, targets, and how much each line of each row counts."""
    truth: Truths = rows.target
    x = rows.inputs["spectrum"]
    examples = Examples(x, truth["quasar"], truth["z"], truth["bal"], rows.groups)
    wanted, known = targets(examples, options, grid)
    if rows.weight is not None:
        known = known * np.asarray(rows.weight, dtype=np.float32)[:, None]
    return x, wanted, known


@lru_cache(maxsize=1)
def _trainer(options: NetworkOptions, grid: Grid, n_rows: int) -> Trainer:
    """Return what trains networks of a shape; the last is kept, for its graph takes seconds."""
    from scope.models.spectra.quasar_net_trainer import Trainer

    return Trainer(options, grid, n_rows)


ALGORITHM = QuasarNets()
