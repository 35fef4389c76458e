"""What is known of a light curve that was made from another one.

A twin has the epochs and errors of its parent and does not vary, so it is an example against
each class: 0 for every label, 1 for ``non-variable``. What stays unknown, and why:

- *Shuffled magnitudes of classes without memory.* Flares, outbursts of a few nights, dips and
  narrow eclipses are single points at the cadence of a survey. In any order they look as
  before, but for their period: `WITHOUT_MEMORY` says what is then not known. ``periodic`` and
  what follows from a period is 0: a shuffled light curve has none.
- *What catalogues tell.* A twin keeps the colours of its parent, and a quiet quasar, galaxy or
  young star is one all the same (`FROM_CATALOGUES`).
- *Systematics.* They look like bad photometry, whether anybody would call it so or not
  (`BAD_PHOTOMETRY`).

Magnitudes shuffled within seasons keep the change from season to season: where that is the
variability of the class (`SLOW`), no such twin is made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import get_args

from scope.config.training import TwinKind
from scope.surveys.label_map import NOT_VARIABLE

KINDS: tuple[str, ...] = get_args(TwinKind)
"""Kinds of twins."""
SHUFFLED, SHUFFLED_IN_SEASON, NOISE, SYSTEMATICS = KINDS

VARIABLE = "variable"

WITHOUT_MEMORY: dict[str, tuple[str, ...]] = {
    "eclipsing": (VARIABLE,),
    "flaring": (VARIABLE, "flaring", "CV"),
    "CV": (VARIABLE, "flaring", "CV"),
    "dipping": (VARIABLE, "irregular", "dipping", "YSO"),
    "YSO": (VARIABLE, "irregular", "dipping", "flaring", "YSO"),
    "transient": (VARIABLE, "flaring", "CV"),
}
"""Label of a light curve -> labels of which nothing is known once its magnitudes are shuffled."""

FROM_CATALOGUES = ("AGN", "YSO", "extended")
BAD_PHOTOMETRY = ("bogus", "blend", "bright star", "ccd artifact", "extended")
SLOW = ("long timescale", "LPV", "RV Tau", "AGN", "irregular", "YSO", "transient")


def possible_kinds(
    kinds: Sequence[str], labels: Collection[str], unknown: Collection[str]
) -> list[str]:
    """Return the kinds of twins that a light curve of some labels can have.

    Parameters
    ----------
    kinds : sequence of str
        Of `KINDS`.
    labels, unknown : collection of str
        Labels that it has, and those of which it is not known.

    Returns
    -------
    list of str
        None for what does not vary, which is its own twin; no shuffles of what is neither
        variable nor constant, which they leave as it is.
    """
    if NOT_VARIABLE in labels:
        return []
    possible = [kind for kind in kinds if kind in (NOISE, SYSTEMATICS)]
    if VARIABLE in labels:
        slow = any(name in SLOW for name in (*labels, *unknown))
        possible += [kind for kind in kinds if kind == SHUFFLED]
        possible += [kind for kind in kinds if kind == SHUFFLED_IN_SEASON and not slow]
    return possible


def twin_labels(kind: str, labels: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the labels that a twin has, and those of which it is not known.

    Parameters
    ----------
    kind : str
        Of `KINDS`.
    labels : collection of str
        Of its parent.
    """
    unknown = [name for name in FROM_CATALOGUES if name in labels]
    if kind == SYSTEMATICS:
        unknown += BAD_PHOTOMETRY
    if kind in (SHUFFLED, SHUFFLED_IN_SEASON):
        unknown += [name for label in labels for name in WITHOUT_MEMORY.get(label, ())]
    unknown = list(dict.fromkeys(unknown))
    return ([] if VARIABLE in unknown else [NOT_VARIABLE]), unknown
