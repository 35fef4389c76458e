"""``scope download-archive``: light curves from the public archive, without an account."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.errors import UsageError


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope download-archive``."""
    parser.add_argument(
        "--field", nargs="+", type=positive_int, required=True, metavar="N", help="field numbers"
    )
    parser.add_argument(
        "--release", required=True, metavar="DR", help="data release, such as 20 or DR20"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("archive"),
        metavar="FOLDER",
        help="folder that gets the files",
    )
    for name, last in (("ccd", 16), ("quad", 4)):
        parser.add_argument(
            f"--{name}-range",
            nargs="+",
            type=positive_int,
            default=[1, last],
            metavar="N",
            help=f"first and last {name}, or one alone",
        )
    parser.add_argument("--bands", default="gri", metavar="BANDS", help="some of g, r and i")
    parser.add_argument(
        "--parallel", type=positive_int, default=2, metavar="N", help="files at a time, at most 8"
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help="where the release is, with {release} for its number; by default as configured",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Fetch what is not there yet."""
    from scope.cli.survey_options import span
    from scope.config.load import load_config
    from scope.surveys.download_archive import Wanted, download_archive
    from scope.surveys.layout import FILTERS, parse_release

    if not options.bands or set(options.bands) - set(FILTERS):
        raise UsageError("--bands", value=options.bands, allowed="some of g, r and i")
    wanted = Wanted(
        fields=options.field,
        release=parse_release(options.release),
        bands=options.bands,
        ccds=span(options.ccd_range, "ccd", 16),
        quads=span(options.quad_range, "quad", 4),
    )
    found = download_archive(
        wanted,
        options.output,
        url=options.url or load_config(config_path=options.config_path).downloads.archive,
        workers=options.parallel,
        report=print,
    )
    print(f"{len(found.paths)} files in {options.output}: {len(found.new)} new")
