"""The copies of one training light curve."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.lightcurves.shuffling import (
    as_alerts,
    shuffled,
    shuffled_in_season,
    weighted_mean,
    white_noise,
)
from scope.surveys.label_map import NOT_VARIABLE
from scope.surveys.simulation.systematics import draw_systematics
from scope.surveys.twins.parents import Parent
from scope.surveys.twins.twin_labels import (
    KINDS,
    NOISE,
    SHUFFLED,
    SHUFFLED_IN_SEASON,
    VARIABLE,
    possible_kinds,
    twin_labels,
)
from scope.surveys.visibility import VISIBLE, visibility

Floats = npt.NDArray[np.float64]

THINNED = "thinned"
ALERTS = "alerts"
COPIES = (THINNED, ALERTS, *KINDS)
"""Kinds of copies: those that vary as their parent does, and twins, which do not vary."""

FIRST_ID = 2**62
"""Ids of copies lie beyond those of any survey, and so say nothing of field and detector."""


@dataclass(frozen=True)
class CopyOptions:
    """Options of the copies that are made.

    Attributes
    ----------
    twins : float
        Twins of a light curve, on average.
    kinds : sequence of str
        Of `KINDS`; each twin is of one, drawn from those that its parent can have.
    thinned : float
        Share of the light curves that get a copy with few epochs, which has twins of its own.
    alerts : float
        Share of these that keep nothing but what would have raised an alert, where that is
        enough.
    few_epochs : sequence of int
        Fewest and most epochs of such a copy.
    seed : int

    Raises
    ------
    InputError
        If a kind is unknown, or a number is out of range.
    """

    twins: float = 1.0
    kinds: Sequence[str] = KINDS
    thinned: float = 0.0
    alerts: float = 0.3
    few_epochs: Sequence[int] = (20, 50)
    seed: int = 1

    def __post_init__(self) -> None:
        shares = 0 <= self.thinned <= 1 and 0 <= self.alerts <= 1
        if self.twins < 0 or not shares or not 2 <= self.few_epochs[0] <= self.few_epochs[1]:
            raise InputError(
                "copies of training light curves",
                value=asdict(self),
                allowed="twins from 0 on, shares from 0 to 1, 2 few epochs or more, rising",
            )
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise InputError("kinds of twins", value=", ".join(self.kinds), allowed=KINDS)


@dataclass(frozen=True)
class LightCurveCopy:
    """A copy: its kind, its parent, its points and its labels."""

    kind: str
    number: int
    parent: Parent
    time: Floats
    mag: Floats
    magerr: Floats
    labels: list[str]
    unknown: list[str]

    @property
    def objectid(self) -> int:
        """An id of its own, that of no survey, from those of its parent and its number."""
        text = f"{self.parent.objectid}:{self.number}"
        return FIRST_ID + int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def copies_of(parent: Parent, options: CopyOptions, share: float = 1.0) -> Iterator[LightCurveCopy]:
    """Yield the copies of a light curve.

    Parameters
    ----------
    parent : Parent
    options : CopyOptions
    share : float
        Of variable light curves that get twins, see `make_twins`.
    """
    digest = hashlib.sha256(f"{options.seed}:{parent.objectid}".encode()).digest()
    rng = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    thin = _thinned(rng, parent, options)
    originals = [parent]
    if thin is not None:
        yield thin
        originals.append(_as_parent(thin))
    number = 1
    for original in originals:
        for kind in _draw_kinds(rng, original, options, share):
            yield _twin(rng, kind, number, original)
            number += 1


def _draw_kinds(
    rng: np.random.Generator, parent: Parent, options: CopyOptions, share: float
) -> list[str]:
    """Draw the kinds of the twins of a light curve, each once before any comes twice.

    A twin of which it is not known whether it varies has another one beside it that does not:
    else there would be fewer constant light curves on the cadences of some classes.
    """
    possible = possible_kinds(options.kinds, parent.labels, parent.unknown)
    wanted = options.twins * (share if VARIABLE in parent.labels else 1.0)
    count = int(wanted + rng.random()) if possible else 0
    order = [possible[k] for k in rng.permutation(len(possible))]
    drawn = [order[k % len(order)] for k in range(count)]
    constant = [kind for kind in order if NOT_VARIABLE in twin_labels(kind, parent.labels)[0]]
    open_ones = sum(kind not in constant for kind in drawn)
    return drawn + [constant[k % len(constant)] for k in range(open_ones if constant else 0)]


def _thinned(
    rng: np.random.Generator, parent: Parent, options: CopyOptions
) -> LightCurveCopy | None:
    """Draw a copy with few epochs, or none; none of a variable star that few do not show."""
    low, high = options.few_epochs
    if rng.random() >= options.thinned or len(parent) <= low:
        return None
    kind, rows = THINNED, np.arange(len(parent))
    if rng.random() < options.alerts:
        raised = np.flatnonzero(as_alerts(parent.mag, parent.magerr))
        if len(raised) >= low:
            kind, rows = ALERTS, raised
    count = min(int(rng.integers(low, high + 1)), len(rows))
    rows = np.sort(rng.choice(rows, size=count, replace=False))
    points = parent.time[rows], parent.mag[rows], parent.magerr[rows]
    if VARIABLE in parent.labels and visibility(*points[1:]) < VISIBLE:
        return None
    return LightCurveCopy(kind, 0, parent, *points, parent.labels, parent.unknown)


def _twin(rng: np.random.Generator, kind: str, number: int, parent: Parent) -> LightCurveCopy:
    mag, magerr = parent.mag, parent.magerr
    if kind in (SHUFFLED, SHUFFLED_IN_SEASON):
        season = kind == SHUFFLED_IN_SEASON
        order = shuffled_in_season(rng, parent.time) if season else shuffled(rng, len(parent))
        mag, magerr = mag[order], magerr[order]
    else:
        mag = white_noise(rng, mag, magerr)
        if kind != NOISE:
            mean = weighted_mean(parent.mag, magerr)
            mag = mag + draw_systematics(rng, parent.time, mean, *_position(rng, parent))
    labels, unknown = twin_labels(kind, parent.labels)
    return LightCurveCopy(kind, number, parent, parent.time, mag, magerr, labels, unknown)


def _position(rng: np.random.Generator, parent: Parent) -> tuple[float, float]:
    """Return the position of a star, or any that ZTF can observe where it is not known."""
    if np.isfinite(parent.ra) and np.isfinite(parent.dec):
        return parent.ra, parent.dec
    return float(rng.uniform(0.0, 360.0)), float(rng.uniform(-25.0, 85.0))


def _as_parent(copy: LightCurveCopy) -> Parent:
    """Return a thinned copy as a light curve that gets twins."""
    values = {**vars(copy.parent), "time": copy.time, "mag": copy.mag, "magerr": copy.magerr}
    return Parent(**values)
