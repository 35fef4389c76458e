"""What people on Fritz said of a round's questions, as the answers file of that round."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.active.answers import ANSWERS
from scope.errors import InputError, NotFoundError, UsageError, few
from scope.fritz.sources import Json, get_source
from scope.fritz.upload_queries import FOLDER, STEM, TASK, read_queries

if TYPE_CHECKING:
    from scope.fritz.taxonomy_map import TaxonomyMap
    from scope.services.fritz import Fritz

NAMED = f"{STEM}.parquet"
COLUMNS = ("object", "label", "weight", "labeller", "date", "note")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AnswerRequest:
    """A round whose questions are on Fritz.

    Attributes
    ----------
    round_folder : str
        ``results/active/variables/<round>``, where `upload_queries` left ``fritz/queries.parquet``.
    taxonomy_map : str
        File of the map, JSON: which class on Fritz each class of the task is.
    group_ids : sequence of int
        Classifications that none of these groups sees do not count; all count without any.
    config_path : str, optional
        Configuration file to use.
    """

    round_folder: str
    taxonomy_map: str
    group_ids: Sequence[int] = ()
    config_path: str | None = None


def download_answers(request: AnswerRequest, report: Callable[[str], None]) -> None:
    """Write ``answers.csv`` of a round from the classifications that people gave its sources.

    Those of models do not count, nor those of probability 0 or with more votes against them than
    for them. Of several by one person the most probable counts, of equally probable ones the
    latest.

    Raises
    ------
    UsageError
        If the round has its answers.
    InputError
        If nobody has answered.
    ScopeError
        If the round, the map, Fritz or the configuration cannot be used.
    """
    import pandas as pd

    from scope.config.load import load_config
    from scope.fritz.server import open_fritz
    from scope.fritz.taxonomy import fetch_taxonomies
    from scope.fritz.taxonomy_map import read_map
    from scope.io.atomic import write_bytes

    config = load_config(config_path=request.config_path)
    folder = Path(request.round_folder)
    read_queries(folder)
    if (folder / ANSWERS).exists():
        raise UsageError(
            "round that has its answers", value=str(folder / ANSWERS), todo="look at that file"
        )
    objects = read_names(folder)
    section = config.active.tasks.get(TASK)
    classes = tuple(section.options.get("classes", ())) if section is not None else ()
    if not classes:
        raise UsageError(
            "answers to no classes",
            allowed=f"a configuration with active.tasks.{TASK}.options.classes",
            todo="name the one of the round with --config-path",
        )
    mapper = read_map(request.taxonomy_map)
    if missing := [name for name in classes if mapper.get(name) is None]:
        raise UsageError(
            "taxonomy map without classes of the task",
            value=few(missing),
            allowed=few(mapper.wanted),
            todo=f"add them to {request.taxonomy_map}: nobody can answer so on Fritz",
        )
    for one, other in combinations(classes, 2):
        if mapper.wanted[one] == mapper.wanted[other]:
            raise UsageError(
                f"taxonomy map {request.taxonomy_map} with one class for two of the task",
                value=f"{mapper.wanted[one].fritz_label}: {one}, {other}",
                allowed="a class on Fritz of its own for each",
                todo="mend the map: which of them an answer means cannot be known",
            )
    with open_fritz(config, report) as fritz:
        mapper.check(fetch_taxonomies(fritz), classes)
        rows = list(answer_rows(fritz, objects, mapper, classes, request.group_ids))
    if not rows:
        raise InputError(
            "nobody on Fritz has answered",
            value=f"{len(objects)} sources of {folder}",
            todo="wait, or name other groups",
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_bytes(table.to_csv(index=False, lineterminator="\n").encode(), folder / ANSWERS)
    answered = table["object"].nunique()
    report(f"{len(rows)} answers about {answered} of {sum(map(len, objects.values()))} questions")
    report(str(folder / ANSWERS))


def read_names(folder: Path) -> dict[str, list[str]]:
    """Return the objects of a round by the names of their sources on Fritz.

    Raises
    ------
    NotFoundError
        If its questions are not on Fritz.
    """
    from scope.io.frames import read_parquet

    path = folder / FOLDER / NAMED
    if not path.is_file():
        raise NotFoundError(
            "round that was not asked on Fritz",
            value=str(path),
            todo="ask first: scope upload-queries",
        )
    frame = read_parquet(path)
    found: dict[str, list[str]] = {}
    for one, name in zip(frame["object"].astype(str), frame["obj_id"], strict=True):
        if isinstance(name, str) and name:
            found.setdefault(name, []).append(one)
    return found


def answer_rows(
    fritz: Fritz,
    objects: Mapping[str, Sequence[str]],
    mapper: TaxonomyMap,
    classes: Sequence[str],
    groups: Sequence[int],
) -> Iterator[dict[str, Any]]:
    """Yield an answer for each person and object."""
    others: Counter[str] = Counter()
    for name, asked in objects.items():
        source = get_source(fritz, name)
        for labeller, (label, given) in _by_person(source, mapper, classes, groups, others).items():
            probability = given["probability"]
            for one in asked:
                yield {
                    "object": one,
                    "label": label,
                    "weight": 1.0 if probability is None else float(probability),
                    "labeller": labeller,
                    "date": str(given["created_at"]),
                    "note": f"Fritz, {name}",
                }
    if others:
        _log.warning(
            "classes that are not asked about: %s", few(f"{k} ({n})" for k, n in others.items())
        )


def _by_person(
    source: Json | None,
    mapper: TaxonomyMap,
    classes: Sequence[str],
    groups: Sequence[int],
    others: Counter[str],
) -> dict[str, tuple[str, Json]]:
    """Return which class each person gave a source, and their classification."""
    found: dict[str, tuple[str, Json]] = {}
    for given in (source or {}).get("classifications", ()):
        seen = {int(group["id"]) for group in given["groups"]}
        against = sum(vote["vote"] for vote in given.get("votes", ())) < 0
        # That it is not of a class does not say of which it is.
        denied = given["probability"] == 0
        if given["ml"] or against or denied or (groups and not seen & set(groups)):
            continue
        label, number = str(given["classification"]), int(given["taxonomy_id"])
        names = [name for name in mapper.columns_of(label, number) if name in classes]
        if not names:
            others[label] += 1
            continue
        person = str(given["author_name"])
        if person not in found or _rank(given) >= _rank(found[person][1]):
            found[person] = (names[0], given)
    return found


def _rank(given: Json) -> tuple[float, str]:
    probability = given["probability"]
    return (1.0 if probability is None else float(probability), str(given["created_at"]))
