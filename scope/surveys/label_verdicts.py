"""What catalogues together say of stars, and what becomes of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.surveys.catalogue_map import CLASS_LEFT_OUT, NO_CLASS, UNCERTAIN
from scope.surveys.label_map import Labelling
from scope.surveys.star_catalogue import FLAGGED, NO_POSITION, StarCatalogue
from scope.surveys.star_match import (
    AMBIGUOUS_ROWS,
    AMBIGUOUS_STARS,
    BRIGHTER_NEIGHBOUR,
    DUPLICATE_ROW,
    FARTHER_ROW,
    MATCHED,
    NO_LIGHT_CURVE,
    UNRESOLVED,
    Match,
)

LEAVE_OUT, UNKNOWN, FIRST = "leave_out", "unknown", "first"
DISAGREEMENTS = (LEAVE_OUT, UNKNOWN, FIRST)

USED, CONFIRMED, DISAGREE = "used", "confirms", "disagrees"
NO_CATALOGUE_STAR = "no_catalogue_star"

OUTCOMES: dict[str, str] = {
    USED: "its class labels the light curves of a star",
    CONFIRMED: "the same star as a row of a catalogue before it, which it does not contradict",
    DISAGREE: "the same star as a row of another catalogue, which it contradicts",
    NO_LIGHT_CURVE: "no light curve within the radius",
    DUPLICATE_ROW: "another row of the catalogue says the same of this star, nearer to it",
    FARTHER_ROW: "another row of the catalogue is nearer to this star and says something else",
    AMBIGUOUS_ROWS: "two rows of the catalogue are about as near to the star, and differ",
    AMBIGUOUS_STARS: "two stars are about as near to the row",
    BRIGHTER_NEIGHBOUR: "a star within the radius is brighter than the nearest one",
    UNRESOLVED: "two light curves of one field, detector and filter are as close as one star's",
    NO_POSITION: "no position",
    NO_CLASS: "no class",
    UNCERTAIN: "the catalogue doubts the class",
    CLASS_LEFT_OUT: "a class that says too little",
    FLAGGED: "a flag of the catalogue says not to use it",
}
"""What became of a row of a catalogue; a light curve has that of the row nearest to its star."""


class Verdict(NamedTuple):
    """Verdict of catalogues on a star.

    Attributes
    ----------
    rows : tuple of (int, int)
        Catalogue and row of each that says something, in the order of trust.
    labelling : Labelling or None
        None where they contradict one another and the star is left out.
    disputed : tuple of str
        Labels that one says it has and another that it has not.
    """

    rows: tuple[tuple[int, int], ...]
    labelling: Labelling | None
    disputed: tuple[str, ...]


def judge_stars(
    catalogues: Sequence[StarCatalogue], matches: Sequence[Match], rule: str
) -> dict[int, Verdict]:
    """Return what the catalogues together say of each star of which any says something."""
    said: dict[int, list[tuple[int, int]]] = {}
    for number, (catalogue, match) in enumerate(zip(catalogues, matches, strict=True)):
        for row in np.flatnonzero(match.outcome == MATCHED).tolist():
            if isinstance(catalogue.verdict(row), Labelling):
                said.setdefault(int(match.star[row]), []).append((number, int(row)))
    joined = cache(join_labellings)
    found = {}
    for star, rows in said.items():
        parts = tuple(catalogues[number].verdict(row) for number, row in rows)
        labelling, disputed = joined(parts, rule)
        found[star] = Verdict(tuple(rows), labelling, disputed)
    return found


def join_labellings(
    parts: tuple[Labelling, ...], rule: str
) -> tuple[Labelling | None, tuple[str, ...]]:
    """Return what several catalogues say together, and the labels that they dispute.

    Each label is taken from the first catalogue that knows it. A label that one says the star
    has and another that it has not is disputed: then nothing is returned (`LEAVE_OUT`), the
    label is not known (`UNKNOWN`), or the first one is right (`FIRST`).
    """
    names = {name for part in parts for name in (*part.labels, *part.unknown)}
    labels, unknown, disputed = [], [], []
    for name in sorted(names):
        known = [name in part.labels for part in parts if name not in part.unknown]
        if len(set(known)) > 1:
            disputed.append(name)
        if not known or (len(set(known)) > 1 and rule == UNKNOWN):
            unknown.append(name)
        elif known[0]:
            labels.append(name)
    if disputed and rule == LEAVE_OUT:
        return None, tuple(disputed)
    return Labelling(tuple(labels), tuple(unknown)), tuple(disputed)


def row_outcomes(
    catalogues: Sequence[StarCatalogue], matches: Sequence[Match], verdicts: Mapping[int, Verdict]
) -> list[npt.NDArray[np.object_]]:
    """Return what became of each row of each catalogue.

    Of each catalogue (n,) object, a word per row.
    """
    outcomes = []
    for number, (catalogue, match) in enumerate(zip(catalogues, matches, strict=True)):
        outcome = match.outcome.copy()
        for row in range(len(catalogue)):
            said = catalogue.verdict(row)
            if isinstance(said, str):
                if outcome[row] in (MATCHED, NO_LIGHT_CURVE) or said == NO_POSITION:
                    outcome[row] = said if outcome[row] != NO_LIGHT_CURVE else _first(said)
            elif outcome[row] == MATCHED:
                verdict = verdicts[int(match.star[row])]
                first = verdict.rows[0] == (number, row)
                outcome[row] = (
                    DISAGREE
                    if verdict.labelling is None
                    else USED
                    if first
                    else _second(catalogue, row, verdict)
                )
        outcomes.append(outcome)
    return outcomes


def _first(said: str) -> str:
    """Return why a row without a light curve is not used: what it lacks itself comes second."""
    return said if said == NO_POSITION else NO_LIGHT_CURVE


def _second(catalogue: StarCatalogue, row: int, verdict: Verdict) -> str:
    """Return whether a row that is not the first of its star is of another opinion."""
    said = catalogue.verdict(row)
    assert isinstance(said, Labelling)
    assert verdict.labelling is not None
    for name in verdict.disputed:
        if name not in said.unknown and (name in said.labels) != (name in verdict.labelling.labels):
            return DISAGREE
    return CONFIRMED
