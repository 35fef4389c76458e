"""Rounds of questions, in files: members -> scores -> queries -> a sheet -> answers -> labels.

    {folder}/pool/                     what may be asked about, as the task prepares it
    {folder}/{round}/labels.parquet    what the round learns from: all answers before it, settled
    {folder}/{round}/members/{member}.parquet    what a member says of the pool, and its bag
    {folder}/{round}/scores.parquet    the summary of the members
    {folder}/{round}/queries.parquet   who is asked about
    {folder}/{round}/sheet.csv, sheet.html       for people
    {folder}/{round}/answers.csv       what they say; it, or labels of the desk in the ledger,
                                       must be there before the next round

Rounds count from 1; labels of before the first question are of round 0. A task gives the rest:
an object with the methods of `Loop`, from ``open_loop`` in ``scope/tasks/<task>/loop.py``.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from scope.active.answers import ANSWERED, CLASSES, answered_before
from scope.active.labels import read_labels
from scope.active.ledger import Ledger
from scope.active.members import BAGGED, draw_bag, learner_of, read_members, write_members
from scope.active.queries import Asking, Pool, excluded_by_name, select_queries
from scope.active.scoring import class_quality, labelled_rows
from scope.active.settle import settle, settled_table
from scope.active.summary import out_of_bag, summarise
from scope.errors import ConfigError, InputError, NotFoundError, few

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.floating]

log = logging.getLogger(__name__)


class Loop(Protocol):
    """Functions that a task gives to the loop of questions and answers.

    Attributes
    ----------
    classes : tuple of str
        What people may answer, in the order of probabilities.
    unsure : tuple of str
        What people may answer as well, from which nothing is learnt.
    learners : tuple of str
        What members may be, the configured one first.
    with_dropout : tuple of str
        Learners that have dropout; `passes` trains the first of them that is configured.
    """

    classes: tuple[str, ...]
    unsure: tuple[str, ...]
    learners: tuple[str, ...]
    with_dropout: tuple[str, ...]

    def prepare(self, folder: Path) -> None:
        """Write ``pool.parquet`` into a folder, and what else members and pages need.

        A row is what can be scored: ``object`` (str), ``missing`` (bool: it lacks data) and, if
        there is a map, ``cell`` (int). An object may have several rows.
        """
        ...

    def member(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        learner: str,
    ) -> Floats:
        """Train on rows of the pool, which may repeat, and return (n, k) of all of them.

        `rows` and `y`, their classes: (l,) int64; float64 comes back.
        """
        ...

    def passes(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int,
    ) -> Floats:
        """Train once and return (n, passes, k), each pass with other neurons dropped.

        `rows` and `y`, their classes: (l,) int64; float64 comes back.
        """
        ...

    def features(self, folder: Path) -> Floats:
        """Return where rows are, for batches of unlike ones, (n, d)."""
        ...

    def draw(self, folder: Path, row: int, said: Mapping[str, Any]) -> str:
        """Return HTML that shows a row of the pool to a person."""
        ...


@dataclass(frozen=True)
class RoundOptions:
    """Settings of a task's rounds.

    Attributes
    ----------
    members : int
    filling : str
        How members differ: one of `scope.active.members.FILLINGS`.
    asking : Asking
    rule : str
        How labels that disagree are settled.
    experts : tuple of str
    held_out : float
        Part of the objects with labels of round 0 that only measure.
    elsewhere : tuple of str
        Lists of objects that are not asked about: tables with the column object.
    seed : int
    """

    members: int = 20
    filling: str = "bootstrap"
    asking: Asking = field(default_factory=Asking)
    rule: str = "votes"
    experts: tuple[str, ...] = ()
    held_out: float = 0.2
    elsewhere: tuple[str, ...] = ()
    seed: int = 1


def round_options(settings: Mapping[str, Any]) -> RoundOptions:
    """Return the options of a task's section of the configuration."""
    of_asking = ("strategy", "size", "batch", "reject_sparse")
    asking = Asking(**{name: settings[name] for name in of_asking})
    names = ("members", "filling", "rule", "experts", "held_out", "elsewhere", "seed")
    return RoundOptions(asking=asking, **{name: settings[name] for name in names})


def find_loop(task: str, settings: Mapping[str, Any]) -> Loop:
    """Return the loop of a task.

    Raises
    ------
    ConfigError
        If the task has none.
    """
    place = f"scope.tasks.{task}.loop"
    try:
        there = find_spec(place) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        raise ConfigError(
            "task without rounds of questions",
            value=task,
            todo="name a task with a module loop, such as spectra",
        )
    loop: Loop = importlib.import_module(place).open_loop(settings)
    return loop


def chosen_learners(
    settings: Mapping[str, Any], allowed: Sequence[str], what: str
) -> tuple[str, ...]:
    """Return the learners of a task's options: ``learners``, or ``learner``, or the first there is.

    Raises
    ------
    ConfigError
        If one is unknown.
    """
    one = settings.get("learner", allowed[0])
    names = tuple(str(name) for name in settings.get("learners") or [one])
    for name in names:
        if name not in allowed:
            raise ConfigError(f"learner for {what}", value=name, allowed=tuple(allowed))
    return names


def prepare_pool(task: str, settings: Mapping[str, Any], folder: str | Path) -> None:
    """Write what may be asked about, of a task with its settings, into a folder.

    Parameters
    ----------
    task : str
        Name of the task; see `find_loop`.
    settings : mapping
        Section of the configuration.
    folder : path
        Made where it does not exist.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    find_loop(task, settings).prepare(folder)


def read_pool(folder: str | Path) -> pd.DataFrame:
    """Return ``pool.parquet`` of a folder."""
    from scope.io.frames import read_parquet

    return read_parquet(Path(folder) / "pool.parquet")


def merge_labels(
    ledger: Ledger,
    task: str,
    number: int,
    answers: str | Path | None,
    output: str | Path,
    loop: Loop,
    pool: str | Path,
    options: RoundOptions,
) -> None:
    """Take the answers of the round before into the ledger, and write what is known now.

    Raises
    ------
    InputError
        If an answer is about no object of the pool, about one that is held out, or of an
        unknown class.
    """
    from scope.io.frames import write_parquet

    names = set(read_pool(pool)["object"].astype(str))
    if answers is not None:
        allowed = (*loop.classes, *loop.unsure)
        found = read_labels(answers, allowed, task=task, labeller="sheet", round=number - 1)
        held = set(ledger.held_out(task))
        for label in found:
            if label.object not in names or label.object in held:
                what = "that is held out" if label.object in held else "that is not in the pool"
                raise InputError(
                    f"answer of {answers} about an object {what}",
                    value=label.object,
                    todo="leave the row out",
                )
        if not found:
            raise InputError(
                "answers file without an answer",
                value=str(answers),
                todo="fill the column label, and keep the names of the columns",
            )
        ledger.append(found)
    before = [one for one in ledger.labels(task) if one.round < number and one.object in names]
    labels = [one for one in before if one.label in (*loop.classes, *loop.unsure)]
    if others := sorted({one.label for one in before} - {one.label for one in labels}):
        # One ledger may serve several loops, each with classes of its own.
        log.info("labels of classes that are not asked about: %s", few(others))
    if not labels:
        raise NotFoundError(
            f"no label of task {task!r} about an object of the pool",
            value=str(ledger.path),
            todo="import some first: scope labels import FILE",
        )
    frame = settled_table(settle(labels, options.rule, options.experts))
    fix_held_out(ledger, task, frame, options)
    frame["held_out"] = frame["object"].isin(ledger.held_out(task))
    frame.attrs = {"task": task, "round": number}
    if answered := answered_before(ledger, task, number, names - set(frame["object"])):
        frame.attrs[ANSWERED] = answered
    write_parquet(frame, output)


def fix_held_out(ledger: Ledger, task: str, labels: pd.DataFrame, options: RoundOptions) -> None:
    """Hold objects out before the first question, each class in its share."""
    if (ledger.folder / "held_out" / f"{task}.txt").exists():
        return
    chosen: list[str] = []
    rng = np.random.default_rng([options.seed, 17])
    for _, part in labels.groupby("label"):
        names = sorted(part["object"])
        chosen += list(rng.permutation(names)[: round(options.held_out * len(names))])
    ledger.hold_out(task, chosen)


def train_member(
    task: str,
    number: int,
    member: int,
    labels: str | Path,
    pool: str | Path,
    output: str | Path,
    loop: Loop,
    options: RoundOptions,
) -> None:
    """Train a member, by the filling of the round, and write what it says of the pool.

    Raises
    ------
    UsageError
        If the filling is dropout, and no configured learner has it.
    InputError
        If labels are of unknown classes, or of fewer than two.
    """
    from scope.io.frames import read_parquet

    learner = learner_of(options.filling, loop.learners, member, loop.with_dropout)
    frame, known = read_pool(pool), read_parquet(labels)
    known = known[~known["held_out"] & (known["weight"] >= 0.5)]
    known = known[~known["label"].isin(loop.unsure)]
    if unknown := sorted(set(known["label"]) - set(loop.classes)):
        raise InputError("labels of unknown classes", value=few(unknown), allowed=loop.classes)
    y_of = dict(zip(known["object"], known["label"].map(loop.classes.index), strict=True))
    rows = np.flatnonzero(frame["object"].isin(y_of) & ~frame["missing"])
    objects = frame["object"].to_numpy()[rows]
    if len(set(y_of.values())) < 2:
        raise InputError(
            "labels of fewer than two classes",
            value=few(set(known["label"])),
            todo="label some of another class first",
        )
    digest = [ord(sign) for sign in task]
    rng = np.random.default_rng([options.seed, number, member, *digest])
    bagged = options.filling in BAGGED
    drawn = draw_bag(objects, rng) if bagged else np.arange(len(objects))
    y = np.array([y_of[name] for name in objects[drawn]], dtype=np.int64)
    seed = int(rng.integers(2**31))
    if options.filling == "dropout":
        p = loop.passes(Path(pool), rows[drawn], y, seed, options.members)
    else:
        p = loop.member(Path(pool), rows[drawn], y, seed, learner)
    # All rows of an object, those that lack data too: none of them judges who learnt from it.
    bag = frame["object"].isin(set(objects[drawn])).to_numpy(dtype=np.bool_)
    facts = {"task": task, "round": number, "member": member, "filling": options.filling}
    facts |= {"learner": learner}
    write_members(output, frame["object"].to_numpy(), bag, p, loop.classes, facts)


def query_round(
    task: str,
    number: int,
    members: Sequence[str | Path],
    labels: str | Path,
    pool: str | Path,
    output: str | Path,
    ledger: Ledger,
    loop: Loop,
    options: RoundOptions,
) -> None:
    """Write who is asked about in a round; the counts of all others are in the metadata."""
    from scope.io.frames import read_parquet, write_parquet

    frame = read_pool(pool)
    p, bag, objects = read_members(members, loop.classes)
    elsewhere = [name for path in options.elsewhere for name in read_names(path)]
    names = objects.astype(str)
    known = read_parquet(labels)
    excluded = excluded_by_name(names, list(known["object"]), ledger.held_out(task), elsewhere)
    if answered := known.attrs.get(ANSWERED):
        excluded["answered"] = np.isin(names, np.array(answered, dtype=str))
    excluded["data_missing"] = frame["missing"].to_numpy(dtype=bool)
    cells = frame["cell"].to_numpy() if "cell" in frame else None
    features = loop.features(Path(pool)) if options.asking.batch == "core_set" else None
    seed = options.seed * 1000 + number
    summary = summarise(p)
    quality = None
    if options.asking.strategy == "weakest":
        # What is held out only measures: questions that follow from it would favour it.
        rows, y = labelled_rows(objects, known[~known["held_out"]], loop.classes)
        quality = class_quality(out_of_bag(p[rows], bag[rows]), y)
    place = Pool(names, excluded, features, cells, quality)
    queries, counts = select_queries(summary, place, options.asking, number, seed)
    queries.attrs = {"task": task, "round": number, "left_out": counts}
    # For the desk, whose products may have other classes.
    queries.attrs[CLASSES] = [*loop.classes, *loop.unsure]
    write_parquet(queries, output)


def read_names(path: str | Path) -> list[str]:
    """Return the column object of a table of a user."""
    from scope.io.user_tables import read_user_table
    from scope.schema import require_columns

    frame = read_user_table(path, names=("object",))
    require_columns(list(frame.columns), ("object",), f" in {path}")
    return [name for name in frame["object"] if name]


def facts_of(path: str | Path) -> dict[str, Any]:
    """Return the metadata of a product, without those of units."""
    from scope.io.tables import read_metadata

    found: dict[str, Any] = json.loads(json.dumps(read_metadata(path)))
    return found
