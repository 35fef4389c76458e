"""From prepared features to scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import BundleError
from scope.io import TableWriter, iter_batches, read_metadata
from scope.preprocessing.matrices import histogram_matrix
from scope.provenance import record
from scope.schema import ID, Column
from scope.tasks.variables.bundles.model_bundle import Classifier, ModelBundle

ROWS = 8192

Floats = npt.NDArray[np.float32]


def infer(
    gathered_path: str | Path,
    output: str | Path,
    *,
    bundle: ModelBundle,
    classes: Sequence[str] | None = None,
    rows: int = ROWS,
    workers: int = 1,
    device: str = "cpu",
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Score the rows of a file, one class or all.

    Parameters
    ----------
    gathered_path : path
        Filled and scaled features, as `scope.preprocessing.impute` writes them, with the
        preprocessing of `bundle`.
    output : path
        Gets ``_id`` and ``{class}_{algorithm}`` (float32, not rounded) in the order of
        the bundle; null in rows that have a reason. The same rows in the same order.
    bundle : ModelBundle
    classes : sequence of str, optional
        Class tags; all of the bundle by default.
    rows : int
        Rows that are held at a time. No score depends on it.
    workers : int
        Classes that are scored at a time. No score depends on it.
    device : {"cpu", "cuda"}
    facts : mapping, optional
        Further facts for the record of `output`.

    Raises
    ------
    BundleError
        If the file was prepared for other models.
    ConfigError
        If the bundle lacks a class.
    BackendError
        If the device is not there.
    """
    tags = bundle.select(classes)
    upstream = read_metadata(gathered_path)
    check_preprocessing(upstream, bundle, gathered_path)
    metadata = record(
        "scores", upstream, **{**(facts or {}), "bundle": bundle.identity, "device": device}
    )
    columns = [ID]
    columns += [
        Column(
            *(bundle.column(tag), "float32", "", True, f"Score of class {tag}, 0 to 1"),
            *("score", "stat.likelihood;src.class"),
        )
        for tag in tags
    ]
    with (
        Scorer(bundle, tags, workers=workers, device=device) as scorer,
        TableWriter(output, columns, metadata) as writer,
    ):
        for piece in iter_batches(gathered_path, scorer.columns, rows):
            writer.write(scorer.score(piece))


def check_preprocessing(metadata: Mapping[str, Any], bundle: ModelBundle, path: str | Path) -> None:
    """Raise BundleError unless features were prepared as the bundle's models expect."""
    found, expected = metadata.get("preprocessing"), bundle.preprocessing.sha256
    if found != expected:
        raise BundleError(
            f"{path} was prepared for other models than {bundle.folder}",
            value=f"preprocessing {str(found)[:12]}",
            allowed=f"preprocessing {expected[:12]}",
            todo="impute the features with the preprocessing.json of this bundle",
        )


class Scorer:
    """The models of some classes of a bundle, loaded once, on a pool of threads.

    Each class is scored by one thread that runs single-threaded code.

    Attributes
    ----------
    features : list of str
        Features that any of the classes sees.
    columns : list of str
        What `score` needs of a table.
    """

    def __init__(
        self, bundle: ModelBundle, tags: Sequence[str], *, workers: int = 1, device: str = "cpu"
    ) -> None:
        self._bundle = bundle
        self._classifiers: dict[str, Classifier] = {
            tag: bundle.classifier(tag, device=device) for tag in tags
        }
        needed = {name for tag in tags for name in bundle.features(tag)}
        self.features = [name for name in bundle.preprocessing.features if name in needed]
        # Trees do not look at the histogram, half of the bytes of a row.
        self._histograms = bundle.looks_at_histograms
        self.columns = ["_id", "reason", *self.features, *(["dmdt"] if self._histograms else [])]
        place = {name: j for j, name in enumerate(self.features)}
        self._columns = {
            tag: np.array([place[name] for name in bundle.features(tag)]) for tag in tags
        }
        self._pool = ThreadPoolExecutor(max(1, workers))

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def score(self, piece: pa.Table) -> pa.Table:
        """Return ``_id`` and the scores of the rows of a table of prepared features.

        Raises
        ------
        BundleError
            If a model gives something that is no score.
        """
        healthy = np.asarray(piece.column("reason").combine_chunks().is_null())
        rows = piece.filter(pa.array(healthy))
        values = np.column_stack([rows.column(name).to_numpy() for name in self.features])
        dmdt = np.empty((rows.num_rows, 0), dtype=np.float32)
        if self._histograms:
            dmdt, _ = histogram_matrix(rows.column("dmdt"))
        arrays = {"_id": piece.column("_id")}
        for tag, scores in zip(
            self._classifiers, self._scores(values.astype(np.float32), dmdt), strict=True
        ):
            self._check(tag, scores)
            spread = np.zeros(piece.num_rows, dtype=np.float32)
            spread[healthy] = scores
            arrays[self._bundle.column(tag)] = pa.array(spread, mask=~healthy)
        return pa.table(arrays)

    def _scores(self, values: Floats, dmdt: Floats) -> Iterator[Floats]:
        def predict(tag: str) -> Floats:
            columns = np.ascontiguousarray(values[:, self._columns[tag]])
            return self._classifiers[tag].predict(columns, dmdt)

        return self._pool.map(predict, self._classifiers)

    def _check(self, tag: str, scores: Floats) -> None:
        wrong = ~((scores >= 0) & (scores <= 1))
        if wrong.any():
            raise BundleError(
                f"model of class {tag!r} gives something that is no score",
                value=float(scores[wrong][0]),
                allowed="0 to 1",
                todo=f"train it again, or leave the class out; the bundle is {self._bundle.folder}",
            )
