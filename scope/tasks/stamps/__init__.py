"""Real or bogus: whether a detection in a difference image is anything in the sky.

images     where images, exposures and catalogues come from: a folder, or a database
label_data labelled sets, made without people from known minor planets
classifier networks: training, judging, scoring, with and without TensorFlow
alerts     the stamps in packets of alert streams
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scope.models.algorithm import InputSpec
from scope.models.task import Task

if TYPE_CHECKING:
    from scope.models.bundle import Bundle


class StampsTask(Task):
    """Image stamps: one input, whose normalisation is part of the bundle."""

    name = "stamps"
    title = "Real or bogus"
    inputs = (InputSpec("image", (None, None, None, None)),)

    def check_bundle(self, bundle: Bundle) -> None:
        """Refuse a bundle whose card does not say how its stamps are normalised."""
        from scope.tasks.stamps.stamp_model import Card

        Card.of(bundle)


TASK = StampsTask()
