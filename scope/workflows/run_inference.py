"""Score the light curves of a field, of specific ids, or of a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.checkout import SHIPPED_MODELS
from scope.errors import BundleError, UsageError
from scope.workflows.scoring import (
    ScoringOptions,
    check_scoring_options,
    report_predictions,
    with_searches,
)

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle
    from scope.workflows.feature_files import FieldPlace

PUBLISHED = "ELS_ECE_EAOV"
NO_SUFFIX = ("None", "none")


@dataclass(frozen=True, kw_only=True)
class InferenceOptions(ScoringOptions):
    """Features to score, by which models, and where the scores go.

    Attributes
    ----------
    features, output : str, optional
        File of features, and the file to write; without the first, `field` is scored.
    field, ccd, quad, whole_field, feature_directory, feature_file_prefix
        See `scope.workflows.feature_files.FieldPlace`.
    archive : str, optional
        Folder of light curves, where features have to be made; by default as configured.
    period_suffix : str, optional
        Period search that the models see; by default theirs.
    group_name, algorithm, xgb_model, models_dir
        Group of models; by default the configured one, of ./models, then of the checkout.
    classes : sequence of str, optional
        Tags of the classes to score; all of the group by default.
    paths_models, model_class_names : sequence of str, optional
        Files of one bundle, in place of a group, and the class of each.
    config_path : str, optional
        Configuration file to use.
    workers : int
        Classes that are scored at a time; no score depends on it.
    device : str
        ``cpu`` or ``cuda``; never another than asked for.
    """

    features: str | None = None
    output: str | None = None
    field: str | None = None
    ccd: int | None = None
    quad: int | None = None
    whole_field: bool = False
    archive: str | None = None
    feature_directory: str = "features"
    feature_file_prefix: str = "gen_features"
    period_suffix: str | None = None
    group_name: str | None = None
    algorithm: str
    xgb_model: bool = False
    models_dir: str | None = None
    classes: Sequence[str] | None = None
    paths_models: Sequence[str] | None = None
    model_class_names: Sequence[str] | None = None
    config_path: str | None = None
    workers: int = 1
    device: str = "cpu"

    def place_of(self, field: str) -> FieldPlace:
        """Return where the features of a field, or a list, lie."""
        from scope.workflows.feature_files import FieldPlace

        return FieldPlace(
            field=field,
            ccd=self.ccd,
            quad=self.quad,
            whole_field=self.whole_field,
            feature_directory=self.feature_directory,
            feature_file_prefix=self.feature_file_prefix,
        )


def run_inference(options: InferenceOptions, report: Callable[[str], None]) -> None:
    """Score what the options say, and report what became of the light curves.

    Predictions of a field lie in ``preds_<algorithm>/field_<N>`` of the working directory;
    features that are not there are made by the workflow.

    Raises
    ------
    UsageError
        If options contradict each other, or the models.
    ScopeError
        If features, models or light curves cannot be used.
    """
    from scope.config.load import load_config

    began = time.perf_counter()
    config = load_config(config_path=options.config_path)
    bundle, classes = models_of(options, config)
    check_scoring_options(options, [bundle])
    if options.period_suffix not in (None, bundle.period_suffix, *NO_SUFFIX):
        raise UsageError(
            "--period-suffix other than that of the models",
            value=options.period_suffix,
            allowed=bundle.period_suffix,
            todo="leave it out",
        )
    if (options.features is None) == (options.field is None):
        raise UsageError("inference on what", allowed="either --features FILE or --field N")
    if options.field is not None:
        output = _of_field(options, options.place_of(options.field), config, bundle, classes)
    else:
        if options.output is None:
            raise UsageError("--features without --output", todo="name the file to write")
        output = Path(options.output)
        _infer(options, config, bundle, classes, [Path(str(options.features))], output)
    report_predictions(output, config.thresholds.label, config.probabilities.strange_below, report)
    if options.time_run:
        report(f"{time.perf_counter() - began:.1f} s")


def _of_field(
    options: InferenceOptions,
    place: FieldPlace,
    config: Config,
    bundle: ModelBundle,
    classes: Sequence[str] | None,
) -> Path:
    """Score a field, a quadrant of it, or a list, and return where the predictions are."""
    from scope.catalog.documented import write_flagged, write_meta
    from scope.workflows.feature_files import (
        check_downloads,
        check_whole_field,
        feature_files,
        is_specific,
        output_name,
    )

    output = Path(options.output or output_name(place, bundle.algorithm))
    files = feature_files(place)
    if files:
        if place.whole_field and not is_specific(place.field):
            check_whole_field(place, _with_archive(options, config), files)
        check_downloads(place, files)
        _infer(options, config, bundle, classes, files, output)
    else:
        config = workflow_config(options, config, bundle, classes)
        _through_workflow(options, place, config, bundle, classes, output)
    if options.flag_ids:
        write_flagged(output)
    if not options.no_write_metadata:
        write_meta(output, place.field, bundle)
    return output


def workflow_config(
    options: InferenceOptions, config: Config, bundle: ModelBundle, classes: Sequence[str] | None
) -> Config:
    """Return the configuration with which the workflow scores by this bundle."""
    from scope.config.load import load_config, merge

    overrides = {
        "inference": {
            "algorithms": [bundle.algorithm],
            "group": {bundle.algorithm: bundle.folder.name},
            "classes": classes,
            **({"batch_rows": options.batch_size} if options.batch_size else {}),
        },
    }
    if not is_the_workflows(bundle):
        # What the workflow makes for it are features, which need no group.
        del overrides["inference"]["group"], overrides["inference"]["classes"]
    merged = load_config(overrides=merge(_with_archive(options, config).model_dump(), overrides))
    return with_searches(merged, [bundle], explicit=False)


def _with_archive(options: InferenceOptions, config: Config) -> Config:
    """Return the configuration with the archive that the options name."""
    from scope.config.load import load_config, merge

    if not options.archive:
        return config
    overrides = {"survey": "archive", "archive": options.archive}
    return load_config(overrides=merge(config.model_dump(), overrides))


def is_the_workflows(bundle: ModelBundle) -> bool:
    """Whether the workflow finds this bundle by the name of its folder."""
    from scope.tasks.variables.bundles.model_bundle import bundle_folder

    try:
        found = bundle_folder(
            [Path("models"), SHIPPED_MODELS], bundle.algorithm, bundle.folder.name
        )
    except BundleError:
        return False
    return found.resolve() == bundle.folder.resolve()


def _through_workflow(
    options: InferenceOptions,
    place: FieldPlace,
    config: Config,
    bundle: ModelBundle,
    classes: Sequence[str] | None,
    output: Path,
) -> None:
    """Let the workflow make what is missing; its products are left in their documented places.

    It scores whole targets on the CPU with bundles that it finds by their group. For all else
    it makes the features, and they are scored here.
    """
    from scope.runs.placing import place_product
    from scope.runs.run_workflow import run_workflow
    from scope.targets.plan import Plan
    from scope.workflows.feature_files import target_of, unit_of

    target, unit = target_of(place), unit_of(place)
    # A target that is not there is said here, in one line, and not by Snakemake.
    units = Plan(config).units(target) if unit is None else [unit]
    if unit is not None or options.device != "cpu" or not is_the_workflows(bundle):
        features = [Path(f"results/features/{target}/{name}.parquet") for name in units]
        run_workflow(features, config, cores=options.workers)
        _infer(options, config, bundle, classes, features, output)
        return
    made = Path(f"results/preds_{bundle.algorithm}/{target}.parquet")
    made_csv = [made.with_suffix(".csv")] if options.write_csv else []
    run_workflow([made, *made_csv], config, cores=options.workers)
    place_product(made, output)
    for path in made_csv:
        place_product(path, output.with_suffix(".csv"))


def models_of(
    options: InferenceOptions, config: Config
) -> tuple[ModelBundle, Sequence[str] | None]:
    """Return the bundle, and the classes of it that are asked for, None for all."""
    from scope.config.algorithms import known_algorithm
    from scope.tasks.variables.bundles.model_bundle import ModelBundle, bundle_folder

    if options.paths_models or options.model_class_names:
        bundle = ModelBundle.load(_folder_of(options.paths_models or []))
        return bundle, _classes_of(options, bundle)
    algorithm = "xgb" if options.xgb_model else known_algorithm(options.algorithm)
    group = options.group_name or config.inference.group_of(algorithm)
    folders = [options.models_dir] if options.models_dir else [Path("models"), SHIPPED_MODELS]
    return ModelBundle.load(bundle_folder(folders, algorithm, group)), options.classes


def _folder_of(paths: Sequence[str]) -> Path:
    folders = {Path(path).parent for path in paths}
    if len(folders) != 1:
        raise UsageError(
            "--paths-models",
            value=" ".join(paths) or "none",
            allowed="files of one model bundle",
            todo="name a group with --group-name instead",
        )
    return folders.pop()


def _classes_of(options: InferenceOptions, bundle: ModelBundle) -> list[str]:
    """Return the classes of files of a bundle, which must be those that are named."""
    names = list(options.model_class_names or [])
    files = [Path(path).name for path in options.paths_models or ()]
    members = {member["file"]: member["class"] for member in bundle.manifest["members"]}
    if len(names) != len(files):
        raise UsageError(
            "--model-class-names",
            value=f"{len(names)} for {len(files)} --paths-models",
            allowed="one for each",
        )
    for name, file in zip(names, files, strict=True):
        if members.get(file) != name:
            raise BundleError(
                f"file that is no model of class {name!r}",
                value=str(bundle.folder / file),
                allowed=[f"{tag}: {path}" for path, tag in members.items()],
            )
    return names


def _infer(
    options: InferenceOptions,
    config: Config,
    bundle: ModelBundle,
    classes: Sequence[str] | None,
    files: Sequence[Path],
    output: Path,
) -> None:
    from scope.catalog.infer_file import infer_files

    infer_files(
        files,
        output,
        bundle=bundle,
        classes=classes,
        rows=options.batch_size or config.inference.batch_rows,
        workers=options.workers,
        device=options.device,
        write_csv=options.write_csv,
        without_suffix=_may_lack_suffix(options, bundle),
    )


def _may_lack_suffix(options: InferenceOptions, bundle: ModelBundle) -> bool:
    """Whether features without the name of a period search are taken for the models'.

    Those of Kowalski are: they were made by the published search.
    """
    return options.period_suffix in NO_SUFFIX or bundle.period_suffix == PUBLISHED
