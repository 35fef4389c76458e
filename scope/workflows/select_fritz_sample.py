"""Sources for people to look at, some for each class."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.config.algorithms import known_algorithm
from scope.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class SelectionOptions:
    """Whose predictions, which sources of them, and where they go.

    Attributes
    ----------
    algorithm : str
    fields : sequence of str
        Field numbers, names of lists of ids, or ``all``.
    group : str, optional
        Group of models whose classes are drawn; by default all that have scores.
    min_class_examples : int
        Sources of each class, where there are as many; all with `do_all_sources`.
    probability_threshold : float
        Examples of a class have at least this score.
    select_top_n, include_all_highprob_labels : bool
        Those of highest score, and not any above the threshold; show all classes that reach it.
    exclude_training_sources : bool
        Leave out sources of `training_set`, a table with obj_id, or ra and dec.
    consolidation_statistic : str
        ``mean``, ``median`` or ``max`` of the scores of a source's light curves.
    al_directory, al_filename, consol_filename : str
        Folder to write to, to whose name the algorithm is added, and names of files.
    write_csv, write_consolidation_results, read_consolidation_results, do_not_save : bool
        Write .csv files and all sources too; read those in place of predictions; write nothing.
    """

    algorithm: str
    fields: Sequence[str] = (ALL,)
    group: str | None = None
    min_class_examples: int = 1000
    do_all_sources: bool = False
    probability_threshold: float = 0.9
    select_top_n: bool = False
    include_all_highprob_labels: bool = False
    exclude_training_sources: bool = False
    training_set: str | None = None
    consolidation_statistic: str = "mean"
    al_directory: str = "AL_datasets"
    al_filename: str = "active_learning_set"
    consol_filename: str = "inference_results"
    write_csv: bool = False
    write_consolidation_results: bool = False
    read_consolidation_results: bool = False
    do_not_save: bool = False


def select_fritz_sample(options: SelectionOptions, report: Report) -> None:
    """Make sources of light curves, draw examples of each class, and say how many.

    Raises
    ------
    UsageError
        If the algorithm is not known, or a training set is needed or cannot be used.
    NotFoundError
        If there are no predictions.
    """
    from scope.catalog.sample import SampleOptions, select_sample, with_not_variable
    from scope.io import write_parquet
    from scope.io.atomic import write_bytes

    known_algorithm(options.algorithm)
    folder = Path(f"{options.al_directory}_{options.algorithm}") / options.al_filename
    consolidated = folder / f"{options.consol_filename}_consol.parquet"
    sources = with_not_variable(_sources(options, consolidated, report), options.algorithm)
    if options.exclude_training_sources:
        sources = _without_training(options, sources, report)
    drawn = SampleOptions(
        classes=_classes(options),
        threshold=options.probability_threshold,
        count=None if options.do_all_sources else options.min_class_examples,
        top=options.select_top_n,
        all_labels=options.include_all_highprob_labels,
    )
    sample, counts = select_sample(sources, options.algorithm, drawn)
    report(f"{len(sources)} sources, {len(sample)} chosen")
    for tag, count in counts.items():
        report(f"  {tag:<10} {count:>8}  from {options.probability_threshold} on")
    if options.do_not_save:
        return
    output = folder / f"{options.al_filename}.parquet"
    sample.attrs = dict(sources.attrs)
    write_parquet(sample, output)
    if options.write_csv:
        sample.to_csv(output.with_suffix(".csv"), index=False)
    write_bytes(json.dumps(counts, indent=1).encode(), folder / "meta.json")
    report(str(output))


def _sources(options: SelectionOptions, consolidated: Path, report: Report) -> pd.DataFrame:
    """Return all sources: consolidated now, or read again."""
    from scope.catalog.consolidate import consolidate
    from scope.io import read_parquet, write_parquet

    if options.read_consolidation_results:
        if not consolidated.is_file():
            raise NotFoundError(
                "no consolidated sources",
                value=str(consolidated),
                todo="run with --write-consolidation-results first",
            )
        return read_parquet(consolidated)
    sources = consolidate(
        _predictions(options),
        algorithm=options.algorithm,
        statistic=options.consolidation_statistic,
    )
    if options.write_consolidation_results and not options.do_not_save:
        write_parquet(sources, consolidated)
        report(str(consolidated))
    return sources


def _predictions(options: SelectionOptions) -> list[Path]:
    """Return the files of predictions that are asked for."""
    root = Path(f"preds_{options.algorithm}")
    if list(options.fields) == [ALL]:
        found = [
            path
            for path in sorted(root.glob("field_*/field_*.parquet"))
            if re.fullmatch(r"field_\d+", path.stem) and path.parent.name == path.stem
        ]
        if not found:
            raise NotFoundError("no predictions of fields", value=str(root))
        return found
    names = [f"field_{name}" for name in options.fields]
    paths = [root / name / f"{name}.parquet" for name in names]
    if missing := [path for path in paths if not path.is_file()]:
        there = sorted(path.parent.name.removeprefix("field_") for path in root.glob("*/*.parquet"))
        raise NotFoundError(
            "no predictions", value=", ".join(map(str, missing)), allowed=there or "none are there"
        )
    return paths


def _classes(options: SelectionOptions) -> tuple[str, ...] | None:
    if options.group is None:
        return None
    from scope.workflows.scoring import load_groups

    (bundle,) = load_groups({options.algorithm: options.group})
    return bundle.classes


def _without_training(
    options: SelectionOptions, sources: pd.DataFrame, report: Report
) -> pd.DataFrame:
    """Return the sources that are not in the training set, by name or by position."""
    import numpy as np

    from scope.catalog.stars import SAME_STAR_ARCSEC
    from scope.io.user_tables import read_user_table
    from scope.lightcurves.sky import PositionTree

    if options.training_set is None:
        raise UsageError(
            "--exclude-training-sources without --training-set", todo="name the training set"
        )
    training = read_user_table(options.training_set, names=["obj_id"], places=("ra", "dec"))
    known = np.zeros(len(sources), dtype=bool)
    if "obj_id" in training:
        known |= sources["obj_id"].isin(set(training["obj_id"].dropna())).to_numpy()
    if "ra" in training and "dec" in training:
        tree = PositionTree(training["ra"].to_numpy(), training["dec"].to_numpy())
        known |= tree.nearest(sources["ra"], sources["dec"], SAME_STAR_ARCSEC)[0] >= 0
    elif "obj_id" not in training:
        raise UsageError(
            "--training-set", value=options.training_set, allowed="obj_id, or ra and dec"
        )
    report(f"{known.sum()} sources are in the training set")
    kept = sources[~known].reset_index(drop=True)
    kept.attrs = sources.attrs
    return kept
