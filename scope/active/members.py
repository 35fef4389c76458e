"""Members of an ensemble: four fillings of one table of probabilities.

bootstrap    each learns from objects drawn with replacement; the others judge it
seeds        each learns from all objects, from another start
dropout      passes through one network, with dropout left on
algorithms   the learners of the task in turn, each on a bootstrap of its own

The table has a row for each row of the pool and member: ``object``, ``in_bag`` (the member learnt
from the object), ``p_<class>``; where a file holds several members, ``member`` too. Bootstraps
leave objects out of bag, by which the ensemble is calibrated; seeds and dropout leave none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError, NotFoundError, UsageError

Floats = npt.NDArray[np.floating]
Member = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64], int], Floats]
"""(rows to learn from, which may repeat; their classes; seed) -> (n, k) of all rows."""

FILLINGS = ("bootstrap", "seeds", "dropout", "algorithms")
"""How members differ."""

BAGGED = ("bootstrap", "algorithms")
"""Fillings whose members leave objects out."""


def n_files(filling: str, members: int) -> int:
    """Return how many files, and so jobs, a round's members are: passes share their network."""
    return 1 if filling == "dropout" else members


def learner_of(
    filling: str, learners: Sequence[str], member: int, with_dropout: Sequence[str] = ()
) -> str:
    """Return the learner of a member: the first one, or all in turn; of passes, one with dropout.

    Raises
    ------
    UsageError
        If the filling is dropout, and none of the learners has it.
    """
    if filling == "dropout":
        found = next((name for name in learners if name in with_dropout), None)
        if found is None:
            raise UsageError(
                "filling dropout of learners without it",
                value=", ".join(learners),
                allowed=tuple(with_dropout),
                todo="set options.learner of the task to one of these, or another filling",
            )
        return found
    return learners[member % len(learners) if filling == "algorithms" else 0]


def draw_bag(objects: npt.NDArray[Any], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Draw as many objects as there are, with replacement, each with all its rows.

    Parameters
    ----------
    objects : (n,) array
        Name of the object of each row.

    Returns
    -------
    (m,) int64
        Positions in `objects`, as often as their object was drawn.
    """
    names, which = np.unique(objects.astype(str), return_inverse=True)
    times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
    return np.repeat(np.arange(len(objects)), times[which])


def bootstrap_members(
    learn: Member | Sequence[Member],
    rows: npt.NDArray[np.int64],
    y: npt.NDArray[np.int64],
    objects: npt.NDArray[Any],
    n_members: int,
    seed: Sequence[int],
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Train members on objects drawn with replacement; of several learners, in turn.

    Parameters
    ----------
    learn : callable or several
        See `Member`.
    rows : int64
        Rows with labels.
    y, objects : (n,) arrays
        Class and object of every row.

    Returns
    -------
    p : (n, members, k)
        Of all rows.
    in_bag : (labelled rows, members) bool
    """
    learners = [learn] if callable(learn) else list(learn)
    scores, bags = [], []
    for number in range(n_members):
        rng = np.random.default_rng([*seed, number])
        drawn = draw_bag(objects[rows], rng)
        member = learners[number % len(learners)]
        scores.append(member(rows[drawn], y[rows[drawn]], int(rng.integers(2**31))))
        bags.append(np.isin(np.arange(len(rows)), drawn))
    return np.stack(scores, 1), np.stack(bags, 1)


def write_members(
    output: str | Path,
    objects: npt.NDArray[Any],
    in_bag: npt.NDArray[np.bool_],
    p: Floats,
    classes: Sequence[str],
    facts: dict[str, Any],
) -> None:
    """Write what a member says of the pool, (n, k), or several of them, (n, m, k).

    Parameters
    ----------
    objects : (n,) array
        Name of the object of each row.
    in_bag : (n,) bool
        Whether the member learnt from the object.
    p : (n, k) or (n, m, k) float64
        Probabilities.
    """
    import pandas as pd

    from scope.io.frames import write_parquet

    several = p.ndim == 3
    n, m = p.shape[0], p.shape[1] if several else 1
    columns: dict[str, Any] = {"object": np.tile(objects, m), "in_bag": np.tile(in_bag, m)}
    flat = p.transpose(1, 0, 2).reshape(n * m, -1) if several else p
    columns |= {f"p_{name}": flat[:, k].astype(np.float32) for k, name in enumerate(classes)}
    if several:
        columns["member"] = np.repeat(np.arange(m, dtype=np.int32), n)
    table = pd.DataFrame(columns)
    table.attrs.update(facts)
    write_parquet(table, output)


def read_members(
    paths: Sequence[str | Path], classes: Sequence[str]
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[Any]]:
    """Return what members say, (n, m, k), their bags, (n, m), and the objects.

    Raises
    ------
    NotFoundError
        If a member is missing.
    InputError
        If they spoke of different pools.
    """
    from scope.io.tables import read_table

    scores, bags, objects = [], [], None
    for path in paths:
        if not Path(path).is_file():
            raise NotFoundError("member that is missing", value=str(path), todo="train it again")
        table = read_table(path)
        m = 1 + int(table.column("member")[-1].as_py()) if "member" in table.column_names else 1
        names = _array(table, "object").reshape(m, -1)
        objects = names[0] if objects is None else objects
        if any(not np.array_equal(one, objects) for one in names):
            raise InputError(
                "member of another pool", value=str(path), todo="remove it, and train it again"
            )
        of_classes = np.stack([_array(table, f"p_{name}") for name in classes], 1)
        scores.append(of_classes.reshape(m, -1, len(classes)).transpose(1, 0, 2))
        bags.append(_array(table, "in_bag").reshape(m, -1).T)
    if objects is None:
        raise InputError("ensemble without members", allowed="one or more")
    return np.concatenate(scores, 1), np.concatenate(bags, 1), objects


def _array(table: Any, name: str) -> npt.NDArray[Any]:
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False))
