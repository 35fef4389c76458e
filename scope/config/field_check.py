"""The section ``field_check``: what the models must not find where nothing is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from scope.config.base import Section, key
from scope.config.training import Tag

Share = Annotated[float, Field(ge=0, le=1)]

NOT_BY_ORDER: tuple[str, ...] = (
    *("vnv", "i", "fla", "dip", "bogus", "ext", "blend", "bright", "artfct", "cv", "yso"),
)
"""Classes that a star may show by its magnitudes alone, whatever their order."""


class FieldCheck(Section):
    """A sample of a target's light curves, shuffled and drawn anew as noise, is scored in each run.

    What the models find there they find of nothing: the false-discovery rate of each class.
    """

    rows: int = key(1000, "light curves of a target that are sampled, at most", ge=1)
    share: Share = key(0.05, "part of the classified light curves that is sampled, if fewer")
    least: int = key(200, "light curves that are sampled at least, where there are as many", ge=1)
    seed: int = key(1, "start of the random numbers", ge=0)
    thresholds: tuple[Share, ...] = key(
        (0.5, 0.7, 0.9), "probabilities from which on rows are counted", min_length=1
    )
    judged: Share = key(0.7, "the threshold at which the models pass or fail")
    largest_share: Share = key(
        0.02, "part of the shuffled rows above it with which a class still passes"
    )
    largest_noise_share: Share = key(
        0.05, "the same of white noise, for the classes of judged_by_noise"
    )
    largest_sum: Share = key(
        0.01,
        "sum of a class's probabilities over the shuffled rows, as part of their number, beyond "
        "which it has no expected number",
    )
    judged_by_noise: tuple[Tag, ...] = key(
        NOT_BY_ORDER, "classes that a star may show whatever the order of its magnitudes"
    )

    def sample(self) -> dict[str, Any]:
        """Return the options of `scope.catalog.fetch_nulls.SampleOptions`."""
        return self.model_dump(include={"rows", "share", "least", "seed"})

    def limits(self, others: Iterable[float] = ()) -> dict[str, Any]:
        """Return what is counted, at these thresholds and at others, and what is too much."""
        return {
            "thresholds": tuple(sorted({*self.thresholds, self.judged, *others})),
            "judged": self.judged,
            "largest_share": {
                "shuffled": self.largest_share,
                "white_noise": self.largest_noise_share,
            },
            "largest_sum": self.largest_sum,
            "null_of": dict.fromkeys(self.judged_by_noise, "white_noise"),
        }
