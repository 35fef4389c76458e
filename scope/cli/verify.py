"""``scope verify``: read products to the last byte and say what they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.errors import InputError, few
from scope.runs.records import require_idle
from scope.runs.verify import remove_damaged, targets_there, verify_file, verify_target
from scope.targets.suggest import did_you_mean


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope verify``."""
    parser.add_argument(
        "products", nargs="+", metavar="TARGET|FILE", help="targets of a run, or Parquet products"
    )
    parser.add_argument(
        "--directory", "-d", type=Path, default=Path(), help="folder of the run, as of snakemake"
    )
    parser.add_flag(
        "--remove", help="remove damaged products of a target and all that was made of them"
    )


def run(options: argparse.Namespace) -> None:
    """Verify each file or target; the first fault of a file ends the command."""
    if options.remove:
        require_idle(options.directory)
    for name in options.products:
        if not Path(name).is_file() and "/" not in name and not Path(name).suffix:
            verify_products(name, options.directory, remove=options.remove)
        else:
            print(verify(name))


def verify(path: str | Path) -> str:
    """Read a product whole, with the checksums of its pages, and describe it in one line.

    Raises
    ------
    NotFoundError, CorruptFileError
        If it is not there or cannot be read to its end.
    InputError
        If its ids do not ascend, or it does not say which stages made it.
    """
    product = verify_file(path)
    made = ", ".join(f"{name} {version}" for name, version in product.stages.items())
    return f"{path}: {product.rows:,} rows, {len(product.schema)} columns, made by {made}"


def verify_products(target: str, folder: Path, *, remove: bool) -> None:
    """Verify all products of a target and print what is wrong with which.

    Raises
    ------
    InputError
        If some are damaged and were not removed, or there are none.
    """
    check = verify_target(target, folder)
    if check.files == 0:
        there = targets_there(folder)
        question = did_you_mean(target, there)
        raise InputError(
            "no products of this target",
            value=target,
            allowed=few(there) if there else None,
            todo="; ".join(filter(None, [question, "name the run's folder: --directory"])),
        )
    for fault in check.faults.values():
        print(fault)
    if not check.faults:
        print(f"{target}: {check.files} products of {check.rows:,} light curves are whole")
    elif remove:
        for path in remove_damaged(check, target, folder):
            print(f"removed {path}")
    else:
        raise InputError(
            f"{len(check.faults)} of {check.files} products are damaged",
            value=target,
            todo=f"remove them and what was made of them, scope verify {target} --remove, "
            "then go on with scope resume",
        )
