"""The loop of questions for image stamps: which detections of a set a person should look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.loop import chosen_learners
from scope.active.networks import ClassNetwork, Steps
from scope.errors import ConfigError
from scope.io.atomic import atomic_path
from scope.io.npyfile import read_npy
from scope.tasks.stamps.normalise import Normalisation, normalised
from scope.tasks.stamps.sets import BLOCK_ROWS, open_set

Floats = npt.NDArray[np.floating]

CLASSES = ("bogus", "real")
LEARNERS = ("network", "trees")
WITH_DROPOUT = ("network",)
KEYS = (
    *("data", "layers", "learner", "learners", "trees", "epochs", "batch", "rate"),
    *("dropout",),
)
SHOWN = ("image_id", "mag", "ra", "dec")
"""What the pool has of a detection, where its set says it."""

DRAWN_PIXELS = 120
"""Width of a stamp on the page."""


class StampsLoop:
    """Questions about the detections of a labelled set, whatever labels stand in it.

    Parameters
    ----------
    settings : mapping
        ``data``: folder of ``data_labels.csv`` and ``data_stamps.h5``; ``layers``: numbers of
        the layers that members see (0, 1, 2); ``learner``: ``network`` (the Bayesian vgg6) or
        ``trees`` on pixels; ``learners``: several, for the filling ``algorithms``; ``trees``,
        ``epochs``, ``batch``, ``rate``, ``dropout``: of the learners.
    """

    classes = CLASSES
    unsure: tuple[str, ...] = ("unsure",)
    with_dropout = WITH_DROPOUT

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if unknown := sorted(set(settings) - set(KEYS)):
            raise ConfigError("key of active.tasks.stamps.options", value=unknown[0], allowed=KEYS)
        if not settings.get("data"):
            raise ConfigError(
                "stamps to ask about",
                value="active.tasks.stamps.options.data",
                todo="name the folder of a labelled set",
            )
        self.data = Path(str(settings["data"]))
        self.layers = [int(one) for one in settings.get("layers", (0, 1, 2))]
        self.learners = chosen_learners(settings, LEARNERS, "stamps")
        self.options = dict(settings)

    def prepare(self, folder: Path) -> None:
        """Write normalised stamps once for all members; a stamp without a value lacks data."""
        import pandas as pd

        from scope.io.frames import write_parquet

        labels, stamps = open_set(self.data)
        with stamps:
            size, _, there = stamps.shape
            if wrong := [one for one in self.layers if not 0 <= one < there]:
                raise ConfigError("layer of stamps", value=wrong[0], allowed=f"0 to {there - 1}")
            missing = np.zeros(len(labels), dtype=np.bool_)
            shape = (len(labels), size, size, len(self.layers))
            with atomic_path(folder / "x.npy") as path:
                x = np.lib.format.open_memmap(path, "w+", np.float32, shape)
                for start in range(0, len(labels), BLOCK_ROWS):
                    rows = np.arange(start, min(start + BLOCK_ROWS, len(labels)))
                    block = stamps.read(rows, self.layers)
                    seen = np.asarray(np.isfinite(block).any(axis=(1, 2)))
                    missing[rows] = ~seen.all(axis=1)
                    x[rows] = normalised(block, Normalisation())
                x.flush()
                del x
        columns = {"object": labels["id"].astype(str), "missing": missing}
        # A set of one's own needs no more than ids and labels.
        columns |= {name: labels[name] for name in SHOWN if name in labels}
        frame = pd.DataFrame(columns)
        frame.attrs = {"task": "stamps", "layers": self.layers}
        write_parquet(frame, folder / "pool.parquet")

    def features(self, folder: Path) -> Floats:
        """Return the middle of stamps, pixel by pixel, at most 15 pixels wide.

        (n, up to 225 x layers) float32.
        """
        x = read_npy(folder / "x.npy", mapped=True)
        middle, half = x.shape[1] // 2, min(7, (x.shape[1] - 1) // 2)
        part = slice(middle - half, middle + half + 1)
        return np.asarray(x[:, part, part], dtype=np.float32).reshape(len(x), -1)

    def member(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        learner: str,
    ) -> Floats:
        """Train a member on rows and return probabilities of all detections, (n, 2).

        `rows` and `y`, their classes: (l,) int64.
        """
        if learner == "network":
            return self._network(folder, rows, y, seed)[:, 0]
        from scope.active.play_queries import tree_members

        x = self.features(folder)
        return tree_members(x, len(CLASSES), int(self.options.get("trees", 50)))(rows, y, seed)

    def passes(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int,
    ) -> Floats:
        """Train one network and return (n, passes, 2), with dropout left on.

        `rows` and `y`, their classes: (l,) int64.
        """
        return self._network(folder, rows, y, seed, passes)

    def _network(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int = 0,
    ) -> Floats:
        x = read_npy(folder / "x.npy", mapped=True)
        given = {
            name: self.options[name] for name in ("epochs", "batch", "rate") if name in self.options
        }
        steps = Steps(**{"rate": 1e-3, **given})
        network = _class_network(x.shape[1:], float(self.options.get("dropout", 0.1)), steps)
        network.train([x], rows, y, seed)
        return network.predict([x], passes)

    def draw(self, folder: Path, row: int, said: Mapping[str, Any]) -> str:
        """Return all layers of the detection, as they were cut, each under its name."""
        from html import escape

        from scope.tasks.stamps.stamp_model import layer_names
        from scope.tasks.stamps.stamp_pictures import stamp_tag

        _, stamps = open_set(self.data)
        with stamps:
            layers = stamps.read([row])[0]
        names = layer_names(range(layers.shape[2]))
        figures = "".join(
            f"<figure style='margin:0 .6rem 0 0'>{stamp_tag(layers[..., k], name)}"
            f"<figcaption>{escape(name)}</figcaption></figure>"
            for k, name in enumerate(names)
            if not _is_empty(layers[..., k])
        )
        style = (
            f"<style>article img{{width:{DRAWN_PIXELS}px;image-rendering:pixelated;display:block}}"
            "</style>"
        )
        return f"{style}<div style='display:flex;flex-wrap:wrap'>{figures}</div>"


def _is_empty(layer: Floats) -> bool:
    """Whether a layer says nothing: exposures of their own are often not there."""
    values = layer[np.isfinite(layer)]
    return not values.size or bool(values.min() == values.max())


@lru_cache(maxsize=2)
def _class_network(shape: tuple[int, int, int], dropout: float, steps: Steps) -> ClassNetwork:
    def build() -> Any:
        from scope.models.images.architectures import bayesian_vgg6

        return bayesian_vgg6(shape, dropout, len(CLASSES))

    return ClassNetwork(build, steps)


def open_loop(settings: Mapping[str, Any]) -> StampsLoop:
    """Return the loop of this task."""
    return StampsLoop(settings)
