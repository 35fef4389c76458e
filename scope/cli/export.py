"""``scope export``: stars and catalogues in formats that other tools open."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser

FORMATS = ("hats", "votable", "fits", "moc", "csv", "h5")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope export``."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files of results/stars or results/catalog"
    )
    parser.add_argument("--format", required=True, choices=FORMATS, help="what to write")
    parser.add_argument(
        "--output", required=True, metavar="PATH", help="file to write; for hats, a folder"
    )
    parser.add_argument(
        "--light-curves",
        nargs="+",
        metavar="FILE",
        default=None,
        help="hats: units of cleaned light curves; by default those in ../lightcurves/<target>",
    )
    parser.add_argument("--name", default="stars", help="hats: name of the catalogue")
    parser.add_argument(
        "--max-rows", type=int, default=20_000, metavar="N", help="hats: stars of a partition"
    )
    parser.add_argument(
        "--margin", type=float, default=10.0, metavar="ARCSEC", help="hats: width of the margin"
    )


def run(options: argparse.Namespace) -> None:
    """Write what was asked for, and say what it is."""
    if options.format == "hats":
        _hats(options)
        return
    if options.format == "moc":
        from scope.product.coverage import write_coverage

        part = write_coverage(options.files, options.output)
        print(f"{options.output}: {41252.96 * part:.2f} square degrees")
        return
    from scope.errors import UsageError

    if len(options.files) > 1:
        raise UsageError(
            f"files for --format {options.format}",
            value=len(options.files),
            allowed="one; several go into hats, or into one by scope publish-stars",
        )
    (path,) = options.files
    rows = _table(options.format, path, options.output)
    print(f"{options.output}: {rows:,} rows")


def _table(kind: str, path: str, output: str) -> int:
    from scope.io import count_rows

    if kind in ("csv", "h5"):
        from scope.catalog.export import export
        from scope.errors import UsageError

        if Path(output).suffix != f".{kind}":
            raise UsageError("--output", value=output, allowed=f"a name that ends in .{kind}")
        export(path, output)
        return count_rows(path)
    from scope.product.votable_fits import write_fits, write_votable

    return write_votable(path, output) if kind == "votable" else write_fits(path, output)


def _hats(options: argparse.Namespace) -> None:
    from scope.errors import UsageError
    from scope.product.hats import export_hats
    from scope.targets.paths import units_beside

    if not 0 < options.margin <= 3600:
        raise UsageError("--margin", value=options.margin, allowed="above 0, at most 3600 arcsec")
    units = options.light_curves
    if units is None:
        units = units_beside(options.files, "lightcurves")
    found = export_hats(
        options.files,
        options.output,
        light_curves=units,
        name=options.name,
        max_rows=options.max_rows,
        margin_arcsec=options.margin,
    )
    print(f"{options.output}: {found.stars:,} stars in {found.partitions:,} partitions, ", end="")
    print(f"{found.written:,} of them written now")
    if found.left_out:
        print(f"  {found.left_out:,} stars without a position stand in left_out.parquet")
    if found.without_points:
        print(f"  {found.without_points:,} stars have no points in the files of light curves")
        if not units:
            print("  (none found: run snakemake with --notemp, or give --light-curves)")
