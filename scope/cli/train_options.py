"""The options of ``scope train``, and the keys of the configuration that they stand in for."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import (
    Parser,
    available_cpus,
    finite_float,
    non_negative_int,
    optional_float,
    positive_float,
    positive_int,
    seed,
)


def add_train_options(parser: Parser) -> None:
    """Declare all options; those that are not given come from the configuration."""
    parser.add_argument("--tag", nargs="+", required=True, metavar="TAG", help="classes to train")
    parser.add_argument(
        "--path-dataset",
        metavar="FILE",
        help="training set, .parquet, .h5 or .csv; by default training.dataset",
    )
    add_algorithm(parser, "what is trained")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    _add_data(parser)
    _add_class(parser)
    _add_network(parser)
    _add_trees(parser)
    _add_run(parser)
    _add_output(parser)


def _add_data(parser: Parser) -> None:
    part = parser.add_argument_group("training set")
    part.add_argument("--period-suffix", metavar="NAME", help="period search of its columns")
    part.add_argument("--test-size", type=positive_float, metavar="X", help="share of test stars")
    part.add_argument(
        "--val-size", type=positive_float, metavar="X", help="share of validation stars in the rest"
    )
    part.add_argument(
        "--sky-block-deg",
        type=positive_float,
        metavar="X",
        help="keep blocks of the sky of this size together in splits, not only stars",
    )
    part.add_argument(
        "--random-state",
        nargs="+",
        type=seed,
        metavar="N",
        help="seeds; models of another one than the configured go to <group>_state_<N>",
    )
    part.add_argument("--scale-features", metavar="NAME", help="min_max, median_std or quantile")
    part.add_argument(
        "--feature-stats", metavar="NAME", help="dataset or config: where scales come from"
    )
    part.add_argument(
        "--float-convert-types",
        nargs=2,
        type=positive_int,
        metavar=("FROM", "TO"),
        help="64 32: networks and trees take 32-bit features",
    )


def _add_class(parser: Parser) -> None:
    part = parser.add_argument_group("of each class")
    part.add_argument(
        "--threshold", type=finite_float, metavar="X", help="rows with a label above are positive"
    )
    part.add_argument(
        "--balance",
        type=optional_float,
        default=argparse.SUPPRESS,
        metavar="X",
        help="rows of the larger side per one of the smaller, at most; none for all, "
        "-1 as configured",
    )
    parser.add_flag("--weight-per-class", default=None, help="let both sides count alike")
    part.add_argument("--batch-size", type=positive_int, metavar="N", help="rows per step")
    part.add_argument("--epochs", type=positive_int, metavar="N", help="passes, at most")
    part.add_argument(
        "--patience", type=positive_int, metavar="N", help="passes without a better loss to stop at"
    )
    part.add_argument(
        "--lr", "--learning-rate", type=positive_float, metavar="X", help="learning rate"
    )
    part.add_argument("--beta-1", type=finite_float, metavar="X", help="of Adam")
    part.add_argument("--beta-2", type=finite_float, metavar="X", help="of Adam")
    part.add_argument("--epsilon", type=positive_float, metavar="X", help="of Adam")
    parser.add_flag("--amsgrad", default=None, help="use the AMSGrad variant of Adam")


def _add_network(parser: Parser) -> None:
    part = parser.add_argument_group("of networks")
    parser.add_flag("--dense-branch", default=None, help="look at the features")
    parser.add_flag("--conv-branch", default=None, help="look at the dmdt histogram")
    part.add_argument("--loss", metavar="NAME", help="binary_crossentropy")
    part.add_argument("--optimizer", metavar="NAME", help="adam or sgd")
    part.add_argument("--momentum", type=finite_float, metavar="X", help="of sgd")
    part.add_argument(
        "--decay", type=finite_float, metavar="X", help="of the learning rate, per step"
    )
    part.add_argument("--monitor", metavar="NAME", help="val_loss or loss")
    part.add_argument(
        "--callbacks",
        nargs="*",
        metavar="NAME",
        help="some of early_stopping and reduce_lr_on_plateau, or none of them",
    )
    part.add_argument(
        "--plateau-patience", type=positive_int, metavar="N", help="of reduce_lr_on_plateau"
    )
    part.add_argument(
        "--shuffle-buffer-size", type=positive_int, metavar="N", help="rows to draw the next from"
    )
    parser.add_flag("--run-eagerly", default=None, help="compute step by step; slow")
    parser.add_flag("--run-sweeps", help="search settings (wandb.sweep_config_dnn) and train none")


def _add_trees(parser: Parser) -> None:
    parser.add_flag(
        "--skip-cv",
        default=None,
        help="false searches the grids of training.xgboost by cross-validation",
    )


def _add_run(parser: Parser) -> None:
    part = parser.add_argument_group("run")
    part.add_argument(
        "--gpu", type=non_negative_int, metavar="N", help="device to train on, from 0; none: CPU"
    )
    part.add_argument(
        "--workers",
        type=positive_int,
        default=available_cpus(),
        metavar="N",
        help="classes trained at a time; no number depends on it",
    )
    part.add_argument(
        "--verbose",
        nargs="?",
        const=1,
        default=0,
        type=int,
        choices=(0, 1, 2),
        help="what Keras prints: nothing, progress, a line per pass",
    )
    part.add_argument(
        "--pre-trained-model", metavar="FILE", help="go on from this model; with or without suffix"
    )
    parser.add_flag(
        "--skip-untrainable",
        help="leave out classes that cannot be trained, and say why, instead of training none",
    )
    parser.add_flag("--weights-only", help="take the weights of that model only")
    parser.add_flag(
        "--calibrate",
        default=True,
        help="false: no further models without a fold each, and no probabilities",
    )


def _add_output(parser: Parser) -> None:
    part = parser.add_argument_group("output")
    part.add_argument(
        "--group", default="experiment", metavar="NAME", help="group that the models go to"
    )
    part.add_argument("--job-type", default="train", metavar="NAME", help="what tracking calls it")
    part.add_argument(
        "--models-dir",
        default="models",
        metavar="FOLDER",
        help="folder of models: FOLDER/<algorithm>/<group>",
    )
    parser.add_flag("--save", help="keep the models")
    parser.add_flag("--plot", help="draw confusion, ROC, precision and recall, by set")
    parser.add_flag("--plot-model", help="draw the layers of the network")
