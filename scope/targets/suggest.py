"""The nearest of the names that there are, for one that there is not."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

PRODUCTS = (
    *("results/preds_{algorithm}/{target}.parquet", "results/preds_{algorithm}/{target}.csv"),
    *("results/preds_{algorithm}/{target}.h5", "results/catalog/{target}.parquet"),
    *("results/report/{target}.html", "results/examples/{target}.parquet"),
    "results/stars/{target}.parquet",
)
"""Files that people ask for by their names, a target each."""

OF_UNITS = tuple(
    f"results/{stage}/{{target}}/{{unit}}.parquet"
    for stage in ("sources", "lightcurves", "crossmatch", "features")
)
"""Those of a unit."""

_TARGET = re.compile(r"(?:field_\d+|ids_[\w.-]+?|gcn_[\dT-]+)(?=/|\.\w+$|$)")
_UNIT = re.compile(r"ccd_\d\d_quad_\d|chunk_\d{3,}")
_MOST = 3
_LEAST_RATIO = 0.6


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the few known names that look most like one, the nearest first."""
    # Capitals differ where people type by hand.
    spelt = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), spelt, n=_MOST, cutoff=_LEAST_RATIO)
    return [spelt[each] for each in found]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a question that names the nearest; None where none is near."""
    found = nearest(name, known)
    return f"did you mean {' or '.join(found)}?" if found else None


def suggest_product(name: str, targets: Sequence[str], rules: Sequence[str] = ()) -> str | None:
    """Return a question that names the nearest products and rules; None where none is near.

    Parameters
    ----------
    name : str
        What was asked for.
    targets : sequence of str
        Targets of the configuration; one that stands in `name` counts too.
    rules : sequence of str
        Rules that can be asked for by their names.
    """
    typed, unit = _TARGET.search(name), _UNIT.search(name)
    every = dict.fromkeys([*([typed[0]] if typed else []), *targets])
    patterns = [*PRODUCTS, *(OF_UNITS if unit else ())]
    known = [
        pattern.format(target=target, algorithm=algorithm, unit=unit and unit[0])
        for pattern in patterns
        for target in every
        for algorithm in ("dnn", "xgb")
    ]
    return did_you_mean(name.removeprefix("./"), [*known, *rules])
