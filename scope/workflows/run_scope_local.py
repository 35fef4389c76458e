"""From a list of sources to predictions, in folders named by the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.checkout import CHECKOUT
from scope.config.algorithms import known_algorithm
from scope.workflows.feature_files import SPECIFIC
from scope.workflows.generation import (
    MOST_PER_QUERY,
    GenerationOptions,
    check_workflow_backend,
    generation_config,
)
from scope.workflows.scoring import (
    ScoringOptions,
    check_algorithms,
    check_scoring_options,
    load_groups,
    report_predictions,
    with_searches,
)

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

TIME_LABEL = "%Y-%m-%dT%H-%M-%S"


@dataclass(frozen=True, kw_only=True)
class ListOptions(ScoringOptions):
    """Sources to classify, by which models, and where products are left.

    Attributes
    ----------
    path_dataset : str
        Table of sources, by id of a light curve or by position.
    cone_radius_arcsec : float
        Around positions, all light curves within it are taken.
    save_sources_filepath : str
        File to write the light curves found to.
    algorithms, group_names : sequence of str, optional
        They go together in order; by default as configured.
    dirname, filename : str
        Folder to leave features in, with the time added to its name, and how names of files
        begin there.
    do_not_save : bool
        Leave no features there.
    """

    path_dataset: str
    cone_radius_arcsec: float = 2.0
    save_sources_filepath: str = "sources.parquet"
    algorithms: Sequence[str] | None = None
    group_names: Sequence[str] | None = None
    dirname: str = "generated_features"
    filename: str = "gen_features"
    do_not_save: bool = False


def run_scope_local(
    options: ListOptions, generation: GenerationOptions, report: Callable[[str], None]
) -> str:
    """Find light curves of a list, compute their features and score them.

    Returns
    -------
    str
        The time that names the folders, ``YYYY-MM-DDThh-mm-ss`` UTC.

    Raises
    ------
    ScopeError
        If options contradict each other, or the list, a survey or models cannot be used.
    """
    check_workflow_backend(generation)
    began = datetime.now(UTC).strftime(TIME_LABEL)
    groups = _groups(options, generation)
    bundles = load_groups(groups)
    check_scoring_options(options, bundles)
    config = with_searches(
        _config(options, generation, began, groups),
        bundles,
        explicit=generation.period_algorithms is not None,
    )
    _make(options, began, config, groups, cores=generation.workers)
    _place(options, began, config, bundles, report)
    if options.time_run:
        seconds = (datetime.now(UTC) - _parsed(began)).total_seconds()
        report(f"{seconds:.0f} s")
    report(began)
    return began


def _groups(options: ListOptions, generation: GenerationOptions) -> dict[str, str]:
    """Return the group of models for each algorithm."""
    if options.group_names is None and options.algorithms is None:
        inference = generation_config(generation).inference
        return {name: inference.group_of(name) for name in inference.algorithms}
    algorithms = options.algorithms or list(generation_config(generation).inference.algorithms)
    for name in algorithms:
        known_algorithm(name)
    if options.group_names is None:
        inference = generation_config(generation).inference
        return {name: inference.group_of(name) for name in algorithms}
    return check_algorithms(algorithms, options.group_names)


def _config(
    options: ListOptions, generation: GenerationOptions, began: str, groups: Mapping[str, str]
) -> Config:
    path = list_path(options.path_dataset)
    if generation.stop_early:
        from scope.targets.lists import read_source_list, write_source_list

        first = read_source_list(path)[: generation.query_size_limit or MOST_PER_QUERY]
        path = Path(f"results/lists/{began}_first.parquet")
        write_source_list(first, path)
    inference: dict[str, Any] = {"algorithms": list(groups), "group": dict(groups)}
    if options.batch_size:
        inference["batch_rows"] = options.batch_size
    return generation_config(
        generation,
        lists={began: {"path": str(path), "cone_radius_arcsec": options.cone_radius_arcsec}},
        targets=[f"ids_{began}"],
        inference=inference,
    )


def list_path(name: str) -> Path:
    """Return the path of a list: as it is, or below the checkout if it is there only."""
    path, shipped = Path(name), CHECKOUT / name
    return shipped if not path.exists() and shipped.exists() else path


def _make(
    options: ListOptions, began: str, config: Config, algorithms: Iterable[str], cores: int | None
) -> None:
    """Let the workflow make the predictions."""
    from scope.runs.run_workflow import run_workflow
    from scope.targets.plan import Plan

    # A list or a survey that is not there is said here, in one line, and not by Snakemake.
    Plan(config).units(f"ids_{began}")
    suffixes = ["parquet", "csv"] if options.write_csv else ["parquet"]
    products = [
        f"results/preds_{algorithm}/ids_{began}.{suffix}"
        for algorithm in algorithms
        for suffix in suffixes
    ]
    run_workflow(products, config, cores=cores)


def _place(
    options: ListOptions,
    began: str,
    config: Config,
    bundles: Sequence[ModelBundle],
    report: Callable[[str], None],
) -> None:
    """Put the products where the documents look for them, and say what there is."""
    from scope.catalog.documented import write_flagged, write_meta
    from scope.runs.placing import place_product
    from scope.targets.plan import Plan
    from scope.workflows.lists import place_joined, report_list, write_found

    target = f"ids_{began}"
    report_list(target, report)
    report(str(write_found(target, options.save_sources_filepath)))
    if not options.do_not_save:
        units = Plan(config).units(target)
        folder = Path(f"{options.dirname}_{began}") / SPECIFIC
        name = f"{options.filename}_{began}_{SPECIFIC}.parquet"
        products = [Path(f"results/features/{target}/{unit}.parquet") for unit in units]
        report(str(place_joined(products, folder / name)))
    stem = f"field_{began}_{SPECIFIC}"
    for bundle in bundles:
        made = Path(f"results/preds_{bundle.algorithm}/{target}.parquet")
        place = Path(f"preds_{bundle.algorithm}") / stem / f"{stem}.parquet"
        place_product(made, place)
        if options.write_csv:
            place_product(made.with_suffix(".csv"), place.with_suffix(".csv"))
        if options.flag_ids:
            write_flagged(place)
        if not options.no_write_metadata:
            write_meta(place, f"{began}_{SPECIFIC}", bundle)
        report_predictions(
            place, config.thresholds.label, config.probabilities.strange_below, report
        )


def _parsed(began: str) -> datetime:
    return datetime.strptime(began, TIME_LABEL).replace(tzinfo=UTC)
