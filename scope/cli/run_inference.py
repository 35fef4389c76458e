"""``run-inference``: score the light curves of a field, of specific ids, or of a file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.checkout import SHIPPED_MODELS
from scope.cli.algorithm_option import add_algorithm, check_algorithm
from scope.cli.arguments import Parser, available_cpus, positive_int
from scope.cli.inference_options import (
    add_inference_options,
    check_inference_options,
    with_searches,
)
from scope.cli.run import run_command, show_progress
from scope.errors import BundleError, UsageError

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

SPECIFIC = "specific_ids"
PUBLISHED = "ELS_ECE_EAOV"
NO_SUFFIX = ("None", "none")


def build_parser(prog: str = "run-inference") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Score every light curve of a file of features (--features), or of a field "
        "or list of specific ids (--field), with the models of a group. Features of a field "
        "are made by the workflow where --feature-directory has none of it. Predictions of a field "
        "lie in preds_<algorithm>/field_<N>.",
    )
    parser.add_version()
    _add_what(parser)
    _add_models(parser)
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    add_inference_options(parser)
    parser.add_argument(
        "--workers",
        type=positive_int,
        default=available_cpus(),
        metavar="N",
        help="classes that are scored at a time; no score depends on it",
    )
    parser.add_argument(
        "--device", default="cpu", metavar="NAME", help="cpu or cuda; never another than asked for"
    )
    parser.add_argument(
        "--float-convert-types",
        nargs=2,
        type=int,
        default=[64, 32],
        metavar="BITS",
        help="has no effect: features are computed in 64 and scored in 32 bits",
    )
    return parser


def _add_what(parser: Parser) -> None:
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="Parquet file of features, as generate-features writes it",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="Parquet file to write; by default as documented for SCoPe"
    )
    parser.add_argument(
        "--field",
        metavar="N",
        help=f"field number, or the name of a list of ids, which holds {SPECIFIC!r}",
    )
    parser.add_argument("--ccd", type=positive_int, metavar="N", help="ccd of the field")
    parser.add_argument("--quad", type=positive_int, metavar="N", help="quadrant of the ccd")
    parser.add_flag("--whole-field", help="all quadrants of the field, in one file")
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="folder of light curves, where features have to be made; by default as configured",
    )
    parser.add_argument(
        "--feature-directory", default="features", metavar="FOLDER", help="folder of features"
    )
    parser.add_argument(
        "--feature-file-prefix",
        default="gen_features",
        metavar="TEXT",
        help="how names of files begin there",
    )
    parser.add_argument(
        "--period-suffix",
        metavar="NAME",
        help="period search that the models see; by default theirs, and an error if it is not; "
        "none for features without one in their names",
    )


def _add_models(parser: Parser) -> None:
    parser.add_argument(
        "--group-name", metavar="NAME", help="group of models; by default the configured one"
    )
    add_algorithm(parser, "whose models score")
    parser.add_flag("--xgb-model", help="the same as --algorithm xgb")
    parser.add_argument(
        "--models-dir",
        metavar="FOLDER",
        help="folder of models: FOLDER/<algorithm>/<group>, or beside it models_<algorithm>/"
        "<group>; by default ./models, then those of the checkout",
    )
    parser.add_argument(
        "--classes", nargs="+", metavar="TAG", help="classes to score; all of the group by default"
    )
    parser.add_argument(
        "--paths-models",
        nargs="+",
        metavar="FILE",
        help="files of one bundle, instead of a group; with --model-class-names",
    )
    parser.add_argument(
        "--model-class-names", nargs="+", metavar="TAG", help="the class of each of these files"
    )


def run_inference(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config

    began = time.perf_counter()
    if args.verbose:
        show_progress()
    config = load_config(config_path=args.config_path)
    bundle, classes = models_of(args, config)
    check_inference_options(args, [bundle])
    if args.period_suffix not in (None, bundle.period_suffix, *NO_SUFFIX):
        raise UsageError(
            "--period-suffix other than that of the models",
            value=args.period_suffix,
            allowed=bundle.period_suffix,
            todo="leave it out",
        )
    if (args.features is None) == (args.field is None):
        raise UsageError("inference on what", allowed="either --features FILE or --field N")
    if args.features is not None:
        if args.output is None:
            raise UsageError("--features without --output", todo="name the file to write")
        output = Path(args.output)
        _infer(args, config, bundle, classes, [Path(args.features)], output)
    else:
        output = _of_field(args, config, bundle, classes)
    report(output, config.thresholds.label, config.probabilities.strange_below)
    if args.time_run:
        print(f"{time.perf_counter() - began:.1f} s")


def _of_field(
    args: argparse.Namespace, config: Config, bundle: ModelBundle, classes: list[str] | None
) -> Path:
    """Score a field, a quadrant of it, or a list, and return where the predictions are."""
    from scope.catalog.documented import write_flagged, write_meta
    from scope.cli.feature_files import (
        check_downloads,
        check_whole_field,
        feature_files,
        is_specific,
        output_name,
    )

    output = Path(args.output or output_name(args, bundle.algorithm))
    files = feature_files(args)
    if files:
        if args.whole_field and not is_specific(args.field):
            check_whole_field(args, _with_archive(args, config), files)
        check_downloads(args, files)
        _infer(args, config, bundle, classes, files, output)
    else:
        config = workflow_config(args, config, bundle, classes)
        _through_workflow(args, config, bundle, classes, output)
    if args.flag_ids:
        write_flagged(output)
    if not args.no_write_metadata:
        write_meta(output, args.field, bundle)
    return output


def workflow_config(
    args: argparse.Namespace, config: Config, bundle: ModelBundle, classes: list[str] | None
) -> Config:
    """Return the configuration with which the workflow scores by this bundle."""
    from scope.config.load import load_config, merge

    overrides = {
        "inference": {
            "algorithms": [bundle.algorithm],
            "group": {bundle.algorithm: bundle.folder.name},
            "classes": classes,
            **({"batch_rows": args.batch_size} if args.batch_size else {}),
        },
    }
    if not is_the_workflows(bundle):
        # What the workflow makes for it are features, which need no group.
        del overrides["inference"]["group"], overrides["inference"]["classes"]
    merged = load_config(overrides=merge(_with_archive(args, config).model_dump(), overrides))
    return with_searches(merged, [bundle], explicit=False)


def _with_archive(args: argparse.Namespace, config: Config) -> Config:
    """Return the configuration with the archive that the options name."""
    from scope.config.load import load_config, merge

    if not args.archive:
        return config
    overrides = {"survey": "archive", "archive": args.archive}
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
    args: argparse.Namespace,
    config: Config,
    bundle: ModelBundle,
    classes: list[str] | None,
    output: Path,
) -> None:
    """Let the workflow make what is missing; its products are left in their documented places.

    It scores whole targets on the CPU with bundles that it finds by their group. For all else
    it makes the features, and they are scored here.
    """
    from scope.cli.feature_files import target_of, unit_of
    from scope.cli.workflow import leave, run_workflow
    from scope.targets.plan import Plan

    target, unit = target_of(args), unit_of(args)
    # A target that is not there is said here, in one line, and not by Snakemake.
    units = Plan(config).units(target) if unit is None else [unit]
    if unit is not None or args.device != "cpu" or not is_the_workflows(bundle):
        features = [Path(f"results/features/{target}/{name}.parquet") for name in units]
        run_workflow(features, config, cores=args.workers)
        _infer(args, config, bundle, classes, features, output)
        return
    made = Path(f"results/preds_{bundle.algorithm}/{target}.parquet")
    made_csv = [made.with_suffix(".csv")] if args.write_csv else []
    run_workflow([made, *made_csv], config, cores=args.workers)
    leave(made, output)
    for path in made_csv:
        leave(path, output.with_suffix(".csv"))


def models_of(args: argparse.Namespace, config: Config) -> tuple[ModelBundle, list[str] | None]:
    """Return the bundle, and the classes of it that are asked for, None for all."""
    from scope.tasks.variables.bundles.model_bundle import ModelBundle, bundle_folder

    if args.paths_models or args.model_class_names:
        bundle = ModelBundle.load(_folder_of(args.paths_models or []))
        return bundle, _classes_of(args, bundle)
    algorithm = "xgb" if args.xgb_model else check_algorithm(args.algorithm)
    group = args.group_name or config.inference.group_of(algorithm)
    folders = [args.models_dir] if args.models_dir else [Path("models"), SHIPPED_MODELS]
    return ModelBundle.load(bundle_folder(folders, algorithm, group)), args.classes


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


def _classes_of(args: argparse.Namespace, bundle: ModelBundle) -> list[str]:
    """Return the classes of files of a bundle, which must be those that are named."""
    names = list(args.model_class_names or [])
    files = [Path(path).name for path in args.paths_models]
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
    args: argparse.Namespace,
    config: Config,
    bundle: ModelBundle,
    classes: list[str] | None,
    files: Sequence[Path],
    output: Path,
) -> None:
    from scope.catalog.infer_file import infer_files

    infer_files(
        files,
        output,
        bundle=bundle,
        classes=classes,
        rows=args.batch_size or config.inference.batch_rows,
        workers=args.workers,
        device=args.device,
        write_csv=args.write_csv,
        without_suffix=_may_lack_suffix(args, bundle),
    )


def _may_lack_suffix(args: argparse.Namespace, bundle: ModelBundle) -> bool:
    """Whether features without the name of a period search are taken for the models'.

    Those of Kowalski are: they were made by the published search.
    """
    return args.period_suffix in NO_SUFFIX or bundle.period_suffix == PUBLISHED


def report(output: Path, threshold: float, strange_below: float) -> None:
    """Say what became of the light curves of a file of predictions."""
    from scope.catalog.catalog_counts import summarize
    from scope.schema import REASONS

    found = summarize(output, threshold, strange_below)
    print(f"{found.rows} light curves: {found.classified} scored")
    for reason, count in found.reasons.items():
        print(f"  {reason:<18} {count:>8}  {REASONS.get(reason, '')}")
    if found.strange:
        print(f"  {'strange':<18} {found.strange:>8}  unlike anything the models know: no label")
    for tag, counts in found.above.items():
        numbers = ", ".join(str(count) for count in counts.values())
        print(f"  {tag:<18} {numbers:>8}  above {threshold}")
    print(output)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``run-inference``."""
    return run_command(build_parser(), run_inference, argv)


if __name__ == "__main__":
    sys.exit(main())
