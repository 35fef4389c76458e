"""The features of a quadrant, of a list of sources, or of a file of light curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import InputError, NotFoundError, UsageError
from scope.workflows.feature_files import FIRST, SPECIFIC
from scope.workflows.generation import (
    MOST_PER_QUERY,
    GenerationOptions,
    backend_of,
    check_workflow_backend,
    generation_config,
)

if TYPE_CHECKING:
    from scope.features.compute_features import Summary

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FeatureRequest:
    """Light curves whose features are computed, and where these go.

    Attributes
    ----------
    light_curves, output : str, optional
        File of light curves, and the file to write; `chunk_size` light curves are in memory.
    field, ccd, quad : int
        A quadrant.
    do_specific_ids : bool
        The sources of `fg_dataset`, by default of the configured list; of a row with a position
        all light curves within `cone_radius_arcsec`.
    do_quadrant_file : bool
        The quadrant that row `quadrant_index` of ``<dirname>/slurm/<quadrant_file>`` names.
    dirname, filename : str
        Folder in which features of a survey are left, and how names of files begin there.
    do_not_save : bool
        Leave nothing there.
    """

    light_curves: str | None = None
    output: str | None = None
    chunk_size: int = 512
    field: int | None = None
    ccd: int = 1
    quad: int = 1
    do_specific_ids: bool = False
    fg_dataset: str | None = None
    cone_radius_arcsec: float | None = None
    do_quadrant_file: bool = False
    quadrant_file: str = "slurm.dat"
    quadrant_index: int = 0
    dirname: str = "generated_features"
    filename: str = "gen_features"
    do_not_save: bool = False


def generate_features(request: FeatureRequest, options: GenerationOptions, report: Report) -> None:
    """Compute features, and report what became of the light curves.

    Features of a survey are products of the workflow in ``results/features``.

    Raises
    ------
    UsageError
        If nothing was asked for, or several things were.
    ScopeError
        If light curves or the configuration cannot be used.
    """
    ways = {
        "--light-curves": request.light_curves is not None,
        "--doSpecificIDs": request.do_specific_ids,
        "--doQuadrantFile": request.do_quadrant_file,
        "--field": request.field is not None,
    }
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) != 1:
        raise UsageError(
            "features of what",
            value=", ".join(chosen) or "nothing",
            allowed=f"one of {', '.join(ways)}",
            todo="see `generate-features --help`",
        )
    if request.light_curves is not None:
        _of_file(request.light_curves, request, options, report)
    elif request.do_specific_ids:
        _of_list(request, options, report)
    elif request.field is not None:
        _of_quadrant(request, options, report, request.field, request.ccd, request.quad)
    else:
        _of_quadrant(request, options, report, *_listed_quadrant(request))


def _of_file(
    path: str, request: FeatureRequest, options: GenerationOptions, report: Report
) -> None:
    """Compute the features of a file of light curves, without the workflow."""
    from scope.features.generate_features import generate_features as generate

    if request.output is None:
        raise UsageError("--light-curves without --output", todo="name the file to write")
    config = generation_config(options)
    summary = generate(
        path,
        request.output,
        cleaning=config.cleaning_options(),
        options=config.feature_options(),
        backend=backend_of(options) or config.backend(),
        workers=options.workers or 1,
        rows=request.chunk_size,
        facts={"config_hash": config.config_hash},
    )
    _report_summary(summary, request.output, report)


def _of_quadrant(
    request: FeatureRequest,
    options: GenerationOptions,
    report: Report,
    field: int,
    ccd: int,
    quad: int,
) -> None:
    """Let the workflow compute the features of a quadrant."""
    from scope.runs.placing import place_product
    from scope.runs.run_workflow import run_workflow
    from scope.surveys.base import parse_unit, unit_name

    unit = unit_name(ccd, quad)
    parse_unit(unit)
    _check(request, options)
    folder = Path(request.dirname) / f"field_{field}"
    stem = f"{request.filename}_field_{field}_ccd_{ccd}_quad_{quad}"
    if options.stop_early:
        name = f"field_{field}_{unit}{FIRST}"
        settings = {"path": _first_of_quadrant(options, field, unit)}
        _run_list(request, options, report, name, settings, folder / f"{stem}{FIRST}.parquet")
        return
    place = folder / f"{stem}.parquet"
    product = Path(f"results/features/field_{field}/{unit}.parquet")
    run_workflow([product], generation_config(options), cores=options.workers)
    _report_product(product, report)
    if not request.do_not_save:
        report(str(place_product(product, place)))


def _of_list(request: FeatureRequest, options: GenerationOptions, report: Report) -> None:
    """Let the workflow compute the features of a list of sources."""
    _check(request, options)
    name, settings = SPECIFIC, {} if request.fg_dataset is None else {"path": request.fg_dataset}
    if options.stop_early:
        # As the whole list is looked for, under a name of its own.
        name = f"{SPECIFIC}{FIRST}"
        configured = generation_config(options).lists.get(SPECIFIC)
        settings = {} if configured is None else configured.model_dump()
        settings["path"] = _first_of_list(request, options)
    place = Path(request.dirname) / SPECIFIC / f"{request.filename}_{name}.parquet"
    _run_list(request, options, report, name, settings, place)


def _run_list(
    request: FeatureRequest,
    options: GenerationOptions,
    report: Report,
    name: str,
    settings: dict[str, Any],
    place: Path,
) -> None:
    from scope.runs.run_workflow import run_workflow
    from scope.targets.plan import Plan
    from scope.workflows.lists import place_joined, report_list

    if request.cone_radius_arcsec is not None:
        settings = {**settings, "cone_radius_arcsec": request.cone_radius_arcsec}
    config = generation_config(options, **({"lists": {name: settings}} if settings else {}))
    target = f"ids_{name}"
    units = Plan(config).units(target)
    products = [Path(f"results/features/{target}/{unit}.parquet") for unit in units]
    run_workflow(products, config, cores=options.workers)
    report_list(target, report)
    for product in products:
        _report_product(product, report)
    if not request.do_not_save:
        report(str(place_joined(products, place)))


def _listed_quadrant(request: FeatureRequest) -> tuple[int, int, int]:
    """Return field, ccd and quad of a row of the list of quadrants."""
    path = Path(request.dirname) / "slurm" / request.quadrant_file
    if not path.is_file():
        raise NotFoundError("no such list of quadrants", value=str(path))
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] == str(request.quadrant_index):
            try:
                field, ccd, quad = (int(word) for word in words[1:4])
            except ValueError:
                raise InputError(
                    f"row of {path} that names no quadrant",
                    value=line,
                    allowed="index, field, ccd and quad, separated by spaces",
                ) from None
            return field, ccd, quad
    raise NotFoundError(f"no row of this index in {path}", value=request.quadrant_index)


def _first_of_quadrant(options: GenerationOptions, field: int, unit: str) -> str:
    """Write the first ids of a quadrant as a list, and return its path."""
    from scope.surveys.open import configured_survey
    from scope.targets.lists import ids_only, write_source_list

    survey = configured_survey(generation_config(options))
    ids = survey.sources(field, unit).column("_id").to_numpy()
    path = f"results/lists/field_{field}_{unit}{FIRST}.parquet"
    write_source_list(ids_only(ids[: options.query_size_limit or MOST_PER_QUERY]), path)
    return path


def _first_of_list(request: FeatureRequest, options: GenerationOptions) -> str:
    """Write the first rows of a list as a list, and return its path."""
    from scope.targets.lists import read_source_list, write_source_list
    from scope.targets.plan import Plan

    table: str | Path | None = request.fg_dataset
    if table is None:
        table = Plan(generation_config(options)).source_list(f"ids_{SPECIFIC}").path
    path = f"results/lists/{SPECIFIC}{FIRST}.parquet"
    wanted = read_source_list(table)[: options.query_size_limit or MOST_PER_QUERY]
    write_source_list(wanted, path)
    return path


def _check(request: FeatureRequest, options: GenerationOptions) -> None:
    if request.output is not None:
        raise UsageError(
            "--output without --light-curves",
            value=request.output,
            todo="name --dirname and --filename",
        )
    check_workflow_backend(options)


def _report_product(product: Path, report: Report) -> None:
    """Say what became of the light curves of a file of features."""
    from collections import Counter

    from scope.features.compute_features import Summary
    from scope.io import read_table

    column = read_table(product, ["reason"]).column("reason").to_pylist()
    reasons = Counter(reason for reason in column if reason is not None)
    summary = Summary(len(column), dict(sorted(reasons.items())))
    _report_summary(summary, str(product), report)


def _report_summary(summary: Summary, output: str, report: Report) -> None:
    """Say what became of the light curves."""
    from scope.lightcurves.points import POINT_REASONS
    from scope.schema import REASONS

    without = summary.rows - summary.with_features
    report(f"{summary.rows} light curves: {summary.with_features} with features, {without} without")
    width = max((len(reason) for reason in summary.reasons), default=0)
    for reason, count in summary.reasons.items():
        report(f"  {reason:<{width}}  {count:>8}  {REASONS[reason]}")
    if summary.left_out:
        report(f"{sum(summary.left_out.values())} points left out")
    width = max((len(reason) for reason in summary.left_out), default=0)
    for reason, count in summary.left_out.items():
        report(f"  {reason:<{width}}  {count:>8}  {POINT_REASONS[reason]}")
    report(output)
