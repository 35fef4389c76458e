"""``analyze-logs``: how long the jobs of each rule took, as a table and a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, date
from scope.cli.run import command_main, say

DESCRIPTION = (
    "Tell how long the jobs of each rule took, and what memory they had, from "
    "the benchmark files of a run."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--logs-path",
        type=Path,
        default=Path("benchmarks"),
        metavar="FOLDER",
        help="the folder benchmarks/ of a run",
    )
    parser.add_argument(
        "--log-name-pattern",
        default="*",
        metavar="PATTERN",
        help="rules to look at, with * and ? as in file names: compute_features, fetch_*",
    )
    parser.add_argument(
        "--output-prefix",
        default="runtime_output",
        metavar="NAME",
        help="writes NAME.csv and NAME.png",
    )
    parser.add_argument(
        "--start-date",
        type=date,
        metavar="YYYY-MM-DD",
        help="leave out jobs that ended before, local time",
    )


def run(options: argparse.Namespace) -> None:
    """Draw and write the times, and print them as a table."""
    from scope.runs.job_times import report_times

    report_times(
        options.logs_path,
        options.output_prefix,
        say,
        pattern=options.log_name_pattern,
        since=options.start_date,
    )


main = command_main("analyze-logs")

if __name__ == "__main__":
    raise SystemExit(main())
