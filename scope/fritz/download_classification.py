"""Classifications of sources from Fritz, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import MissingColumnError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config
    from scope.fritz.matched_features import MatchedFeatures
    from scope.fritz.taxonomy_map import TaxonomyMap

PARSE = "parse"
FORMATS = ("parquet", "h5", "csv")

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DownloadRequest:
    """Sources to download, and what is made of them.

    Attributes
    ----------
    file : str
        Table with obj_id, or ra and dec; ``parse`` takes the sources of `group_ids`.
    group_ids : sequence of int
    start : int
        Row to begin with, from 0, or with ``parse`` the page, from 1.
    merge_features : bool
        Join with the features of the light curves of the sources.
    features_catalog : str, optional
        Collection of features on Kowalski; by default the configured one.
    features_limit : int
        Sources that are asked for at a time; the result does not depend on it.
    taxonomy_map : str
        Map of classes, JSON.
    output_dir, output_filename, output_format : str
        Folder, name of the joined table, and parquet, h5 or csv.
    get_ztf_filters : bool
        Take filters from Kowalski's collection of light curves.
    impute_missing_features : bool
    update_training_set : bool
        Add what was voted for to the training set, whose copy has the prefix
        `updated_training_set_prefix`.
    min_vote_diff : int
        Net votes from which on a classification counts; 0 takes all of reviewed sources.
    config_path : str, optional
        Configuration file to use.
    workers : int
        CPU cores to compute features with.
    """

    file: str = PARSE
    group_ids: Sequence[int] = ()
    start: int = 0
    merge_features: bool = False
    features_catalog: str | None = None
    features_limit: int = 1000
    taxonomy_map: str = "golden_dataset_mapper.json"
    output_dir: str = "fritzDownload"
    output_filename: str = "merged_classifications_features"
    output_format: str = "parquet"
    get_ztf_filters: bool = False
    impute_missing_features: bool = False
    update_training_set: bool = False
    updated_training_set_prefix: str = "updated_AL"
    min_vote_diff: int = 1
    config_path: str | None = None
    workers: int = 1


def download_classification(request: DownloadRequest, report: Report) -> None:
    """Download classifications, periods and votes, and join them with features if asked to.

    Raises
    ------
    ScopeError
        If the request, a table, the map, Fritz or the survey cannot be used.
    """
    from scope.config.load import load_config
    from scope.fritz.taxonomy_map import read_map

    config = load_config(config_path=request.config_path)
    joins = request.merge_features or request.update_training_set
    mapper = read_map(request.taxonomy_map) if joins else None
    # What is wrong with the survey is said before anything is downloaded.
    features = _features(request, config) if joins else None
    table = _download(request, config, report)
    report(f"{len(table)} sources, {count_texts(table['classification'])} classified")
    if mapper is not None and features is not None:
        _join(request, config, features, table, mapper, report)


def count_texts(texts: pd.Series[str]) -> int:
    """Return how many cells hold something; an empty one of a CSV file is read as missing."""
    return int((texts.notna() & (texts != "")).sum())


def _download(request: DownloadRequest, config: Config, report: Report) -> pd.DataFrame:
    """Return the sources, from Fritz, or as they were downloaded before."""
    from scope.fritz.download_sources import (
        JOINED_COLUMNS,
        download_groups,
        download_table,
        is_downloaded,
    )
    from scope.fritz.server import open_fritz
    from scope.io.user_tables import read_user_table, require_rows

    if request.file == PARSE:
        if not request.group_ids:
            raise UsageError("no groups to download", todo="name them with --group-ids")
        page = max(1, request.start)
        more = f"_continued_page_{page}" if page > 1 else ""
        write = _writer(request, report, f"parse_fritzDownload{more}")
        with open_fritz(config, report) as fritz:
            return download_groups(fritz, request.group_ids, first_page=page, written=write)
    table = read_user_table(
        request.file, text=JOINED_COLUMNS, names=["obj_id"], places=("ra", "dec"), first=0
    )
    require_rows(table, request.file)
    if request.start >= len(table):
        raise UsageError(
            "--start", value=request.start, allowed=f"up to {len(table) - 1}, the last row"
        )
    if is_downloaded(table):
        report(f"{request.file} was downloaded before")
        return table.iloc[request.start :].reset_index(drop=True)
    write = _writer(request, report, f"{Path(request.file).stem}_fritzDownload")
    with open_fritz(config, report) as fritz:
        return download_table(fritz, table, start=request.start, path=request.file, written=write)


def _writer(request: DownloadRequest, report: Report, stem: str) -> Callable[[pd.DataFrame], None]:
    path = Path(request.output_dir) / f"{stem}.{request.output_format}"

    said = False

    def write(table: pd.DataFrame) -> None:
        nonlocal said
        _write(table, path)
        # Not before it is there.
        if not said:
            report(str(path))
        said = True

    return write


def _write(table: pd.DataFrame, path: Path, **facts: Any) -> None:
    import scope
    from scope.io import write_dataframe

    path.parent.mkdir(parents=True, exist_ok=True)
    kept = table.copy()
    kept.attrs.update({"pipeline_version": scope.__version__, **facts})
    write_dataframe(kept, path)


def _features(request: DownloadRequest, config: Config) -> MatchedFeatures:
    """Return the source of the features: a collection, or the configured archive."""
    from scope.fritz.matched_features import ArchiveFeatures, CollectionFeatures
    from scope.surveys.computed_features import ListedFeatures
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey

    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        names = config.kowalski.collections
        return CollectionFeatures(
            survey.client,
            request.features_catalog or names.features,
            limit=request.features_limit,
            filters_catalog=names.sources if request.get_ztf_filters else None,
        )
    if request.features_catalog is not None:
        raise UsageError(
            "--features-catalog with an archive, whose features are computed",
            value=request.features_catalog,
            todo="leave it out, or set the key survey to kowalski",
        )
    return ArchiveFeatures(survey, ListedFeatures(survey, config, workers=request.workers))


def _join(
    request: DownloadRequest,
    config: Config,
    features: MatchedFeatures,
    table: pd.DataFrame,
    mapper: TaxonomyMap,
    report: Report,
) -> None:
    from scope.fritz.merge_features import label_columns, merge_features

    votes = request.min_vote_diff if request.update_training_set else None
    labels = label_columns(table, mapper, min_vote_diff=votes)
    merged = merge_features(features, labels)
    if request.impute_missing_features:
        merged = _imputed(merged, config)
    name = Path(request.output_filename)
    path = Path(request.output_dir) / (
        name if name.suffix[1:] in FORMATS else f"{name}.{request.output_format}"
    )
    _write(merged, path, **features.facts(), imputed=bool(request.impute_missing_features))
    report(f"{len(merged)} light curves of {merged['obj_id'].nunique()} sources: {path}")
    if request.update_training_set:
        _update(request, config, merged, mapper, report)
        _remember(config, labels, report)


def _remember(config: Config, labels: pd.DataFrame, report: Report) -> None:
    """Put what was voted for into the ledger of labels, what is new of it."""
    from scope.active.ledger import Ledger
    from scope.fritz.vote_labels import vote_labels

    ledger = Ledger(config.active.ledger)
    report(f"{ledger.append(vote_labels(labels))} labels added to {ledger.path}")


def _imputed(merged: pd.DataFrame, config: Config) -> pd.DataFrame:
    from scope.fritz.merge_features import period_suffix
    from scope.preprocessing import impute_features

    suffix = period_suffix(merged)
    filled = impute_features(merged, self_impute=True, period_suffix=suffix, config=config)
    if "ztf_id" not in filled:
        raise MissingColumnError("no ids after imputation", value="ztf_id")
    return filled


def _update(
    request: DownloadRequest,
    config: Config,
    merged: pd.DataFrame,
    mapper: TaxonomyMap,
    report: Report,
) -> None:
    from scope.fritz.merge_features import updated_training_set
    from scope.io.user_tables import read_user_table

    path = Path(config.fritz.training_set)
    old = read_user_table(path, ids=["ztf_id"], names=["obj_id"])
    for name in ("ztf_id", "obj_id"):
        if name not in old:
            raise MissingColumnError(f"no such column in the training set {path}", value=name)
    new = updated_training_set(old, merged, list(mapper))
    output = path.with_name(f"{request.updated_training_set_prefix}_{path.name}")
    _write(new, output)
    report(f"{len(old)} rows before, {len(new)} now: {output}")
