"""``scope download-archive``: light curves from the public archive, without an account."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import say
from scope.cli.survey_options import add_ranges


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
    add_ranges(parser)
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
    from scope.workflows.download_archive import download_archive

    download_archive(
        options.field,
        options.release,
        options.output,
        say,
        ccd_range=options.ccd_range,
        quad_range=options.quad_range,
        bands=options.bands,
        parallel=options.parallel,
        url=options.url,
        config_path=options.config_path,
    )
