"""Questions about light curves into a group on Fritz: each source once, and why it is asked."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import InputError, NotFoundError, UsageError, few
from scope.fritz.upload_rows import UploadRow

if TYPE_CHECKING:
    import pandas as pd

    from scope.fritz.upload import Upload
    from scope.fritz.upload_options import UploadOptions

TASK = "variables"
ORIGIN = "SCoPe_question"
"""Of the annotation: a source has one, and a later round's question takes its place."""

FOLDER, STEM = "fritz", "queries"
QUERIES, SCORES = "queries.parquet", "scores.parquet"
MOST_ERROR = 0.1
"""Calibration error out of bag up to which probabilities of members are shown to people."""

CALIBRATED, LIKELY = "calibrated_", 0.05

PLACE = ("_id", "ra", "dec")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class QueryRequest:
    """A round of questions, and the groups on Fritz that get it.

    Attributes
    ----------
    round_folder : str
        ``results/active/variables/<round>``.
    group_ids : sequence of int
    features : sequence of str
        Files that have ``_id``, ``ra`` and ``dec`` of what is asked about; by default
        ``active.tasks.variables.options.data``.
    comment : str, optional
        Comment on each source in place of the usual question; empty: none.
    radius_arcsec : float
        Around a position, for its source on Fritz and its light curves.
    instrument_name : str
        Of the photometry; none is posted for known sources with `skip_phot`.
    post_doubtful : bool
        Show probabilities also where the members' calibration is bad or unknown.
    dry_run : bool
        Show what would be sent, and send nothing.
    config_path : str, optional
        Configuration file to use.
    """

    round_folder: str
    group_ids: Sequence[int]
    features: Sequence[str] = ()
    comment: str | None = None
    radius_arcsec: float = 2.0
    instrument_name: str = "ZTF"
    skip_phot: bool = False
    post_doubtful: bool = False
    dry_run: bool = False
    config_path: str | None = None


@dataclass(frozen=True)
class Query:
    """A question.

    Attributes
    ----------
    row : UploadRow
        Where the source is; its name on Fritz, where the features have one.
    object : str
        As the ledger has it.
    facts : dict
        What the annotation says.
    """

    row: UploadRow
    object: str
    facts: dict[str, Any]


def upload_queries(request: QueryRequest, report: Callable[[str], None]) -> None:
    """Save the sources of a round's questions to groups on Fritz; nothing is posted twice.

    ``<round>/fritz/`` gets the journal, a receipt, and ``queries.parquet`` with the names of the
    sources on Fritz.

    Raises
    ------
    ServiceError
        If Fritz refuses some of it.
    ScopeError
        If the round, features or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.fritz.journal import Journal
    from scope.fritz.results import ResultFiles, write_named
    from scope.fritz.server import open_fritz
    from scope.fritz.upload import Upload
    from scope.fritz.upload_classification import light_curve_source, raise_refused, write_results
    from scope.fritz.upload_options import UploadOptions

    config = load_config(config_path=request.config_path)
    section = config.active.tasks.get(TASK)
    settings: Mapping[str, Any] = {} if section is None else section.options
    folder = Path(request.round_folder)
    asked = read_queries(folder)
    features = request.features or _as_list(settings.get("data", ()))
    queries = read_rows(folder, asked, features, request.post_doubtful)
    options = UploadOptions(
        tuple(request.group_ids),
        comment=_question(request.comment, settings.get("classes", ())),
        skip_phot=request.skip_phot,
        radius_arcsec=request.radius_arcsec,
        instrument_name=request.instrument_name,
    )
    light_curves = light_curve_source(config, options)
    files = ResultFiles(folder / FOLDER, STEM)
    path = None if request.dry_run else files.journal
    with (
        open_fritz(config, report, dry_run=request.dry_run) as fritz,
        Journal(path, fritz.options.address) as journal,
    ):
        uploads = {
            named: Upload(fritz, journal, replace(options, use_existing_obj_id=named), light_curves)
            for named in (True, False)
        }
        names: dict[int, str] = {}
        told: set[str] = set()
        if journal.interrupted:
            # What a killed run sent last may still take effect.
            fritz.settle()
        try:
            for query in queries:
                name = post_query(uploads[query.row.obj_id is not None], query, options, told)
                if name is not None:
                    names[query.row.number] = name
                    told.add(name)
        finally:
            if not request.dry_run:
                refused = write_results(journal, files, report)
                write_named(asked, {**_named_before(asked, files.named), **names}, files.named)
    report(f"{len(set(names.values()))} sources in groups {', '.join(map(str, options.group_ids))}")
    if not request.dry_run and refused:
        raise_refused(refused, files)


def post_query(
    upload: Upload, query: Query, options: UploadOptions, told: Collection[str] = ()
) -> str | None:
    """Save the source of a question, annotate it, and ask; return its name where it is saved.

    A source in `told` has the annotation of an earlier question of the round, which it keeps.
    """
    name, source = upload.save(query.row)
    if source is None:
        return None
    if name not in told:
        notes = source.get("annotations", [])
        upload.note(query.row, name, ORIGIN, query.facts, notes, new=True)
    if options.comment:
        upload.comment(query.row, name, options.comment)
    return name


def _named_before(asked: pd.DataFrame, path: Path) -> dict[int, str]:
    """Return the names that an earlier run gave questions, by row: one may end before it is done.

    None of questions that are no longer asked.
    """
    from scope.io.frames import read_parquet

    if not path.is_file():
        return {}
    before = read_parquet(path)
    known = dict(zip(before["object"].astype(str), before["obj_id"], strict=True))
    names = enumerate(map(known.get, asked["object"].astype(str)))
    return {number: name for number, name in names if isinstance(name, str)}


def _question(text: str | None, classes: Sequence[str]) -> str | None:
    """Return the comment that asks; None where there is none."""
    if text is not None:
        return text or None
    return f"Which class is it? {', '.join(classes)}" if classes else None


def _as_list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def read_queries(folder: Path) -> pd.DataFrame:
    """Return the questions of a round of light curves.

    Raises
    ------
    NotFoundError
        If nobody was asked yet.
    UsageError
        If it is a round of another task.
    """
    from scope.io.frames import read_parquet

    if not (folder / QUERIES).is_file():
        raise NotFoundError(
            "round without questions", value=str(folder), todo=f"name results/active/{TASK}/<round>"
        )
    asked = read_parquet(folder / QUERIES)
    task = asked.attrs.get("task")
    if task != TASK:
        raise UsageError(
            "questions that are of no light curves",
            value=f"task {task} in {folder / QUERIES}",
            allowed=f"a round of the task {TASK}",
            todo="answer those of other tasks in the desk or by their sheet",
        )
    return asked


def read_rows(
    folder: Path, asked: pd.DataFrame, features: Sequence[str | Path], post_doubtful: bool
) -> list[Query]:
    """Return the questions with positions and what is told of them, the first one first.

    Raises
    ------
    UsageError
        If no features are named.
    NotFoundError
        If a light curve that is asked about is in none of them.
    InputError
        If it has no position there.
    """
    from scope.io.frames import read_parquet

    pool = read_parquet(folder.parent / "pool" / "pool.parquet")
    rows = asked["row"].to_numpy(dtype=np.int64)
    if (
        len(pool) <= rows.max(initial=-1)
        or (
            pool["object"].astype(str).to_numpy()[rows] != asked["object"].astype(str).to_numpy()
        ).any()
    ):
        raise InputError(
            "questions about another pool than the one that is there",
            value=str(folder.parent / "pool"),
            todo="make the round anew: snakemake active",
        )
    ids = pool["_id"].to_numpy()[rows]
    places = _places(features, ids)
    shown = _probabilities(folder, pool, rows, post_doubtful)
    periods = pool["period"].to_numpy()[rows] if "period" in pool else np.full(len(rows), np.nan)
    found = []
    for number, (identity, period) in enumerate(zip(ids.tolist(), periods.tolist(), strict=True)):
        ra, dec, name = places[identity]
        question = asked.iloc[number]
        facts = {
            "ztf_id": str(identity),
            "object": str(question["object"]),
            "round": int(question["round"]),
            "rank": int(question["rank"]),
            "asked_by": str(question["reason"]),
            **({"period": float(period)} if period > 0 else {}),
            **shown[number],
        }
        row = UploadRow(number, ra, dec, name)
        found.append(Query(row, str(question["object"]), facts))
    return found


def _places(
    features: Sequence[str | Path], ids: np.ndarray
) -> dict[int, tuple[float, float, str | None]]:
    """Return position [deg] and name on Fritz, if any, of light curves by id."""
    from scope.io.tables import iter_batches, read_schema
    from scope.io.values import exact_ids, exact_names
    from scope.schema import require_columns

    if not features:
        raise UsageError(
            "positions of what is asked about",
            allowed="files of features",
            todo=f"name them with --features, or in active.tasks.{TASK}.options.data",
        )
    wanted = set(ids.tolist())
    found: dict[int, tuple[float, float, str | None]] = {}
    for path in features:
        there = read_schema(path).names
        require_columns(there, PLACE, f" in {path}")
        names = [name for name in (*PLACE, "obj_id") if name in there]
        for batch in iter_batches(path, names):
            columns = batch.to_pydict()
            named = columns.get("obj_id", [None] * batch.num_rows)
            for row, identity in enumerate(exact_ids(batch.column("_id"), "_id", path)):
                if identity not in wanted:
                    continue
                name = exact_names([named[row]], "obj_id", path, first=row)[0]
                place = (_number(columns["ra"][row]), _number(columns["dec"][row]), name)
                if found.setdefault(identity, place) != place:
                    raise InputError(
                        f"light curve {identity} with two positions or names in the features",
                        value=f"{found[identity]}, {place}",
                        allowed="one ra, dec and obj_id",
                        todo="name only the features that the round was made from",
                    )
    if missing := sorted(wanted - set(found)):
        raise NotFoundError(
            f"{len(missing)} light curves that are asked about in none of the features",
            value=f"{few(map(str, missing))}; {few(map(str, features))}",
            todo="name the features that the round was made from, with --features",
        )
    for identity, (ra, dec, _) in found.items():
        if not (0 <= ra < 360 and -90 <= dec <= 90):
            raise InputError(
                f"light curve {identity} without a position",
                value=f"ra {ra}, dec {dec}",
                allowed="degrees, 0 to 360 and -90 to 90",
                todo="mend the features",
            )
    return found


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _probabilities(
    folder: Path, pool: pd.DataFrame, rows: np.ndarray, post_doubtful: bool
) -> list[dict[str, float]]:
    """Return the calibrated probabilities that people are shown, of each question.

    Nothing where the members' calibration is bad or unknown: people would be led astray.
    """
    from scope.active.loop import facts_of
    from scope.io.frames import read_parquet

    nothing: list[dict[str, float]] = [{} for _ in rows]
    if not (folder / SCORES).is_file():
        raise NotFoundError(
            "round without scores", value=str(folder / SCORES), todo="run: snakemake active"
        )
    error = facts_of(folder / SCORES).get("ece_out_of_bag")
    if not post_doubtful and (error is None or not float(error) <= MOST_ERROR):
        _log.warning(
            "probabilities are not posted: calibration error out of bag %s, at most %s is trusted "
            "(--post-doubtful posts them)",
            "unknown" if error is None else f"{float(error):.3f}",
            MOST_ERROR,
        )
        return nothing
    scores = read_parquet(folder / SCORES)
    names = [n for n in scores if str(n).startswith(CALIBRATED)]
    start = CALIBRATED if names else "mean_"
    names = names or [n for n in scores if str(n).startswith(start)]
    if (
        len(scores) != len(pool)
        or (scores["object"].astype(str) != pool["object"].astype(str)).any()
    ):
        raise InputError(
            "scores of another pool than the one that is there",
            value=str(folder / SCORES),
            todo="make the round anew: snakemake active",
        )
    part = scores[names].to_numpy(dtype=float)[rows]
    return [
        {
            f"p_{str(name).removeprefix(start)}": round(float(p), 4)
            for name, p in zip(names, values, strict=True)
            if p >= LIKELY
        }
        for values in part
    ]
