"""The features of the light curves that `scope.workflows.get_quad_ids` listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import InputError, NotFoundError, UsageError
from scope.workflows.survey_choice import span, survey_config

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from scope.catalog.get_features import FeatureFile, FeatureSource, Impute
    from scope.config.model import Config

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class ListedOptions:
    """Lists of ids, where their features are from, and where they go.

    Attributes
    ----------
    field : int
    ccd_range, quad_range : sequence of int
        First and last, or one alone.
    whole_field : bool
        Read the ids of the whole field from one file.
    start, end : int, optional
        First place in the list of ids, and the one after the last; of a whole field only.
    archive, config_path : str, optional
        Folder of light curves, and configuration file; by default as configured.
    features_catalog : str, optional
        Collection of Kowalski to download from; by default the configured one.
    ids_dir, output_dir : str, optional
        Where the ids are, and where to write; by default ids/ and features/field_<N>.
    suffix : str, optional
        Stands in the names of the files.
    limit_per_query, max_sources : int
        Light curves of a query, on which nothing depends, and of a file.
    restart, no_write_results, write_csv : bool
        Make files again; write nothing, to try the survey; write .csv files too.
    column_list : sequence of str, optional
        Features to take, beside _id and reason; all by default.
    impute_missing_features, no_self_impute : bool
        Fill missing features, from the file itself or from what the configured models learned.
    tm : bool
        Say how long each step took.
    workers : int
        CPU cores to compute features with.
    """

    field: int
    ccd_range: Sequence[int] = (1, 16)
    quad_range: Sequence[int] = (1, 4)
    whole_field: bool = False
    start: int | None = None
    end: int | None = None
    archive: str | None = None
    config_path: str | None = None
    features_catalog: str | None = None
    ids_dir: str | None = None
    output_dir: str | None = None
    suffix: str | None = None
    limit_per_query: int = 1000
    max_sources: int = 100_000
    restart: bool = False
    no_write_results: bool = False
    write_csv: bool = False
    column_list: Sequence[str] | None = None
    impute_missing_features: bool = False
    no_self_impute: bool = False
    tm: bool = False
    workers: int = 1


def get_features(options: ListedOptions, report: Report) -> None:
    """Write the features of listed light curves: downloaded, or computed from an archive.

    What was interrupted goes on where it stopped.

    Raises
    ------
    UsageError
        If options contradict each other, or the survey.
    NotFoundError
        If there are no lists, or nothing is in them.
    ScopeError
        If the configuration or the survey cannot be used.
    """
    from scope.catalog import get_features as library

    config = survey_config(options.archive, options.config_path)
    if options.whole_field and (options.start or 0) % options.max_sources and not options.suffix:
        raise UsageError(
            "--start",
            value=options.start,
            allowed=f"multiples of --max-sources, {options.max_sources}",
            todo="or name the files otherwise with --suffix: they would lie where those of "
            "other light curves belong",
        )
    folder = Path(options.output_dir or f"features/field_{options.field}")
    files: list[FeatureFile] = []
    lists = list(_lists(options, report))
    if not any(len(ids) for _, ids, _ in lists):
        raise NotFoundError(
            "no light curves in the lists of ids",
            value=f"field {options.field}, {options.ids_dir or f'ids/field_{options.field}'}",
            todo="run get-quad-ids again, for a field or a collection that has some",
        )
    for name, ids, units in lists:
        with _timed(f"features of {name}", options.tm, report):
            files += library.get_features(
                _source(options, config, units),
                ids,
                folder / (f"{name}_{options.suffix}" if options.suffix else name),
                max_sources=options.max_sources,
                start=options.start or 0,
                end=options.end,
                restart=options.restart,
                impute=_impute(options, config),
                csv=options.write_csv,
                write=not options.no_write_results,
                facts={
                    "feature_columns": options.column_list,
                    "features_self_imputed": not options.no_self_impute,
                },
            )
    _report_files(report, files, folder, written=not options.no_write_results)


def _lists(
    options: ListedOptions, report: Report
) -> Iterator[tuple[str, npt.NDArray[np.int64], list[str]]]:
    """Yield the name of each list of ids, the ids, and the quadrants that they are of."""
    from scope.surveys.base import unit_name
    from scope.surveys.get_quad_ids import quadrant_file, read_quad_ids

    folder = Path(options.ids_dir or f"ids/field_{options.field}")
    places = [
        (ccd, quad)
        for ccd in span(options.ccd_range, "ccd", 16)
        for quad in span(options.quad_range, "quad", 4)
    ]
    if options.whole_field:
        with _timed("reading ids", options.tm, report):
            ids = read_quad_ids(folder / f"field_{options.field}.h5")
        yield f"field_{options.field}", ids, [unit_name(*place) for place in places]
        return
    if options.start is not None or options.end is not None:
        raise UsageError("--start and --end", todo="use them with --whole-field")
    there = [place for place in places if (folder / quadrant_file(*place)).is_file()]
    if not there:
        raise NotFoundError(
            "no ids of these quadrants",
            value=str(folder / quadrant_file(*places[0])),
            todo="run get-quad-ids first, or use --whole-field for its whole field",
        )
    for place in there:
        unit = unit_name(*place)
        yield unit, read_quad_ids(folder / quadrant_file(*place)), [unit]


def _source(options: ListedOptions, config: Config, units: list[str]) -> FeatureSource:
    from scope.surveys.computed_features import ComputedFeatures
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey
    from scope.surveys.stored_features import KowalskiFeatures

    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        return KowalskiFeatures(
            survey.client,
            options.features_catalog or config.kowalski.collections.features,
            ids_per_query=options.limit_per_query,
            columns=options.column_list,
        )
    if options.features_catalog is not None:
        raise UsageError(
            "--features-catalog with an archive, whose features are computed",
            value=options.features_catalog,
            todo="leave it out, or set the key survey to kowalski",
        )
    present = [unit for unit in survey.units(options.field) if unit in units]
    return ComputedFeatures(
        survey,
        options.field,
        present,
        config,
        workers=options.workers,
        columns=options.column_list,
    )


def _impute(options: ListedOptions, config: Config) -> Impute | None:
    """Return what fills missing features, None if nothing does."""
    if not options.impute_missing_features:
        return None

    def impute(frame: pd.DataFrame) -> pd.DataFrame:
        from scope.preprocessing import impute_features

        # Collections of features have one period search, and no suffix.
        suffix: Any = "None" if "period" in frame.columns else None
        alone = not options.no_self_impute
        try:
            return impute_features(frame, self_impute=alone, period_suffix=suffix, config=config)
        except InputError as error:
            if not alone:
                raise
            raise InputError(
                "missing features that cannot be filled from the file itself",
                value=f"{error.what}: {error.value}",
                todo="fill them from what the configured models learned, with --no-self-impute, "
                "or leave out --impute-missing-features: run-inference fills them too",
            ) from error

    return impute


@contextmanager
def _timed(what: str, wanted: bool, report: Report) -> Iterator[None]:
    began = time.perf_counter()
    yield
    if wanted:
        report(f"{what}: {time.perf_counter() - began:.1f} s")


def _report_files(
    report: Report, files: Sequence[FeatureFile], folder: Path, *, written: bool
) -> None:
    """Say what became of the light curves."""
    rows, without = sum(file.rows for file in files), sum(file.without for file in files)
    report(f"{rows} light curves: {rows - without} with features, {without} without")
    if written:
        kept = sum(file.kept for file in files)
        report(f"{len(files) - kept} files written, {kept} were there already")
        report(str(folder))
