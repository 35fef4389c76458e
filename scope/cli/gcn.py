"""``scope gcn``: follow the events of the General Coordinates Network, as from cron."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import (
    Parser,
    non_negative_float,
    positive_float,
    positive_int,
)
from scope.cli.fritz_options import open_fritz
from scope.errors import ScopeError, UsageError

if TYPE_CHECKING:
    from scope.config.model import Config

FAILED, TIME_IS_UP = 1, 124
"""Exit status if an event failed, and if the time limit has ended the run."""

LOG_FORMAT = "%(asctime)s %(message)s"

GONE = {
    "--username": "the SLURM profile knows it",
    "--partition": "partitions are set in profiles/slurm/config.yaml; give --profile slurm",
    "--generated-features-dirname": "features are in results/features",
    "--dnn-preds-directory": "predictions are in results/preds_dnn",
    "--xgb-preds-directory": "predictions are in results/preds_xgb",
    "--save-filename": "sources are in <folder>/<time of the event>/sources.parquet",
    "--combined-preds-dirname": "give --folder, or set gcn.folder",
    "--checkpoint-filename": "what is done is in <folder>/done.json",
}
"""Options of an earlier version -> what is used instead."""


class TimeIsUp(Exception):
    """The time limit of the run has passed."""


def add_arguments(parser: Parser) -> None:
    """Declare the options; those that are not given come from the section gcn."""
    parser.add_argument(
        "--dateobs", nargs="+", default=[], metavar="TIME", help="follow these events"
    )
    for name, kind, metavar, meaning in (
        ("--daysAgo", positive_float, "DAYS", "events older than this are left alone"),
        ("--days-range", positive_float, "DAYS", "how long after an event sources count"),
        ("--radius-arcsec", positive_float, "R", "around sources, for light curves"),
        ("--p-threshold", non_negative_float, "P", "lowest score that is posted"),
        ("--checkpoint-refresh-days", non_negative_float, "DAYS", "how long sources are left"),
        ("--time-limit-minutes", positive_float, "MIN", "the run ends after this time"),
    ):
        parser.add_argument(name, type=kind, metavar=metavar, help=meaning)
    for name in ("--query-group-ids", "--post-group-ids"):
        meaning = "groups whose sources count" if "query" in name else "groups to post all to"
        parser.add_argument(name, nargs="*", type=int, metavar="ID", help=meaning)
    parser.add_argument("--taxonomy-map", metavar="FILE", help="classes on Fritz, JSON")
    parser.add_argument("--agg-method", choices=("mean", "median", "max"), help="of scores")
    parser.add_flag("--post-probabilities", help="post calibrated probabilities, and no scores")
    parser.add_argument("--folder", metavar="FOLDER", help="for tables, pictures and memory")
    parser.add_flag("--doNotPost", help="make the tables and post nothing")
    parser.add_flag("--dry-run", help="show what would be sent to Fritz, and send nothing")
    parser.add_flag("--ignore-checkpoint", help="take sources that are done for new ones")
    parser.add_argument(
        "--cores",
        type=positive_int,
        metavar="N",
        help="cores of the workflow; by default those of the profile, without one 1",
    )
    parser.add_argument("--profile", metavar="NAME", help="profile of the workflow, such as slurm")
    parser.add_argument(
        "--directory",
        metavar="FOLDER",
        help="folder of the run; by default the working directory",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    for name in GONE:
        parser.add_argument(name, dest="gone", action=_Gone, help=argparse.SUPPRESS)


class _Gone(argparse.Action):
    def __call__(
        self, parser: Any, namespace: Any, values: Any, option_string: str | None = None
    ) -> None:
        raise UsageError("option that is gone", value=option_string, todo=GONE[str(option_string)])


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises
    ------
    SystemExit
        With 1 if an event failed, and 124 if the time limit has ended the run.
    """
    if args.directory:
        os.chdir(args.directory)
    config = _config(args)
    log = Path(config.gcn.folder) / "gcn.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with _log_to(log):
        status = _run(args, config)
    if status:
        raise SystemExit(status)


def _run(args: argparse.Namespace, config: Config) -> int:
    from scope.gcn.posted_ledger import only_one
    from scope.runs.processes import ends_raise

    logger = logging.getLogger("scope")
    with only_one(Path(config.gcn.folder) / "lock") as alone:
        if not alone:
            logger.info("another run is at work here: nothing to do")
            return 0
        try:
            with ends_raise(), _time_limit(60.0 * config.gcn.time_limit_minutes):
                failed = _follow(args, config)
        except TimeIsUp:
            logger.error("the time limit has ended this run; the next one goes on")
            return TIME_IS_UP
        except (KeyboardInterrupt, SystemExit):
            logger.error("interrupted; the next run goes on")
            raise
        except ScopeError as error:
            logger.error("error: %s", error)
            raise
    logger.info("all done" if not failed else f"{failed} events failed")
    return FAILED if failed else 0


def _follow(args: argparse.Namespace, config: Config) -> int:
    from scope.fritz.photometry import LightCurveSource
    from scope.gcn.follow import Follower, FollowOptions
    from scope.surveys.open import configured_survey

    options = FollowOptions(
        tuple(args.dateobs),
        post=not args.doNotPost,
        forget=args.ignore_checkpoint,
        dry_run=args.dry_run,
    )
    light_curves = LightCurveSource(lambda: configured_survey(config))
    now = datetime.now(UTC).replace(tzinfo=None)
    with open_fritz(config, dry_run=args.dry_run) as fritz:
        follower = Follower(
            config,
            fritz,
            lambda target: _workflow(target, args, config),
            light_curves,
            options,
            now,
        )
        return follower.run()


def _workflow(target: str, args: argparse.Namespace, config: Config) -> Path:
    from scope.cli.workflow import SNAKEFILE, run_workflow

    catalogue = Path(f"results/catalog/{target}.parquet")
    more: tuple[str, ...] = ()
    if args.profile:
        # By its name it is found only where it is installed, or from the checkout.
        shipped = SNAKEFILE.parent / "profiles" / args.profile
        more = ("--profile", str(shipped) if shipped.is_dir() else args.profile)
    cores = args.cores or (None if args.profile else 1)
    run_workflow([catalogue], config, cores=cores, more=more)
    return catalogue


def _config(args: argparse.Namespace) -> Config:
    """Return the configuration with the options of the command line."""
    from scope.config.load import load_config
    from scope.surveys.registry import survey_kind

    given = {
        "days_ago": args.daysAgo,
        "days_range": args.days_range,
        "radius_arcsec": args.radius_arcsec,
        "remember_days": args.checkpoint_refresh_days,
        "time_limit_minutes": args.time_limit_minutes,
        "query_group_ids": args.query_group_ids,
        "post_group_ids": args.post_group_ids,
        "taxonomy_map": args.taxonomy_map,
        "statistic": args.agg_method,
        "post_probabilities": args.post_probabilities or None,
        "folder": args.folder,
    }
    overrides: dict[str, Any] = {"gcn": {k: v for k, v in given.items() if v is not None}}
    if args.post_group_ids is not None:
        # Said on the command line it holds for all events.
        config = load_config(config_path=args.config_path)
        tags = config.gcn.post_group_ids_by_tag
        overrides["gcn"]["post_group_ids_by_tag"] = dict.fromkeys(tags, args.post_group_ids)
    if args.p_threshold is not None:
        overrides["thresholds"] = {"posting": args.p_threshold}
    config = load_config(overrides=overrides, config_path=args.config_path)
    if not survey_kind(config).is_configured(config):
        raise UsageError(
            "no survey to look for light curves in",
            todo="set the key archive to a folder of light curves, or survey to kowalski",
        )
    return config


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: Any) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Report with times, UTC, on the standard error and at the end of a file."""
    logger = logging.getLogger("scope")
    logger.setLevel(logging.INFO)
    formatter = logging.Formatter(LOG_FORMAT, "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    file = logging.FileHandler(path, encoding="utf-8")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr), file]
    for handler in handlers:
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
        file.close()


def main(argv: list[str] | None = None, prog: str = "gcn_cronjob.py") -> int:
    """Run ``gcn_cronjob.py``."""
    from scope.cli.run import run_command

    parser = Parser(prog=prog, description="Follow the events of the General Coordinates Network.")
    parser.add_version()
    add_arguments(parser)
    return run_command(parser, run, argv)
