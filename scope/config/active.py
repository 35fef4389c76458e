"""The section ``active``: rounds of questions to people, for each task."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from scope.config.base import Section, key, matching, one_of

STRATEGIES = (
    *("entropy", "margin", "least_confidence", "vote_entropy", "bald", "weakest", "random"),
)
FILLINGS = ("bootstrap", "seeds", "dropout", "algorithms")
BATCHES = ("best", "core_set", "som")
RULES = ("votes", "expert", "last")

TaskName = Annotated[str, matching(r"[a-z][a-z0-9_]*", "small letters and digits")]


class Simulation(Section):
    """The loop played with labels that are known: does asking help, before people are asked?"""

    labels: str = key("", "table with the columns object and label; empty: the ledger's labels")
    start: int = key(60, "labels before the first question, one of each class among them", ge=1)
    rounds: int = key(4, "rounds of questions", ge=1)
    splits: int = key(6, "repeats, each with test objects and first labels of its own", ge=1)
    test_share: Annotated[float, Field(gt=0, lt=1)] = key(
        0.3, "part of the objects that only measure"
    )
    strategies: tuple[Annotated[str, one_of(STRATEGIES)], ...] = key(
        ("random", "entropy", "bald"), "what is compared, with random", min_length=1
    )


class ActiveTask(Section):
    """Rounds of a task."""

    members: int = key(20, "members of the ensemble, each trained by a job of its own", ge=1)
    filling: Annotated[str, one_of(FILLINGS)] = key(
        "bootstrap",
        "how members differ: objects drawn with replacement, seeds, passes with dropout, or the "
        "learners of the task in turn (algorithms)",
    )
    size: int = key(50, "objects that people are asked about in a round", ge=1)
    strategy: Annotated[str, one_of(STRATEGIES)] = key(
        "entropy", f"what makes an answer useful: {', '.join(STRATEGIES)}"
    )
    batch: Annotated[str, one_of(BATCHES)] = key(
        "best",
        "the most useful ones, unlike ones (core_set), or the cells of the map in turn (som)",
    )
    reject_sparse: Annotated[float, Field(ge=0, lt=100)] = key(
        0.0, "percentile of the counts of the map's cells up to which their rows are left out"
    )
    rule: Annotated[str, one_of(RULES)] = key(
        "votes", "how labels that disagree are settled: the most votes, an expert, or the last"
    )
    experts: tuple[str, ...] = key((), "labellers that decide where others disagree")
    held_out: Annotated[float, Field(ge=0, lt=1)] = key(
        0.2, "part of the objects with labels of before the first round that only measure"
    )
    elsewhere: tuple[str, ...] = key(
        (), "tables with the column object: what is on other lists is not asked about"
    )
    seed: int = key(1, "start of the random numbers", ge=0)
    options: dict[str, Any] = key(dict, "what the task itself needs, such as data")
    simulation: Simulation = key(Simulation, "the loop played with known labels")


class Active(Section):
    """Rounds of questions to people: who is asked about, and where answers are kept."""

    ledger: str = key("labels", "folder of the labels, which only grows", min_length=1)
    tasks: dict[TaskName, ActiveTask] = key(
        dict, "tasks that ask, such as spectra, each with its settings"
    )
