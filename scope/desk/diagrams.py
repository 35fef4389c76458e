"""Diagrams on which stars are shown and chosen: what stands on their axes, and regions drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scope.errors import UsageError

MOST_CORNERS = 120

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """Axis of a diagram: a text, its SQL, whether it is a logarithm and whether it falls."""

    label: str
    sql: str
    log: bool = False
    falls: bool = False


@dataclass(frozen=True)
class Diagram:
    """Two axes, and the columns that they need."""

    name: str
    title: str
    x: Axis
    y: Axis
    shift: float = 0.0
    """What is added to ``x`` to have what it says: of right ascensions, which wrap."""

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about the diagram that the browser is told."""
        axes = {
            name: {"label": axis.label, "log": axis.log, "falls": axis.falls}
            for name, axis in (("x", self.x), ("y", self.y))
        }
        return {"name": self.name, "title": self.title, "shift": self.shift, **axes}


COLOURS = {
    "bp_rp": "BP − RP [mag]",
    "g_r": "g − r [mag]",
    "w1_w2": "W1 − W2 [mag]",
}


_SCORE = Axis("score", '"score"')
_P = Axis("probability of the class", '"class_p"')
OTHERS = (
    ("mag_score", "Magnitude and score", Axis("magnitude", '"mag"', falls=True), _SCORE),
    ("old_score", "Score of before and score", Axis("score of before", '"realbogus"'), _SCORE),
    (
        "p_disagreement",
        "Probability and disagreement",
        _P,
        Axis("mutual information [nat]", '"mutual_information"'),
    ),
)
"""Diagrams of stamps and spectra."""


def diagrams_of(columns: Iterable[str], ra_centre: float) -> dict[str, Diagram]:
    """Return the diagrams that a table has the columns for, by name.

    Parameters
    ----------
    columns : iterable of str
    ra_centre : float
        Degrees; right ascensions are shown around it.
    """
    names, found = set(columns), []
    shifted = f'(("ra" - {float(ra_centre)!r} + 540.0) % 360.0 - 180.0)'
    sky_x = Axis("right ascension [deg]", shifted, falls=True)
    if {"ra", "dec"} <= names:
        sky_y = Axis("declination [deg]", '"dec"')
        found.append(Diagram("sky", "Sky", sky_x, sky_y, float(ra_centre)))
    if {"log_period", "log_amplitude"} <= names:
        y = Axis("amplitude [mag]", '"log_amplitude"', log=True)
        found.append(Diagram("period_amplitude", "Period and amplitude", _period(), y))
    colour = next((name for name in COLOURS if name in names), None)
    if colour and "log_period" in names:
        x = Axis(COLOURS[colour], f'"{colour}"')
        found.append(Diagram("colour_period", "Colour and period", x, _period()))
    for name, title, x, y in OTHERS:
        if {x.sql.strip('"'), y.sql.strip('"')} <= names:
            found.append(Diagram(name, title, x, y))
    return {one.name: one for one in found}


def _period() -> Axis:
    return Axis("period [d]", '"log_period"', log=True)


def inside(diagram: Diagram, corners: Sequence[Any]) -> str:
    """Return the SQL that tells which rows lie in a polygon: those that an odd number of its
    edges lies to the right of.

    Parameters
    ----------
    diagram : Diagram
    corners : (n, 2) numbers
        In units of the axes, logarithms where they are logarithmic.

    Raises
    ------
    UsageError
        If these are no corners.
    """
    points = _points(corners)
    if diagram.shift:
        return _around_the_sky(points, diagram)
    return _inside(diagram.x.sql, diagram.y.sql, points)


def _around_the_sky(points: list[Point], diagram: Diagram) -> str:
    """Return the test on right ascensions, which need no computing then."""
    turns = [
        [(x + diagram.shift + turn, y) for x, y in points]
        for turn in (-360.0, 0.0, 360.0)
        if any(0 <= x + diagram.shift + turn < 360 for x, _ in points)
    ]
    tests = [_inside('"ra"', diagram.y.sql, turned) for turned in turns]
    return f"({' OR '.join(tests)})" if tests else "FALSE"


def _inside(x: str, y: str, points: list[Point]) -> str:
    crossings = []
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if y1 != y2:
            slope = (x2 - x1) / (y2 - y1)
            low, high = sorted((y1, y2))
            line = f"{slope!r} * {y} + {x1 - slope * y1!r}"
            crossings.append(f"({y} >= {low!r} AND {y} < {high!r} AND {x} < {line})::INT")
    if not crossings:
        return "FALSE"
    box = " AND ".join(
        f"{axis} BETWEEN {min(values)!r} AND {max(values)!r}"
        for axis, values in ((x, [p[0] for p in points]), (y, [p[1] for p in points]))
    )
    return f"({box} AND ({' + '.join(crossings)}) % 2 = 1)"


def _points(corners: Sequence[Any]) -> list[Point]:
    wrong = UsageError(
        "region that is no polygon",
        allowed=f"3 to {MOST_CORNERS} corners of two finite numbers",
        todo="draw it again",
    )
    if not isinstance(corners, list) or not 3 <= len(corners) <= MOST_CORNERS:
        raise wrong
    points = []
    for corner in corners:
        try:
            x, y = map(float, corner)
        except (TypeError, ValueError, OverflowError):
            raise wrong from None
        if not (math.isfinite(x) and math.isfinite(y)):
            raise wrong
        points.append((x, y))
    return points
