"""The detections of one image with their scores, dropout samples and stamps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import ConfigError
from scope.tasks.stamps.cutouts import LAYERS, check_size, open_layers
from scope.tasks.stamps.images import Extensions, open_fits, read_detections
from scope.tasks.stamps.sets import detection_id
from scope.tasks.stamps.stamp_model import StampModel, layer_numbers

Floats = npt.NDArray[np.floating]

POSTERIOR_SAMPLES = 50


@dataclass(frozen=True)
class ScoredImage:
    """Detections of an image.

    Attributes
    ----------
    path : Path
    names : list of str
        What the ledger of labels calls each.
    table : DataFrame
        As the image has them, with ``score`` and ``cnn_realbogus`` (NaN where there is none).
    stamps : (n, size, size, 6) float
    exposures : (n, size, size, k) float
    samples : (n, 50) float32 or None
        Scores with dropout on; none of a network without it.
    """

    path: Path
    names: list[str]
    table: pd.DataFrame
    stamps: Floats
    exposures: Floats
    samples: Floats | None

    @property
    def digest(self) -> str:
        """SHA-256 of the scores."""
        scores = np.ascontiguousarray(self.table["score"].to_numpy(np.float32))
        return hashlib.sha256(scores.tobytes()).hexdigest()

    def chosen(self, rows: npt.NDArray[np.intp]) -> ScoredImage:
        """Return some of the detections.

        `rows`: (n,) intp, row numbers.
        """
        return ScoredImage(
            self.path,
            [self.names[row] for row in rows],
            self.table.iloc[rows].reset_index(drop=True),
            self.stamps[rows],
            self.exposures[rows],
            None if self.samples is None else self.samples[rows],
        )

    def pictures(self, row: int) -> tuple[list[str], list[Floats]]:
        """Return the names and images of what there is to see of a detection.

        Each image is (size, size) float.
        """
        n = self.exposures.shape[-1]
        # Without exposures the last three layers are empty.
        names = list(LAYERS if n else LAYERS[:3])
        images = [self.stamps[row, :, :, number] for number in range(len(names))]
        images += [self.exposures[row, :, :, number] for number in range(n)]
        return [*names, *(f"exposure {number + 1}" for number in range(n))], images


class ImageScorer:
    """A model that scores the detections of images.

    Parameters
    ----------
    model_file : path
        ``model.h5`` in the folder of a model, or that folder.
    size : int, optional
        Side of the stamps that are cut (px), at least the model's, which is the default.
    layers : sequence of int, optional
        What the caller believes the model's layers to be.
    image_id : int, optional
        The image's number in its index.

    Raises
    ------
    ConfigError
        If the model was trained on other layers.
    """

    def __init__(
        self,
        model_file: str | Path,
        size: int | None = None,
        layers: Sequence[int] | None = None,
        *,
        names: Extensions | None = None,
        image_id: int | None = None,
    ) -> None:
        folder = Path(model_file)
        self.model = StampModel.load(folder.parent if folder.is_file() else folder)
        self.size = check_size(size or self.model.card.size)
        self._names, self._image_id = names or Extensions(), image_id
        self._layers = layer_numbers(self.model.card)
        if layers is not None and [int(n) for n in layers] != self._layers:
            raise ConfigError(
                "layers that the model was not trained on", value=layers, allowed=self._layers
            )

    def score(self, path: str | Path, exposures: Sequence[str] = ()) -> ScoredImage:
        """Return the detections of an image, in its order.

        Raises
        ------
        ScopeError
            If the image or its detections cannot be read.
        """
        path = Path(path)
        with open_fits(path) as file:
            table = read_detections(file, self._names.detections, path)
        layers = open_layers(str(path), exposures, self._names)
        ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
        stamps = layers.stamps(ra, dec, self.size)
        seen = stamps[..., self._layers]
        if "cnn_realbogus" not in table:
            table["cnn_realbogus"] = np.nan
        table["score"] = self.model.scores(seen)
        dropout = self.model.network.has_dropout and len(table)
        samples = self.model.samples(seen, POSTERIOR_SAMPLES) if dropout else None
        singles = layers.exposure_stamps(ra, dec, self.size)
        return ScoredImage(path, self._named(table, path), table, stamps, singles, samples)

    def _named(self, table: pd.DataFrame, path: Path) -> list[str]:
        """Return what the ledger calls detections: as labelled sets do, if the image is known."""
        if self._image_id is not None:
            return [detection_id(self._image_id, row) for row in range(len(table))]
        if "id" in table:
            return table["id"].astype(str).tolist()
        return [f"{path.stem}-{row}" for row in range(len(table))]
