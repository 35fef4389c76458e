"""``run-inference``: score the light curves of a file of features."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser, available_cpus, positive_int
from scope.cli.run import run_command


def build_parser(prog: str = "run-inference") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Score every light curve of a file of features with the models of a group.",
    )
    parser.add_version()
    parser.add_argument(
        "--features",
        required=True,
        metavar="FILE",
        help="Parquet file of features, as generate-features writes it",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="Parquet file to write")
    parser.add_argument(
        "--group-name", metavar="NAME", help="group of models; by default the configured one"
    )
    parser.add_argument(
        "--algorithm", choices=("dnn", "xgb"), default="dnn", help="network or boosted trees"
    )
    parser.add_argument(
        "--models-dir",
        default=str(default_models()),
        metavar="FOLDER",
        help="folder of models: FOLDER/<algorithm>/<group>",
    )
    parser.add_argument(
        "--classes", nargs="+", metavar="TAG", help="classes to score; all of the group by default"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_flag("--write-csv", help="write the predictions as .csv too")
    parser.add_argument(
        "--batch-size",
        type=positive_int,
        metavar="N",
        help="light curves in memory at a time, by default as configured; no score depends on it",
    )
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
    return parser


def default_models() -> Path:
    """Return ``models`` of the working directory, or that of the checkout."""
    here = Path("models")
    return here if here.is_dir() else Path(__file__).parents[2] / "models"


def run_inference(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.catalog.infer_file import infer_file
    from scope.classifiers.bundle import ModelBundle, bundle_folder
    from scope.config.load import load_config

    config = load_config(config_path=args.config_path)
    group = args.group_name or getattr(config.inference.group, args.algorithm)
    bundle = ModelBundle.load(bundle_folder(args.models_dir, args.algorithm, group))
    infer_file(
        args.features,
        args.output,
        bundle=bundle,
        classes=args.classes,
        rows=args.batch_size or config.inference.batch_rows,
        workers=args.workers,
        device=args.device,
        write_csv=args.write_csv,
    )
    _print(Path(args.output), config.thresholds.label)


def _print(output: Path, threshold: float) -> None:
    """Say what became of the light curves."""
    from scope.catalog.summary import summarize
    from scope.schema import REASONS

    found = summarize(output, threshold)
    print(f"{found.rows} light curves: {found.classified} scored")
    for reason, count in found.reasons.items():
        print(f"  {reason:<18} {count:>8}  {REASONS.get(reason, '')}")
    for tag, counts in found.above.items():
        numbers = ", ".join(str(count) for count in counts.values())
        print(f"  {tag:<18} {numbers:>8}  above {threshold}")
    print(output)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``run-inference``."""
    return run_command(build_parser(), run_inference, argv)


if __name__ == "__main__":
    sys.exit(main())
