"""Networks saved by Keras, run by ONNX Runtime, without TensorFlow.

The graph is built from the layers and weights of the ``.keras`` file itself (a zip with
``config.json`` and ``model.weights.h5``), so that there is one file per network and none
to keep in step. Importing TensorFlow costs 3 s and 1.2 GB; this costs 0.1 s, and a row
takes a tenth of the time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from scope.errors import BackendError, BundleError
from scope.models.networks.onnx_translation import onnx_model, unknown_layer
from scope.models.runtime.keras_files import first_line

Floats = npt.NDArray[np.float32]

BATCH = 32
"""Rows per call. Fixed and always full, so that every row meets the same kernels; small
batches also stay in the cache and are the fastest."""


class OnnxNetwork:
    """One network, ready to score rows.

    Runs on one thread: work is spread over networks or rows by the caller. Equal rows
    give equal scores wherever they stand in a batch.

    Parameters
    ----------
    path : path
        A ``.keras`` file.
    device : {"cpu", "cuda"}

    Raises
    ------
    BundleError
        If the file cannot be used.
    BackendError
        If ``cuda`` is asked for and this ONNX Runtime cannot.
    """

    def __init__(self, path: str | Path, *, device: str = "cpu") -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # A fixed level: row bits differ between levels.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        model, providers = onnx_model(path), [_provider(device)]
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=providers)
            self._inputs = {item.name: item.shape[1:] for item in self._session.get_inputs()}
            empty = {
                name: np.zeros((BATCH, *shape), np.float32) for name, shape in self._inputs.items()
            }
            self._session.run(None, empty)
        except Exception as error:
            # ONNX Runtime has an exception of its own for each kind of fault.
            raise unknown_layer(path, first_line(error), "layers that fit each other") from error

    def predict(self, features: Floats, dmdt: Floats) -> Floats:
        """Return the score of each row.

        Parameters
        ----------
        features : (n, k) float32
            Filled and scaled, in the order of training.
        dmdt : (n, 676) or (n, 26, 26) float32
            Magnitude-time histogram, rows are magnitude differences.

        Returns
        -------
        (n,) float32
            From 0 to 1.

        Raises
        ------
        BundleError
            If the number of features is not that of the network.
        """
        columns = {"features": features, "dmdt": dmdt}
        batches = {
            name: self._reshaped(name, columns[name], shape) for name, shape in self._inputs.items()
        }
        n_rows = len(features)
        scores = np.empty(n_rows, dtype=np.float32)
        for start in range(0, n_rows, BATCH):
            feed = {name: _full_batch(rows, start) for name, rows in batches.items()}
            stop = min(start + BATCH, n_rows)
            scores[start:stop] = self._session.run(None, feed)[0][: stop - start, 0]
        return scores

    @staticmethod
    def _reshaped(name: str, values: Floats, shape: list[int]) -> Floats:
        if values[:1].size != (np.prod(shape) if len(values) else 0):
            raise BundleError(
                f"network with another number of {name}",
                value=values.shape[1:],
                allowed=str(tuple(shape)),
                todo="compute the features that the bundle lists",
            )
        return np.asarray(values, dtype=np.float32).reshape(-1, *shape)


def _full_batch(rows: Floats, start: int) -> Floats:
    """Return `BATCH` rows from `start`, the last ones zero where there are no more."""
    batch = rows[start : start + BATCH]
    if len(batch) == BATCH:
        return batch
    padded = np.zeros((BATCH, *rows.shape[1:]), dtype=np.float32)
    padded[: len(batch)] = batch
    return padded


def _provider(device: str) -> str:
    import onnxruntime

    name = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}.get(device)
    available = onnxruntime.get_available_providers()
    if name is None or name not in available:
        raise BackendError(
            "device that ONNX Runtime does not have",
            value=device,
            allowed=["cpu", "cuda"] if "CUDAExecutionProvider" in available else ["cpu"],
            todo="install onnxruntime-gpu on a machine with a CUDA device, or use cpu",
        )
    return name
