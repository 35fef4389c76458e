"""Classifications and photometry of the sources of a table to Fritz."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scope.errors import ServiceError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config
    from scope.fritz.journal import Journal
    from scope.fritz.photometry import LightCurveSource
    from scope.fritz.results import ResultFiles
    from scope.fritz.upload_options import UploadOptions
    from scope.fritz.upload_rows import UploadRow
    from scope.services.fritz import Fritz


@dataclass(frozen=True, kw_only=True)
class UploadRequest:
    """A table, the classes that it has, and where results are written.

    Attributes
    ----------
    file : str
        Table with ra and dec, CSV, HDF5 or Parquet.
    classification : sequence of str
        Columns with probabilities, or ``read`` for all of the taxonomy map.
    taxonomy_map : str
        File of the map, JSON.
    p_threshold : float
        Lowest probability that is posted; with 0, all above 0.
    start, stop : int
        First row, from 0, and last row, included.
    use_existing_obj_id : bool
        Take names of sources from the column obj_id.
    no_ml : bool
        The classifications do not come from a model.
    ignore_field_check, include_strange : bool
        Upload also where models find classes in noise, and what is unlike all that they know.
    result_dir, result_filetag, result_format : str
        Folder of the results, end of their names, and csv, h5 or parquet.
    write_obj_id : bool
        Write a copy of the table with the names of sources.
    dry_run : bool
        Show what would be sent, and send nothing.
    config_path : str, optional
        Configuration file to use.
    """

    file: str
    classification: Sequence[str]
    taxonomy_map: str
    p_threshold: float = 0.0
    start: int = 0
    stop: int | None = None
    use_existing_obj_id: bool = False
    no_ml: bool = False
    ignore_field_check: bool = False
    include_strange: bool = False
    result_dir: str = "fritzUpload"
    result_filetag: str = "fritzUpload"
    result_format: str = "parquet"
    write_obj_id: bool = False
    dry_run: bool = False
    config_path: str | None = None


def upload_classification(
    request: UploadRequest, options: UploadOptions, report: Callable[[str], None]
) -> None:
    """Upload what is asked for; nothing is posted twice.

    Raises
    ------
    ServiceError
        If Fritz refuses some of it.
    ScopeError
        If the table, the map or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.fritz.field_check import require_field_check, without_strange
    from scope.fritz.journal import Journal
    from scope.fritz.results import ResultFiles, write_named
    from scope.fritz.server import open_fritz
    from scope.fritz.upload import Upload
    from scope.fritz.upload_rows import PERIOD, SURVEY_ID
    from scope.io.user_tables import read_user_table, require_rows

    config = load_config(config_path=request.config_path)
    table = read_user_table(
        request.file, known=[PERIOD], names=["obj_id", SURVEY_ID], places=("ra", "dec"), first=0
    )
    require_rows(table, request.file)
    require_field_check(table.attrs, request.file, forced=request.ignore_field_check)
    if not request.include_strange:
        table = without_strange(table, config.probabilities.strange_below)
    stem = f"{Path(request.file).stem}_{request.result_filetag}"
    files = ResultFiles(Path(request.result_dir), stem, request.result_format)
    options = replace(options, ml=not request.no_ml, batch=config.fritz.batch)
    light_curves = light_curve_source(config, options)
    with open_fritz(config, report, dry_run=request.dry_run) as fritz:
        rows = _checked_rows(request, table, fritz)

        def saved(names: dict[int, str]) -> None:
            if request.write_obj_id and not request.dry_run:
                write_named(table, names, files.named)

        journal_path = None if request.dry_run else files.journal
        with Journal(journal_path, fritz.options.address) as journal:
            try:
                Upload(fritz, journal, options, light_curves, saved).run(rows)
            finally:
                if not request.dry_run:
                    refused = write_results(journal, files, report)
    if not request.dry_run and refused:
        raise_refused(refused, files)


def write_results(journal: Journal, files: ResultFiles, report: Callable[[str], None]) -> int:
    """Write the receipt, say what was done, and return how many steps were refused."""
    from scope.fritz.journal import REFUSED
    from scope.fritz.results import receipt_lines, write_receipt

    write_receipt(journal, files.receipt)
    for line in receipt_lines(journal) or ["nothing to do"]:
        report(line)
    report(str(files.receipt))
    return sum(step.get("status") == REFUSED for step in journal.steps(fresh=True))


def raise_refused(number: int, files: ResultFiles) -> NoReturn:
    """Raise for steps that Fritz has refused."""
    raise ServiceError(
        "steps that Fritz refuses",
        value=number,
        todo=f"{files.receipt} says why; the next run tries them again",
    )


def _checked_rows(request: UploadRequest, table: pd.DataFrame, fritz: Fritz) -> list[UploadRow]:
    """Return the rows; their classes are all on Fritz."""
    from scope.fritz.sources import check_name, named
    from scope.fritz.taxonomy import fetch_taxonomies
    from scope.fritz.taxonomy_map import read_map
    from scope.fritz.upload_rows import class_columns, upload_rows

    mapper = read_map(request.taxonomy_map)
    columns = class_columns(table, request.classification, mapper)
    mapper.check(fetch_taxonomies(fritz), columns)
    rows = upload_rows(
        table,
        columns,
        mapper,
        p_threshold=request.p_threshold,
        start=request.start,
        stop=request.stop,
        path=request.file,
    )
    if request.use_existing_obj_id:
        for row in rows:
            if row.classes:
                check_name(named(row), f"row {row.number} of {request.file}")
    return rows


def light_curve_source(config: Config, options: UploadOptions) -> LightCurveSource | None:
    """Return where photometry comes from; None if there is no survey and none is needed.

    Raises
    ------
    UsageError
        If there is none, and photometry or pictures are asked for.
    """
    from scope.fritz.photometry import LightCurveSource
    from scope.surveys.open import configured_survey
    from scope.surveys.registry import survey_kind

    if survey_kind(config).is_configured(config):
        return LightCurveSource(lambda: configured_survey(config))
    if options.pictures or not options.skip_phot:
        raise UsageError(
            "no survey to take photometry from",
            todo="set the key archive to a folder of light curves, or survey to kowalski; or give "
            "--skip-phot",
        )
    return None
