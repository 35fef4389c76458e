"""Which row of a catalogue is which star of light curves: the nearest, unless that may be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.lightcurves.sky import PositionTree, first_linked, unit_vectors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MATCHED = "matched"
NO_LIGHT_CURVE = "no_light_curve"
DUPLICATE_ROW = "duplicate_row"
FARTHER_ROW = "farther_row"
AMBIGUOUS_ROWS = "ambiguous_rows"
AMBIGUOUS_STARS = "ambiguous_stars"
BRIGHTER_NEIGHBOUR = "brighter_neighbour"
UNRESOLVED = "unresolved_light_curves"


@dataclass(frozen=True)
class MatchOptions:
    """Distances within which a row of a catalogue and a star are taken for the same.

    Attributes
    ----------
    radius_arcsec : float
        Farther apart they never are.
    margin_arcsec : float
        A second candidate must be farther away than the nearest by so much.
    star_radius_arcsec : float
        Light curves so close to one another are of one star.
    faint_mag : float
        A second star that is fainter by so much is no candidate.
    """

    radius_arcsec: float = 2.0
    margin_arcsec: float = 1.0
    star_radius_arcsec: float = 1.0
    faint_mag: float = 2.0

    def __post_init__(self) -> None:
        for name in ("radius_arcsec", "star_radius_arcsec"):
            if not 0 < getattr(self, name) <= 600:
                raise InputError(name, value=getattr(self, name), allowed="above 0, at most 600")
        for name in ("margin_arcsec", "faint_mag"):
            if not getattr(self, name) >= 0:
                raise InputError(name, value=getattr(self, name), allowed="0 or more")


@dataclass(frozen=True)
class Stars:
    """Stars of light curves.

    Attributes
    ----------
    of_curve : (n,) int64
        Star of each light curve.
    ra, dec : (m,) float64
        Degrees: the mean of the positions of its light curves.
    mag : (m,) float64
        Median magnitude of its light curves, of the band that most stars have; NaN if unknown.
    unresolved : (m,) bool
        Whether it has two light curves of one field, detector and filter: two stars as close
        as light curves of one star are, or one that the survey split.
    """

    of_curve: Ints
    ra: Floats
    dec: Floats
    mag: Floats
    unresolved: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Match:
    """Matches of the rows of a catalogue.

    Attributes
    ----------
    star : (n,) int64
        The star nearest to each row within the radius, -1 if there is none.
    separation_arcsec : (n,) float64
        From it; NaN if there is none.
    outcome : (n,) object
        `MATCHED`, or why the row is not that star's.
    """

    star: Ints
    separation_arcsec: Floats
    outcome: npt.NDArray[np.object_]


def link_stars(
    ra: Floats, dec: Floats, series: Ints, radius_arcsec: float, names: Ints | None = None
) -> Stars:
    """Group light curves into stars; magnitudes are not known yet.

    Parameters
    ----------
    ra, dec : (n,) float64
        Degrees, finite.
    series : (n,) int64
        Equal where a star has one light curve at most; negative where that is not known.
    radius_arcsec : float
    names : (n,) int64, optional
        Numbers of stars where the survey says which light curves are of one, else negative.
    """
    n = len(ra)
    rows = np.arange(n) if names is None else np.flatnonzero(names < 0)
    pairs = PositionTree(ra[rows], dec[rows]).within(ra[rows], dec[rows], radius_arcsec)
    label = first_linked(n, rows[pairs.query], rows[pairs.found]) if n else np.zeros(0, np.int64)
    if names is not None:
        known = np.flatnonzero(names >= 0)
        _, first, inverse = np.unique(names[known], return_index=True, return_inverse=True)
        label[known] = known[first][inverse]
    _, of_curve = np.unique(label, return_inverse=True)
    m = int(of_curve.max()) + 1 if n else 0
    vectors = np.zeros((m, 3))
    np.add.at(vectors, of_curve, unit_vectors(ra, dec))
    keys = np.stack([of_curve, series])[:, (series >= 0)]
    pairs_of, counts = np.unique(keys, axis=1, return_counts=True)
    unresolved = np.zeros(m, dtype=np.bool_)
    unresolved[pairs_of[0, counts > 1]] = True
    if names is not None:
        unresolved[of_curve[names >= 0]] = False
    return Stars(
        of_curve,
        np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0,
        np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1]))),
        np.full(m, np.nan),
        unresolved,
    )


def match_stars(
    ra: Floats,
    dec: Floats,
    said: npt.NDArray[np.int64],
    stars: Stars,
    options: MatchOptions,
) -> Match:
    """Match the rows of a catalogue with stars.

    A row is the star nearest to it, if that star is within the radius, and

    - no other row is nearer to that star (`FARTHER_ROW`; of two rows that say the same the
      nearer is used, `DUPLICATE_ROW`), and none that says something else is farther by less
      than the margin (`AMBIGUOUS_ROWS`, both);
    - no other star within the radius is brighter (`BRIGHTER_NEIGHBOUR`): coarse surveys give the
      light of both to one position. And none is farther by less than the margin, unless it is
      fainter by `faint_mag` (`AMBIGUOUS_STARS`);
    - the star is resolved (`UNRESOLVED`).

    Parameters
    ----------
    ra, dec : (n,) float64
        Degrees at the epoch of the stars; rows without a position match nothing.
    said : (n,) int64
        Equal for rows that say the same of their star.
    stars : Stars
    options : MatchOptions
    """
    n = len(ra)
    pairs = PositionTree(stars.ra, stars.dec).within(ra, dec, options.radius_arcsec)
    star = np.full(n, -1, dtype=np.int64)
    separation = np.full(n, np.nan)
    rows, first, counts = np.unique(pairs.query, return_index=True, return_counts=True)
    star[rows], separation[rows] = pairs.found[first], pairs.separation_arcsec[first]
    outcome = np.full(n, NO_LIGHT_CURVE, dtype=object)
    outcome[rows] = MATCHED
    for row, start, count in zip(rows, first, counts, strict=True):
        if count > 1:
            here = slice(start, start + count)
            outcome[row] = _among_stars(
                stars.mag[pairs.found[here]], pairs.separation_arcsec[here], options
            )
    _among_rows(pairs.query, pairs.found, pairs.separation_arcsec, star, said, outcome, options)
    unresolved = (star >= 0) & (outcome == MATCHED)
    unresolved[unresolved] = stars.unresolved[star[unresolved]]
    outcome[unresolved] = UNRESOLVED
    return Match(star, separation, outcome)


def _among_stars(mag: Floats, separation: Floats, options: MatchOptions) -> str:
    """Judge a row with several stars within the radius, nearest first."""
    fainter_by = mag[1:] - mag[0]
    if np.any(fainter_by < 0):
        return BRIGHTER_NEIGHBOUR
    close = separation[1:] - separation[0] < options.margin_arcsec
    # A magnitude that is not known rules nothing out.
    rival = close & ~(fainter_by >= options.faint_mag)
    return AMBIGUOUS_STARS if np.any(rival) else MATCHED


def _among_rows(
    query: Ints,
    found: Ints,
    separation: Floats,
    star: Ints,
    said: Ints,
    outcome: npt.NDArray[np.object_],
    options: MatchOptions,
) -> None:
    """Judge the rows of each star that several rows are near to."""
    order = np.lexsort((query, separation, found))
    found, query, separation = found[order], query[order], separation[order]
    starts = np.flatnonzero(np.diff(found, prepend=-1))
    ends = np.append(starts[1:], len(found))[: len(starts)]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start < 2:
            continue
        nearest, others = query[start], query[start + 1 : end]
        this = found[start]
        for place, row in enumerate(others, start + 1):
            same = said[row] == said[nearest]
            close = separation[place] - separation[start] < options.margin_arcsec
            if not same and close and star[nearest] == this:
                outcome[nearest] = AMBIGUOUS_ROWS
            if star[row] != this:
                # It is another star's, and only as near as its neighbour is.
                continue
            outcome[row] = DUPLICATE_ROW if same else AMBIGUOUS_ROWS if close else FARTHER_ROW
