"""``combine-preds``: the predictions of both algorithms as one table."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scope.cli.arguments import Parser, non_negative_float
from scope.cli.run import run_command, show_progress
from scope.errors import CorruptFileError, NotFoundError, UsageError
from scope.plugins import DEFAULT_ALGORITHMS
from scope.schema import parse_json

FIELDS = "fields.json"


def build_parser(prog: str = "combine-preds") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Put the predictions of networks and boosted trees side by side, one row per "
        "light curve; or, with --merge-dnn-xgb, make one score per class and source of them.",
    )
    parser.add_version()
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument(
        "--path-to-preds", default=".", metavar="FOLDER", help="folder of the folders below"
    )
    for name, default, what in (
        ("combined-preds-dirname", "preds_" + "_".join(DEFAULT_ALGORITHMS), "what is written"),
        *(
            (f"{one}-directory", f"preds_{one}", f"predictions by {one}")
            for one in DEFAULT_ALGORITHMS
        ),
    ):
        parser.add_argument(
            f"--{name}", default=default, metavar="FOLDER", help=f"folder of {what}"
        )
    parser.add_argument("--specific-field", metavar="N", help="this field only")
    parser.add_flag("--use-config-fields", help="the fields of the configured targets only")
    parser.add_argument(
        "--dateobs", metavar="TIME", help="the sources of a GCN event, GCN_sources_<dateobs>"
    )
    parser.add_flag("--merge-dnn-xgb", help="one score per class, of tables of select-fritz-sample")
    parser.add_argument(
        "--agg-method", choices=("mean", "max"), default="mean", help="how both scores become one"
    )
    parser.add_argument(
        "--p-threshold",
        type=non_negative_float,
        default=0.7,
        metavar="P",
        help="classes above it are named in …_meta.json",
    )
    parser.add_flag("--doNotSave", help="write nothing, to try it")
    parser.add_flag("--write-csv", help="write .csv files too")
    return parser


def combine_preds(args: argparse.Namespace) -> None:
    """Run the command."""
    show_progress()
    root = Path(args.path_to_preds)
    folders = [root / vars(args)[f"{name}_directory"] for name in DEFAULT_ALGORITHMS]
    names = _wanted(args)
    there = [{path.name for path in folder.glob("*") if path.is_dir()} for folder in folders]
    chosen = [name for name in sorted(there[0] | there[1], key=_order) if names(name)]
    if not chosen:
        raise NotFoundError(
            "no predictions to combine",
            value=f"{folders[0]}, {folders[1]}",
            allowed=sorted(there[0] | there[1]) or "none are there",
        )
    done = []
    for name in chosen:
        paths = [folder / name / f"{name}.parquet" for folder in folders]
        if missing := [str(path) for path in paths if not path.is_file()]:
            print(f"{name}: not combined, there is no {' and no '.join(missing)}")
            continue
        _combine(args, name, paths, root / args.combined_preds_dirname)
        done.append(name)
    numbers = [int(match[1]) for name in done if (match := re.fullmatch(r"field_(\d+)", name))]
    if numbers and not args.doNotSave:
        _add_fields(root / args.combined_preds_dirname / FIELDS, numbers)


def _combine(args: argparse.Namespace, name: str, paths: list[Path], folder: Path) -> None:
    import tempfile

    from scope.catalog import combine

    if args.merge_dnn_xgb:
        table, above = combine.combine_sources(
            paths[0], paths[1], method=args.agg_method, threshold=args.p_threshold
        )
        output = folder / f"merged_{name}.parquet"
        if not args.doNotSave:
            combine.write_sources(table, above, output, csv=args.write_csv)
        print(f"{name}: {len(table)} sources, {sum(map(bool, above.values()))} with a class")
    else:
        output = folder / f"{name}.parquet"
        with tempfile.TemporaryDirectory(prefix="scope.") as scratch:
            place = Path(scratch) / output.name if args.doNotSave else output
            rows = combine.combine_light_curves(paths[0], paths[1], place)
            if args.write_csv and not args.doNotSave:
                from scope.io import read_parquet, write_csv

                write_csv(read_parquet(place), place.with_suffix(".csv"))
        print(f"{name}: {rows} light curves")
    if not args.doNotSave:
        print(output)


def _wanted(args: argparse.Namespace) -> Callable[[str], bool]:
    """Return what tells which folders of predictions are meant; all fields by default.

    Raises
    ------
    UsageError
        If two options name some.
    """
    ways = {
        "--specific-field": args.specific_field is not None,
        "--use-config-fields": args.use_config_fields,
        "--dateobs": args.dateobs is not None,
    }
    if sum(ways.values()) > 1:
        given = ", ".join(name for name, chosen in ways.items() if chosen)
        raise UsageError("options that name different fields", value=given, allowed="one of them")
    if args.specific_field is not None:
        return f"field_{args.specific_field}".__eq__
    if args.dateobs is not None:
        return f"GCN_sources_{args.dateobs.replace(':', '-')}".__eq__
    if args.use_config_fields:
        from scope.config.load import load_config

        return set(load_config(config_path=args.config_path).targets).__contains__
    return lambda name: re.fullmatch(r"field_\d+", name) is not None


def _order(name: str) -> tuple[int, str]:
    match = re.fullmatch(r"field_(\d+)", name)
    return (int(match[1]) if match else sys.maxsize, name)


def _add_fields(path: Path, numbers: Sequence[int]) -> None:
    """Keep a list of the fields that are combined."""
    from scope.io.atomic import write_bytes

    try:
        known = parse_json(path.read_text()) if path.is_file() else []
        if not (isinstance(known, list) and all(isinstance(number, int) for number in known)):
            raise ValueError("no list of field numbers")
    except ValueError as error:
        raise CorruptFileError(
            "list of fields that cannot be read", value=str(path), todo=f"remove it ({error})"
        ) from None
    write_bytes(json.dumps(sorted({*known, *numbers})).encode(), path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``combine-preds``."""
    return run_command(build_parser(), combine_preds, argv)


if __name__ == "__main__":
    sys.exit(main())
