"""One run of the follower, as cron starts it: alone in its folder, within its time, with a log."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.checkout import SNAKEFILE
from scope.errors import ScopeError, UsageError
from scope.fritz.server import open_fritz

if TYPE_CHECKING:
    from collections.abc import Callable

    from scope.config.model import Config

FAILED, TIME_IS_UP = 1, 124
"""Exit status if an event failed, and if the time limit has ended the run."""

LOG_FORMAT = "%(asctime)s %(message)s"


@dataclass(frozen=True, kw_only=True)
class EventOptions:
    """Events to follow, and options; what is None is as the section ``gcn`` says.

    Attributes
    ----------
    dateobs : sequence of str
        Times of these events; by default those of the last days.
    days_ago, days_range, checkpoint_refresh_days : float, optional
        Age of events, how long after one sources count, and how long they are left, days.
    radius_arcsec : float, optional
        Around sources, for light curves.
    p_threshold : float, optional
        Lowest score that is posted.
    time_limit_minutes : float, optional
    query_group_ids, post_group_ids : sequence of int, optional
        Groups whose sources count, and to which all is posted.
    taxonomy_map, folder, config_path : str, optional
        Classes on Fritz, folder of tables and memory, configuration file.
    agg_method : str, optional
        Of scores: mean, median or max.
    post_probabilities : bool
        Post calibrated probabilities, and no scores.
    do_not_post, dry_run, ignore_checkpoint : bool
        Make the tables and post nothing; show what would be sent; take done sources for new.
    cores : int, optional
        Of the workflow; by default those of the profile, without one 1.
    profile : str, optional
        Profile of the workflow, such as ``slurm``.
    directory : str, optional
        Folder of the run; by default the working directory.
    """

    dateobs: Sequence[str] = ()
    days_ago: float | None = None
    days_range: float | None = None
    radius_arcsec: float | None = None
    p_threshold: float | None = None
    checkpoint_refresh_days: float | None = None
    time_limit_minutes: float | None = None
    query_group_ids: Sequence[int] | None = None
    post_group_ids: Sequence[int] | None = None
    taxonomy_map: str | None = None
    agg_method: str | None = None
    post_probabilities: bool = False
    folder: str | None = None
    do_not_post: bool = False
    dry_run: bool = False
    ignore_checkpoint: bool = False
    cores: int | None = None
    profile: str | None = None
    directory: str | None = None
    config_path: str | None = None


class TimeIsUp(Exception):
    """The time limit of the run has passed."""


def follow_events(options: EventOptions, report: Callable[[str], None]) -> int:
    """Follow events, once.

    Parameters
    ----------
    options : EventOptions
    report : callable
        Gets what a dry run does not send, line by line; all else goes to the log.

    Returns
    -------
    int
        Exit status: 0, 1 if an event failed, and 124 if the time limit has ended the run.

    Raises
    ------
    ScopeError
        If the configuration or Fritz cannot be used.
    """
    if options.directory:
        os.chdir(options.directory)
    config = event_config(options)
    log = Path(config.gcn.folder) / "gcn.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with _log_to(log):
        return _run(options, config, report)


def _run(options: EventOptions, config: Config, report: Callable[[str], None]) -> int:
    from scope.gcn.posted_ledger import only_one
    from scope.runs.processes import ends_raise

    logger = logging.getLogger("scope")
    with only_one(Path(config.gcn.folder) / "lock") as alone:
        if not alone:
            logger.info("another run is at work here: nothing to do")
            return 0
        try:
            with ends_raise(), _time_limit(60.0 * config.gcn.time_limit_minutes):
                failed = _follow(options, config, report)
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


def _follow(options: EventOptions, config: Config, report: Callable[[str], None]) -> int:
    from scope.fritz.photometry import LightCurveSource
    from scope.gcn.follow import Follower, FollowOptions
    from scope.surveys.open import configured_survey

    chosen = FollowOptions(
        tuple(options.dateobs),
        post=not options.do_not_post,
        forget=options.ignore_checkpoint,
        dry_run=options.dry_run,
    )
    light_curves = LightCurveSource(lambda: configured_survey(config))
    now = datetime.now(UTC).replace(tzinfo=None)
    with open_fritz(config, report, dry_run=options.dry_run) as fritz:
        follower = Follower(
            config,
            fritz,
            lambda target: make_catalogue(target, options, config),
            light_curves,
            chosen,
            now,
        )
        return follower.run()


def make_catalogue(target: str, options: EventOptions, config: Config) -> Path:
    """Let the workflow make the catalogue of a target, and return its path."""
    from scope.runs.run_workflow import run_workflow

    catalogue = Path(f"results/catalog/{target}.parquet")
    more: tuple[str, ...] = ()
    if options.profile:
        # By its name it is found only where it is installed, or from the checkout.
        shipped = SNAKEFILE.parent / "profiles" / options.profile
        more = ("--profile", str(shipped) if shipped.is_dir() else options.profile)
    cores = options.cores or (None if options.profile else 1)
    run_workflow([catalogue], config, cores=cores, more=more)
    return catalogue


def event_config(options: EventOptions) -> Config:
    """Return the configuration with the options on top.

    Raises
    ------
    UsageError
        If it names no survey to look for light curves in.
    """
    from scope.config.load import load_config
    from scope.surveys.registry import survey_kind

    given = {
        "days_ago": options.days_ago,
        "days_range": options.days_range,
        "radius_arcsec": options.radius_arcsec,
        "remember_days": options.checkpoint_refresh_days,
        "time_limit_minutes": options.time_limit_minutes,
        "query_group_ids": options.query_group_ids,
        "post_group_ids": options.post_group_ids,
        "taxonomy_map": options.taxonomy_map,
        "statistic": options.agg_method,
        "post_probabilities": options.post_probabilities or None,
        "folder": options.folder,
    }
    overrides: dict[str, Any] = {"gcn": {k: v for k, v in given.items() if v is not None}}
    if options.post_group_ids is not None:
        # Said on the command line it holds for all events.
        config = load_config(config_path=options.config_path)
        tags = config.gcn.post_group_ids_by_tag
        overrides["gcn"]["post_group_ids_by_tag"] = dict.fromkeys(tags, options.post_group_ids)
    if options.p_threshold is not None:
        overrides["thresholds"] = {"posting": options.p_threshold}
    config = load_config(overrides=overrides, config_path=options.config_path)
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
