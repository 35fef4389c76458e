"""A model of stamps with its card: what it may be given, and what its scores mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, InputError
from scope.models.bundle import CALIBRATION, Bundle
from scope.models.calibration.class_calibration import Calibration
from scope.tasks.stamps.normalise import Normalisation, cropped, normalised, require_normalised

if TYPE_CHECKING:
    from scope.models.images.image_network import ImageNetwork

Floats = npt.NDArray[np.floating]

MEMBER = "model"
OUTPUT = "real"
BLOCK = 512


@dataclass(frozen=True)
class Card:
    """Card of a model of stamps: layers, size, normalisation.

    Attributes
    ----------
    normalisation : Normalisation
    layers : tuple of str
        What the layers of a stamp are, in order; see `scope.tasks.stamps.cutouts.LAYERS`.
    size : int
        Side (px).
    """

    normalisation: Normalisation
    layers: tuple[str, ...]
    size: int

    def record(self) -> dict[str, Any]:
        """Return it as ``bundle.json`` has it."""
        return {
            "normalisation": self.normalisation.record(),
            "layers": list(self.layers),
            "size_px": self.size,
        }

    @classmethod
    def of(cls, bundle: Bundle) -> Card:
        """Read it from a bundle.

        Raises
        ------
        BundleError
            If it is missing, or contradicts the network's input.
        """
        found = bundle.preparation
        try:
            layers = tuple(str(name) for name in found["layers"])
            card = cls(Normalisation.parse(found["normalisation"]), layers, int(found["size_px"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"bundle {bundle.folder} whose card does not say how stamps are prepared",
                value=str(error),
                allowed="preparation: normalisation, layers, size_px",
            ) from error
        shape = (card.size, card.size, len(card.layers))
        if bundle.inputs["image"].shape[1:] != shape:
            raise BundleError(
                f"bundle {bundle.folder} whose card contradicts its network",
                value=str(shape),
                allowed=str(bundle.inputs["image"].shape[1:]),
            )
        return card


class StampModel:
    """A model that takes stamps as they were cut.

    Parameters
    ----------
    bundle : Bundle
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.card = Card.of(bundle)

    @classmethod
    def load(cls, folder: str | Path) -> StampModel:
        """Read a model folder.

        Raises
        ------
        BundleError
        """
        from scope.models.places import load_bundle
        from scope.models.task import find_task

        return cls(load_bundle(folder, find_task("stamps")))

    @cached_property
    def network(self) -> ImageNetwork:
        """The network itself, on normalised stamps."""
        return cast("ImageNetwork", self.bundle.scorer(MEMBER).network)  # type: ignore[attr-defined]

    @cached_property
    def calibration(self) -> Calibration | None:
        """Calibration that makes probabilities of the scores, if the bundle has it."""
        if CALIBRATION not in self.bundle.manifest["files"]:
            return None
        return Calibration.parse(self.bundle.read(CALIBRATION), self.bundle.folder)

    def prepared(self, stamps: Floats, normalise: str | None = None) -> npt.NDArray[np.float32]:
        """Return stamps as the network sees them, larger ones cropped to their middle.

        Parameters
        ----------
        stamps : (n, rows, columns, layers) float
            As they were cut; the layers of the card in its order.
        normalise : str, optional
            What the caller believes the normalisation to be; another than the card's is
            refused.

        Returns
        -------
        (n, size, size, layers) float32
        """
        self.card.normalisation.require(normalise)
        if stamps.ndim != 4 or stamps.shape[3] != len(self.card.layers):
            raise InputError(
                "stamps with other layers than the model's",
                value=stamps.shape,
                allowed=f"(n, rows, columns, {len(self.card.layers)}): "
                + ", ".join(self.card.layers),
            )
        return normalised(cropped(stamps, self.card.size), self.card.normalisation)

    def scores(self, stamps: Floats, normalise: str | None = None) -> npt.NDArray[np.float32]:
        """Return the score of stamps as they were cut, (n,) float32; memory for a block only.

        `stamps`: (n, rows, columns, layers) float.
        """
        parts = [self.network.scores(block) for block in self._blocks(stamps, normalise)]
        return np.concatenate([np.empty(0, np.float32), *parts])

    def samples(self, stamps: Floats, n_samples: int = 20, *, seed: int = 0) -> Floats:
        """Return scores with dropout on, (n, n_samples); see `ImageNetwork.samples`.

        `stamps`: (n, rows, columns, layers) float.
        """
        return self.network.samples(self.prepared(stamps), n_samples, seed=seed)

    def scores_of_normalised(self, stamps: Floats) -> npt.NDArray[np.float32]:
        """Return the score of stamps that the caller has normalised, after a look at them.

        `stamps`: (n, rows, columns, layers) float; the result: (n,) float32.

        Raises
        ------
        BundleError
            If they are not normalised as the card says.
        """
        require_normalised(stamps, self.card.normalisation)
        return self.network.scores(np.asarray(stamps, dtype=np.float32))

    def probabilities(self, scores: Floats) -> Floats | None:
        """Return the probability of being real of scores; None if the model has none.

        `scores` and the result: (n,) float.
        """
        if self.calibration is None or not self.calibration.classes[OUTPUT].has_probability:
            return None
        return np.asarray(self.calibration.classes[OUTPUT].probability(scores))

    def _blocks(self, stamps: Floats, normalise: str | None) -> Iterator[npt.NDArray[np.float32]]:
        for start in range(0, len(stamps), BLOCK):
            yield self.prepared(stamps[start : start + BLOCK], normalise)


def layer_names(numbers: Sequence[int]) -> tuple[str, ...]:
    """Return the names of layers of a labelled set by their numbers."""
    from scope.tasks.stamps.cutouts import LAYERS

    return tuple(LAYERS[number] for number in numbers)


def layer_numbers(card: Mapping[str, Any] | Card) -> list[int]:
    """Return where the layers of a card stand in a labelled set.

    Raises
    ------
    BundleError
        If a layer is none of a labelled set.
    """
    from scope.tasks.stamps.cutouts import LAYERS

    names = card.layers if isinstance(card, Card) else tuple(card["layers"])
    if strange := [name for name in names if name not in LAYERS]:
        raise BundleError(
            "model on layers that labelled sets do not have",
            value=", ".join(strange),
            allowed=LAYERS,
        )
    return [LAYERS.index(name) for name in names]
