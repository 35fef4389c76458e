"""What cleaning left out of a file of light curves, counted piece by piece."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.points import EXPECTED, JULIAN, MODIFIED, UNKNOWN

_log = logging.getLogger(__name__)

_MODIFIED_DATES, _JULIAN_DATES = "modified Julian dates (hmjd)", "Julian dates (hjd)"
_FOUND = {
    MODIFIED: f"are {_MODIFIED_DATES} in place of {_JULIAN_DATES}",
    JULIAN: f"are {_JULIAN_DATES} in place of {_MODIFIED_DATES}",
    UNKNOWN: f"are neither {_JULIAN_DATES} nor {_MODIFIED_DATES}",
}


@dataclass
class LeftOut:
    """Points that are not used, and light curves whose dates are not what their column says.

    Attributes
    ----------
    points : Counter
        By reason, keys of `scope.lightcurves.points.POINT_REASONS`.
    systems : Counter
        Light curves with dates of another system, by what they are.
    n_with_points : int
        Light curves with any point.
    examples : dict of int to str
        A date and an id for each of these systems.
    """

    points: Counter[str] = field(default_factory=Counter)
    systems: Counter[int] = field(default_factory=Counter)
    n_with_points: int = 0
    examples: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, lightcurves: LightCurves, points: Counter[str], system: npt.NDArray[np.int8]
    ) -> LeftOut:
        """Return what was left out of light curves, whose dates are of a system each.

        `system` is one per light curve, (n,) int8.
        """
        found = cls(points, n_with_points=int(np.count_nonzero(lightcurves.n_epochs)))
        for kind in _FOUND:
            rows = np.flatnonzero(system == kind)
            if len(rows):
                found.systems[kind] = len(rows)
                time = lightcurves[int(rows[0]) : int(rows[0]) + 1].time
                date = np.median(time[np.isfinite(time)])
                if kind == MODIFIED:
                    # As the survey wrote it.
                    date += lightcurves.time_zero_hjd
                found.examples[kind] = f"{date:.10g} of _id {lightcurves.ids[rows[0]]}"
        return found

    def clear(self) -> None:
        """Forget everything."""
        self.__init__()  # type: ignore[misc]

    def add(self, other: LeftOut) -> None:
        """Add what was left out of a later piece of the same file."""
        self.points += other.points
        self.systems += other.systems
        self.n_with_points += other.n_with_points
        self.examples = {**other.examples, **self.examples}

    @property
    def impossible(self) -> dict[str, int]:
        """Points that no good light curve has, by reason."""
        return {name: n for name, n in sorted(self.points.items()) if name not in EXPECTED}

    def warn(self, where: str) -> None:
        """Warn of points that can be no measurements, and of dates of another system."""
        if self.impossible:
            said = ", ".join(f"{n} {name}" for name, n in self.impossible.items())
            _log.warning(
                "%s: points that are no measurements and were left out: %s "
                "(limits: feature_generation.points in the configuration)",
                *(where, said),
            )
        for kind, n in sorted(self.systems.items()):
            _log.warning(
                "%s: the times of %d light curves %s, such as %s; they are used as such, but "
                "no cut max_timestamp_hjd can be made on them",
                *(where, n, _FOUND[kind], self.examples[kind]),
            )

    def require_dates(self, where: str, max_timestamp_hjd: float | None) -> None:
        """Raise where the cut on dates can be made on no light curve at all.

        Raises
        ------
        InputError
            It would leave out all points or none, whatever their dates.
        """
        n_other = self.systems.total()
        if max_timestamp_hjd is None or not n_other or n_other < self.n_with_points:
            return
        kind = self.systems.most_common(1)[0][0]
        raise InputError(
            f"dates on which the cut max_timestamp_hjd cannot be made, in {where}",
            value=f"the times of {n_other} light curves {_FOUND[kind]}, such as "
            f"{self.examples[kind]}",
            allowed="dates as the name of their column says, hjd or hmjd",
            todo="rename the column of times to what it holds (hmjd or hjd), or leave out the cut",
        )
