"""``analyze-logs``: how long the jobs of each rule took, as a table and a picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from scope.cli.arguments import Parser
from scope.cli.run import run_command


def build_parser(prog: str = "analyze-logs") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Tell how long the jobs of each rule took, and what memory they had, from "
        "the benchmark files of a run.",
    )
    parser.add_version()
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
        type=_date,
        metavar="YYYY-MM-DD",
        help="leave out jobs that ended before, local time",
    )
    return parser


def analyze_logs(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.runs.job_times import plot_times, read_times, write_times

    times = read_times(args.logs_path, pattern=args.log_name_pattern, since=args.start_date)
    rows = [each.row() for each in times]
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
    for row in [{name: name for name in widths}, *rows]:
        cells = [row["rule"].ljust(widths["rule"])]
        cells += [row[name].rjust(widths[name]) for name in widths if name != "rule"]
        print("  ".join(cells))
    write_times(times, f"{args.output_prefix}.csv")
    plot_times(times, f"{args.output_prefix}.png")
    print(f"{args.output_prefix}.csv", f"{args.output_prefix}.png", sep="\n")


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-03-31") from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``analyze-logs``."""
    return run_command(build_parser(), analyze_logs, argv)


if __name__ == "__main__":
    sys.exit(main())
