"""The loop of a task played with labels that are known, in files: a split of the objects each.

Every split has test objects and first labels of its own; each strategy asks from there. A file
per split, so that splits are jobs side by side and a killed run goes on; `plot_queries` joins
them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.labels import read_labels
from scope.active.ledger import LEDGER, Ledger
from scope.active.loop import Loop, read_pool
from scope.active.members import BAGGED, learner_of
from scope.active.play_queries import LoopOptions, Member, play_queries
from scope.active.scoring import labelled_rows
from scope.active.settle import settle, settled_table
from scope.errors import ConfigError, InputError, NotFoundError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SimulationOptions:
    """How the loop of a task is played with known labels.

    Attributes
    ----------
    loop : LoopOptions
    filling : str
        As of the rounds: ``bootstrap`` or ``algorithms``.
    rule : str
        How labels that disagree are settled.
    experts : tuple of str
    """

    loop: LoopOptions = field(default_factory=LoopOptions)
    filling: str = "bootstrap"
    rule: str = "votes"
    experts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.filling not in BAGGED:
            raise ConfigError(
                "filling that is not simulated", value=self.filling, allowed=tuple(BAGGED)
            )


def simulation_options(settings: Mapping[str, Any]) -> SimulationOptions:
    """Return the options of a task's section of the configuration, and of its ``simulation``."""
    own = settings["simulation"]
    names = ("start", "rounds", "splits", "strategies", "test_share")
    loop = LoopOptions(
        size=settings["size"],
        members=settings["members"],
        batch=settings["batch"],
        seed=settings["seed"],
        **{name: own[name] for name in names},
    )
    rest = {name: settings[name] for name in ("filling", "rule", "experts")}
    return SimulationOptions(loop, **rest)


def simulate_queries(
    task: str,
    split: int,
    pool: str | Path,
    labels: str | Path,
    output: str | Path,
    loop: Loop,
    options: SimulationOptions,
) -> None:
    """Play the loop of a task in one split, and write what is known after each round.

    Parameters
    ----------
    task : str
    split : int
        Number of the split; its random numbers follow from it.
    pool : path
        Folder that `prepare_pool` wrote.
    labels : path
        Known labels: a table with the columns object and label, or a ledger (folder, or its
        ``ledger.jsonl``).
    output : path
        Parquet: split, strategy, round, n_labels, accuracy, macro_ap, worst_ap (mean of the
        five weakest classes), and ``ap_<class>``, of the objects that are never asked about.
    loop : Loop
    options : SimulationOptions

    Raises
    ------
    NotFoundError
        If no object of the pool has a known label.
    InputError
        If a label is of no class, there are too few objects for the rounds, or fewer first labels
        than classes.
    """
    from scope.io.frames import write_parquet

    pool, frame = Path(pool), read_pool(pool)
    known = known_labels(labels, task, loop, options)
    rows, y = labelled_rows(frame["object"].to_numpy(), known, loop.classes)
    there = ~frame["missing"].to_numpy(dtype=bool)[rows]
    rows, y = rows[there], y[there]
    if not len(rows):
        raise NotFoundError(
            f"no known label of task {task!r} about an object of the pool",
            value=str(labels),
            todo="name a table of labels: active.tasks.<task>.simulation.labels",
        )
    log.info("%d rows of the pool have known labels", len(rows))
    # A member of the ensemble is a call, and with several learners they take turns.
    n_learners = len(loop.learners) if options.filling == "algorithms" else 1
    learners = [
        _member(loop, pool, rows, learner_of(options.filling, loop.learners, number))
        for number in range(n_learners)
    ]
    features = loop.features(pool)[rows] if options.loop.batch == "core_set" else None
    cells = frame["cell"].to_numpy()[rows] if "cell" in frame else None
    objects = frame["object"].to_numpy()[rows]
    curves = play_queries(learners, y, options.loop, objects, features, cells=cells, splits=[split])
    names = {f"ap_{k}": f"ap_{name}" for k, name in enumerate(loop.classes)}
    curves = curves.rename(columns=names)
    curves.attrs = {"task": task, "split": split, "filling": options.filling}
    write_parquet(curves, output)


def _member(loop: Loop, pool: Path, rows: npt.NDArray[np.int64], learner: str) -> Member:
    """Return a member that knows the rows with labels only."""

    def member(
        chosen: npt.NDArray[np.int64], y: npt.NDArray[np.int64], seed: int
    ) -> npt.NDArray[np.floating]:
        return loop.member(pool, rows[chosen], y, seed, learner)[rows]

    return member


def known_labels(path: str | Path, task: str, loop: Loop, options: SimulationOptions) -> Any:
    """Return the settled labels of a table or a ledger, as `settled_table` has them.

    Raises
    ------
    InputError
        If it is neither a table nor a ledger; if a label of the table is of no class, or says twice
        something else of an object.
    """
    path = Path(path)
    if path.suffix == ".jsonl" and path.name != LEDGER:
        raise InputError(
            "known labels in a file that is neither a table nor a ledger",
            value=str(path),
            allowed=f"a table with object and label, a ledger's folder, or its {LEDGER}",
            todo="rename it, in a folder of its own",
        )
    if path.is_dir() or path.suffix == ".jsonl":
        labels = Ledger(path if path.is_dir() else path.parent).labels(task)
    else:
        allowed = (*loop.classes, *loop.unsure)
        labels = read_labels(path, allowed, task=task, source="catalogue")
        said: dict[str, str] = {}
        for label in labels:
            if said.setdefault(label.object, label.label) != label.label:
                raise InputError(
                    f"object {label.object} with two known labels in {path}",
                    value=f"{said[label.object]}, {label.label}",
                    todo="leave one of them in the table",
                )
    return settled_table(settle(labels, options.rule, options.experts))


def with_changes(options: SimulationOptions, **changes: Any) -> SimulationOptions:
    """Return options with some of `LoopOptions` changed; those that are None stay."""
    given = {name: value for name, value in changes.items() if value is not None}
    return replace(options, loop=replace(options.loop, **given))
