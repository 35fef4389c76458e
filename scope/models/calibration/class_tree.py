"""The tree of classes, and probabilities that respect it.

A child is a kind of its parent: an RR Lyrae star is a pulsator is a variable. Classifiers
are trained apart and know nothing of it; `project` moves the probabilities of a row as
little as possible until no child is more probable than its parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from scope.errors import ConfigError

Floats = npt.NDArray[np.float64]
Parents = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassTree:
    """Tree of classes: which is a kind of which.

    Attributes
    ----------
    parent : dict of class tag to class tag or None
        None for classes that are no kind of another one, as for those that are not there.
    exclusive : frozenset of class tag
        Classes that exclude one another where they are kinds of the same class: no star is of two
        of them.
    periodic : frozenset of class tag
        Classes whose stars, and those of all their kinds, are told by their period.

    Raises
    ------
    ConfigError
        If a parent is no class, or a class is a kind of itself.
    """

    parent: Mapping[str, str | None]
    exclusive: frozenset[str] = field(default=frozenset())
    periodic: frozenset[str] = field(default=frozenset())

    def __post_init__(self) -> None:
        for tag, above in self.parent.items():
            if above is not None and above not in self.parent:
                raise ConfigError(
                    f"class {tag!r} with a parent that is no class",
                    value=above,
                    allowed=self.parent,
                    todo=f"correct training.classes.{tag}.parent",
                )
            if tag in self._above(tag):
                raise ConfigError(
                    "class that is a kind of itself",
                    value=" -> ".join([tag, *self._above(tag)]),
                    allowed="a tree",
                    todo=f"correct training.classes.{tag}.parent",
                )

    def _above(self, tag: str) -> list[str]:
        """Return the ancestors of a class, up to the first that stands twice."""
        found: list[str] = []
        above = self.parent.get(tag)
        while above is not None and above not in found:
            found.append(above)
            above = self.parent.get(above)
        return found

    def ancestors(self, tag: str) -> tuple[str, ...]:
        """Return what a class is a kind of, nearest first."""
        return tuple(self._above(tag))

    def has_period(self, tag: str) -> bool:
        """Whether stars of a class are told by their period, as kinds of a periodic class are."""
        return not self.periodic.isdisjoint((tag, *self._above(tag)))

    def places(self, tags: Sequence[str]) -> Parents:
        """Return where in `tags` the nearest ancestor of each of them stands; -1 for none.

        (k,) int64 for k `tags`.
        """
        place = {tag: i for i, tag in enumerate(tags)}
        return np.array(
            [
                next((place[above] for above in self._above(tag) if above in place), -1)
                for tag in tags
            ],
            dtype=np.int64,
        )

    def restricted(self, tags: Sequence[str]) -> dict[str, str | None]:
        """Return the parent of each of `tags` among them."""
        places = self.places(tags).tolist()
        return {
            tag: None if place < 0 else tags[place] for tag, place in zip(tags, places, strict=True)
        }


def project(probability: Floats, parents: Parents, weights: npt.ArrayLike | None = None) -> Floats:
    """Return the nearest probabilities of which no child's exceeds its parent's.

    Nearest by the sum of squares over the classes of a row: isotonic regression on a
    rooted tree, exact, by joining from the leaves up whatever is out of order, largest
    first (Pardalos & Xue 1999, Algorithmica 23, 211). A row depends on itself only, and
    one that is in order is returned as it is, to the bit.

    Parameters
    ----------
    probability : (n, k) float64
    parents : (k,) int64
        Column of the parent of each column; -1 for none. See `ClassTree.places`.
    weights : (k,) float, optional
        How firmly each column holds its place: the squares are weighed by it. All alike by default.

    Returns
    -------
    (n, k) float64
    """
    order = _leaves_first(parents)
    result = np.ascontiguousarray(probability, dtype=np.float64).copy()
    firm = np.ones(len(parents)) if weights is None else np.asarray(weights, dtype=np.float64)
    _project(result, np.asarray(parents, dtype=np.int64), order, firm)
    return result


def _leaves_first(parents: Parents) -> Parents:
    """Return the columns in an order in which children stand before their parents."""
    depth = np.zeros(len(parents), dtype=np.int64)
    for column in range(len(parents)):
        above = parents[column]
        while above >= 0:
            depth[column] += 1
            above = parents[above]
    return np.argsort(-depth, kind="stable")


@njit(nogil=True, cache=True)
def _project(values: Floats, parents: Parents, order: Parents, weights: Floats) -> None:
    """Project each row of `values` in place.

    A block is a connected part of the tree that has one value, the weighted mean of its classes,
    and is known by its topmost class. Blocks under a finished block are below it.
    """
    rows, k = values.shape
    top = np.empty(k, dtype=np.int64)  # the block of a class
    total = np.empty(k)
    size = np.empty(k)
    for row in range(rows):
        in_order = True
        for node in range(k):
            if parents[node] >= 0 and values[row, node] > values[row, parents[node]]:
                in_order = False
                break
        if in_order:
            continue
        for node in range(k):
            top[node] = node
            total[node] = weights[node] * values[row, node]
            size[node] = weights[node]
        for node in order:
            while True:
                # The highest of the blocks right below the block of `node`.
                worst = -1
                highest = total[node] / size[node]
                for other in range(k):
                    above = parents[other]
                    if top[other] == other and above >= 0 and top[above] == node:
                        mean = total[other] / size[other]
                        if mean > highest:
                            worst = other
                            highest = mean
                if worst < 0:
                    break
                total[node] += total[worst]
                size[node] += size[worst]
                for other in range(k):
                    if top[other] == worst:
                        top[other] = node
        for node in range(k):
            values[row, node] = total[top[node]] / size[top[node]]
