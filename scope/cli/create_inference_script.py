"""``create-inference-script``: a shell script that scores fields by the models of a group."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.algorithm_option import add_algorithm, check_algorithm
from scope.cli.arguments import Parser, positive_int
from scope.cli.inference_options import SCALINGS
from scope.cli.run import run_command
from scope.errors import UsageError

MODULE = "scope.cli.run_inference"

_TEXT = """\
#!/usr/bin/env bash
# Scores of a field, or of the configured list of sources, in preds_{algorithm}/field_<FIELD>:
#   {name} 297
#   {name} specific_ids
# Further options are those of run-inference.
set -euo pipefail
field=${{1:?field number, or specific_ids}}
exec {command} --field "$field" --whole-field "${{@:2}}"
"""


def build_parser(prog: str = "create-inference-script") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a shell script that scores every light curve of a field, or of "
        "specific ids, with all models of a group.",
    )
    parser.add_version()
    parser.add_argument(
        "--filename",
        default="get_all_preds_dnn.sh",
        metavar="FILE",
        help="script to write; a new file",
    )
    parser.add_argument(
        "--group-name", metavar="NAME", help="group of models; by default the configured one"
    )
    add_algorithm(parser, "whose models score")
    parser.add_argument(
        "--scale-features",
        choices=SCALINGS,
        help="how features are scaled: stored with the models; a warning says where it differs",
    )
    parser.add_argument(
        "--feature-directory", default="features", metavar="FOLDER", help="folder of features"
    )
    parser.add_argument(
        "--feature-file-prefix", metavar="TEXT", help="how names of files begin there"
    )
    parser.add_argument("--period-suffix", metavar="NAME", help="period search that the models see")
    parser.add_argument(
        "--batch-size", type=positive_int, metavar="N", help="light curves in memory at a time"
    )
    parser.add_flag("--write-csv", help="write the predictions as .csv too")
    parser.add_flag("--use-custom-python", help="use the interpreter of --path-to-python")
    parser.add_argument(
        "--path-to-python",
        default="~/miniforge3/envs/scope-env/bin/python",
        metavar="FILE",
        help="an interpreter with this package",
    )
    return parser


def create_inference_script(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.io.atomic import write_bytes

    path = Path(args.filename)
    if path.exists():
        raise UsageError(
            "inference script that exists already",
            value=str(path),
            todo="name another file or remove it",
        )
    python = sys.executable
    if args.use_custom_python:
        python = str(Path(args.path_to_python).expanduser())
        if not Path(python).is_file():
            raise UsageError("--path-to-python", value=python, allowed="an interpreter")
    write_bytes(_script(args, path, python).encode(), path)
    path.chmod(0o755)
    print(path)


def script_options(path: str | Path) -> argparse.Namespace:
    """Return the options of run-inference that a script of this command gives.

    Raises
    ------
    UsageError
        If there is no such script, or it was not written by this command.
    """
    from scope.cli.run_inference import build_parser as inference_parser

    todo = f"write it with create-inference-script --filename {path}"
    if not Path(path).is_file():
        raise UsageError("no such inference script", value=str(path), todo=todo)
    for line in Path(path).read_text(errors="replace").splitlines():
        words = shlex.split(line, comments=True) if line.startswith("exec ") else []
        if words[2:4] == ["-m", MODULE]:
            known = words[4 : words.index("--field")]
            return inference_parser().parse_args([*known, "--field", "1", "--whole-field"])
    raise UsageError("script that scores no field", value=str(path), todo=todo)


def _script(args: argparse.Namespace, path: Path, python: str) -> str:
    given = {
        "--group-name": args.group_name,
        "--scale-features": args.scale_features,
        "--feature-file-prefix": args.feature_file_prefix,
        "--period-suffix": args.period_suffix,
        "--batch-size": args.batch_size,
    }
    words = [python, "-m", MODULE, "--algorithm", check_algorithm(args.algorithm)]
    words += ["--feature-directory", args.feature_directory, "--flag-ids"]
    for name, value in given.items():
        words += [] if value is None else [name, str(value)]
    words += ["--write-csv"] if args.write_csv else []
    name = str(path) if path.is_absolute() else f"./{path}"
    return _TEXT.format(algorithm=args.algorithm, name=name, command=shlex.join(words))


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``create-inference-script``."""
    return run_command(build_parser(), create_inference_script, argv)


if __name__ == "__main__":
    sys.exit(main())
