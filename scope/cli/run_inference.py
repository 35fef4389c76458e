"""``run-inference``: score the light curves of a field, of specific ids, or of a file."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import Parser, as_options, available_cpus, positive_int
from scope.cli.inference_options import add_inference_options
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = (
    "Score every light curve of a file of features (--features), or of a field "
    "or list of specific ids (--field), with the models of a group. Features of a field "
    "are made by the workflow where --feature-directory has none of it. Predictions of a field "
    "lie in preds_<algorithm>/field_<N>."
)

SPECIFIC = "specific_ids"
PUBLISHED = "ELS_ECE_EAOV"
NO_SUFFIX = ("None", "none")


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
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
        type=positive_int,
        default=[64, 32],
        metavar="BITS",
        help="has no effect: features are computed in 64 and scored in 32 bits",
    )


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


def run(options: argparse.Namespace) -> None:
    """Score, and say what became of the light curves."""
    from scope.workflows.run_inference import InferenceOptions, run_inference

    show_progress(options.verbose)
    run_inference(as_options(InferenceOptions, options), say)


main = command_main("run-inference")


if __name__ == "__main__":
    raise SystemExit(main())
