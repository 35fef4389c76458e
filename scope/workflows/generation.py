"""How features are made: what options say on top of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config

_GENERATION = {
    "min_n_lc_points": "min_n_lc_points",
    "min_cadence_minutes": "min_cadence_minutes",
    "max_timestamp_hjd": "max_timestamp_hjd",
    "period_algorithms": "period_algorithms",
    "fourier": "fourier",
    "xmatch_radius_arcsec": "xmatch_radius_arcsec",
}
_SEARCH = {
    "max_freq": "max_freq",
    "samples_per_peak": "samples_per_peak",
    "do_scale_min_period": "scale_min_period",
    "do_remove_terrestrial": "remove_terrestrial",
    "top_n_periods": "top_n_periods",
}
_BRIGHT_STAR = {
    "skip_close_sources": "skip",
    "bright_star_query_radius_arcsec": "query_radius_arcsec",
    "xmatch_radius_arcsec": "self_match_radius_arcsec",
}
_BANDS = {"do_bands_together": "search", "bands_radius_arcsec": "radius_arcsec"}
_COLLECTIONS = {"source_catalog": "sources", "alerts_catalog": "alerts", "gaia_catalog": "gaia"}
"""Options -> keys of the configuration that they stand in for."""

MOST_PER_QUERY = 10_000
CONFIGURED: Literal["configured"] = "configured"


@dataclass(frozen=True, kw_only=True)
class GenerationOptions:
    """Options of cleaning, period search, survey, device and threads; None as configured.

    Attributes
    ----------
    config_path : str, optional
        Configuration file to use.
    workers : int, optional
        CPU cores; no number depends on them.
    backend : str, optional
        ``cpu``, ``cuda`` or ``reference``; `do_cpu` and `do_gpu` are the same as the first two.
    max_timestamp_hjd : float or None
        Heliocentric Julian date after which no epoch is used; None for no cut.
    max_freq : float, optional
        Highest trial frequency, 1/d.
    query_size_limit : int, optional
        Light curves of a query, and of `stop_early`, which takes the first sources only.

    The others stand for keys of the section ``feature_generation`` that are called alike.
    """

    config_path: str | None = None
    workers: int | None = None
    backend: str | None = None
    do_cpu: bool = False
    do_gpu: bool = False
    min_n_lc_points: int | None = None
    min_cadence_minutes: float | None = None
    max_timestamp_hjd: float | Literal["configured"] | None = CONFIGURED
    period_algorithms: Sequence[str] | None = None
    period_suffix: str | None = None
    max_freq: float | None = None
    samples_per_peak: int | None = None
    top_n_periods: int | None = None
    do_scale_min_period: bool | None = None
    do_remove_terrestrial: bool | None = None
    do_bands_together: bool | None = None
    bands_radius_arcsec: float | None = None
    fourier: str | None = None
    archive: str | None = None
    source_catalog: str | None = None
    alerts_catalog: str | None = None
    gaia_catalog: str | None = None
    bright_star_query_radius_arcsec: float | None = None
    xmatch_radius_arcsec: float | None = None
    query_size_limit: int | None = None
    skip_close_sources: bool | None = None
    stop_early: bool = False


def generation_config(options: GenerationOptions, **more: Any) -> Config:
    """Return the configuration with the options given on top.

    Parameters
    ----------
    options : GenerationOptions
    **more
        Further sections on top.
    """
    from scope.config.load import load_config, merge

    given = {name: value for name, value in vars(options).items() if value is not None}
    if options.max_timestamp_hjd == CONFIGURED:
        del given["max_timestamp_hjd"]
    else:
        given["max_timestamp_hjd"] = options.max_timestamp_hjd
    generation = _chosen(given, _GENERATION)
    generation["period_search"] = _chosen(given, _SEARCH)
    generation["bands_together"] = _chosen(given, _BANDS)
    generation["bright_star"] = _chosen(given, _BRIGHT_STAR)
    backend = backend_of(options)
    if backend in ("cpu", "cuda"):
        generation["backend"] = backend
    overrides: dict[str, Any] = {"feature_generation": generation}
    if suffix := _suffix(options):
        overrides["features"] = {"info": {"period_suffix": suffix}}
    overrides = merge(merge(overrides, _survey(given)), more)
    return load_config(overrides=overrides, config_path=options.config_path)


def backend_of(options: GenerationOptions) -> str | None:
    """Return the backend that the options ask for, None if they leave it open.

    Raises
    ------
    UsageError
        If they ask for two.
    """
    asked = {
        "--doCPU": "cpu" if options.do_cpu else None,
        "--doGPU": "cuda" if options.do_gpu else None,
        "--backend": options.backend,
    }
    given = {option: name for option, name in asked.items() if name}
    if len(set(given.values())) > 1:
        raise UsageError(
            "options that ask for different devices",
            value=", ".join(given),
            allowed="one of them",
            todo="leave out all but one",
        )
    return next(iter(given.values()), None)


def check_workflow_backend(options: GenerationOptions) -> None:
    """Refuse the slow reference, which the workflow does not compute with.

    Raises
    ------
    UsageError
    """
    if backend_of(options) == "reference":
        raise UsageError("--backend", value="reference", allowed="cpu, cuda")


def _chosen(given: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: given[name] for name, key in keys.items() if name in given}


def _survey(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections that say where light curves are."""
    sections: dict[str, Any] = {}
    kowalski: dict[str, Any] = {}
    if "archive" in given:
        sections = {"survey": "archive", "archive": given["archive"]}
    if collections := _chosen(given, _COLLECTIONS):
        kowalski["collections"] = collections
    if "query_size_limit" in given:
        size = min(given["query_size_limit"], MOST_PER_QUERY)
        kowalski |= {"ids_per_query": size, "positions_per_query": size}
    return {**sections, **({"kowalski": kowalski} if kowalski else {})}


def _suffix(options: GenerationOptions) -> str | None:
    """Return the period suffix that the options ask for."""
    if options.period_suffix or not options.period_algorithms:
        return options.period_suffix
    from scope.periods.options import PeriodOptions

    # An alias among the algorithms stands for the suffix that its columns have.
    return PeriodOptions(algorithms=tuple(options.period_algorithms)).algorithms[0]
