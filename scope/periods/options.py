"""What a period search is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from scope.errors import ConfigError

NESTED = "ELS_ECE_EAOV"
"""Lomb-Scargle and conditional entropy over the whole grid, judged by analysis of variance."""
LS_BIC = "LS_BIC"
"""Lomb-Scargle peaks and their harmonics, judged by Fourier and eclipse models."""
JOINT = "BANDS"
"""All light curves of a star at once, see `scope.periods.joint`; no algorithm of its own."""
ONES = "Ones"
"""No search: every period, significance and derivative is 1."""


class Statistic(NamedTuple):
    """One statistic of a folded light curve, as a search of its own."""

    meaning: str
    larger_is_better: bool


STATISTICS = {
    "LS": Statistic("Lomb-Scargle with errors and a floating mean", True),
    "CE": Statistic("conditional entropy", False),
    "AOV": Statistic("analysis of variance over phase bins", True),
}
"""What a backend scans and evaluates, by name; `scope.periods.backends` says how."""

SINGLE = {"LS": "LS", "ELS": "LS", "CE": "CE", "ECE": "CE", "AOV": "AOV", "EAOV": "AOV"}
"""Column suffix of a single algorithm -> the statistic behind it."""
ALIASES = {"LS_CE_AOV": NESTED}
ALGORITHMS = (LS_BIC, NESTED, *ALIASES, *SINGLE, ONES)


@dataclass(frozen=True)
class PeriodOptions:
    """Options of the period search.

    Attributes
    ----------
    algorithms : tuple of str
        Searches to run, each with columns of its own: ``LS_BIC``, ``ELS_ECE_EAOV``
        (also spelled ``LS_CE_AOV``), the single ``LS``, ``CE``, ``AOV`` with the second
        names ``ELS``, ``ECE``, ``EAOV``, and ``Ones``. With ``ELS_ECE_EAOV`` the columns
        of ``ELS`` and ``ECE`` come along; ``EAOV`` has values only where it is listed
        too, because it then costs a scan of its own.
    samples_per_peak : int
        Grid points per peak width 1/T.
    max_freq : float
        Highest trial frequency, 1/d.
    scale_min_period : bool
        Take the highest frequency as 1/(2 ``min_cadence_minutes``) instead.
    min_cadence_minutes : float
        Shortest time between points that the cleaning leaves.
    remove_terrestrial : bool
        Leave the terrestrial bands out of the grid. The flag columns are written anyway.
    top_n_periods : int
        Candidates that the nested search passes from each of its first two algorithms.
    phase_bins, mag_bins : int
        Bins of the conditional entropy; the analysis of variance uses ``phase_bins``.
    max_trial_frequencies : int
        Most frequencies of a grid, which bounds the memory of a light curve; one whose
        grid would need more is not searched.
    n_top_columns : int
        Number of ranked periods per algorithm to write beside the best (0: none), with
        the agreement between algorithms where there are two or more.

    Raises
    ------
    ConfigError
        If a value cannot be used.
    """

    algorithms: tuple[str, ...] = (LS_BIC,)
    samples_per_peak: int = 10
    max_freq: float = 48.0
    scale_min_period: bool = False
    min_cadence_minutes: float = 30.0
    remove_terrestrial: bool = False
    top_n_periods: int = 50
    phase_bins: int = 20
    mag_bins: int = 10
    n_top_columns: int = 0
    max_trial_frequencies: int = 20_000_000

    def __post_init__(self) -> None:
        names = tuple(ALIASES.get(name, name) for name in self.algorithms)
        object.__setattr__(self, "algorithms", names)
        for name in names:
            if name not in ALGORITHMS:
                raise ConfigError("unknown period algorithm", value=name, allowed=ALGORITHMS)
        if len(set(names)) != len(names) or not names:
            raise ConfigError(
                "period algorithms that are none or stand twice",
                value=", ".join(names),
                allowed="each once",
            )
        for name, low, high in (
            ("samples_per_peak", 2, 1000),
            ("max_freq", 1e-9, 1e6),
            ("min_cadence_minutes", 1e-3, 1e6),
            ("top_n_periods", 1, 10000),
            ("phase_bins", 2, 1000),
            ("mag_bins", 1, 100),
            ("n_top_columns", 0, 50),
            ("max_trial_frequencies", 1, 2_000_000_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"period option {name} out of range", value=value, allowed=f"{low} to {high}"
                )


def model_suffixes(options: PeriodOptions, *, bands_together: bool) -> tuple[str, ...]:
    """Column suffixes of the searches whose periods models may see.

    The joint search is among them where it runs and `LS_BIC` does, whose period a star
    with one light curve has.
    """
    joint = (JOINT,) if bands_together and LS_BIC in options.algorithms else ()
    return (*suffixes(options), *joint)


def suffixes(options: PeriodOptions) -> tuple[str, ...]:
    """Column suffixes that a search writes, in column order."""
    names: list[str] = []
    for name in options.algorithms:
        names += ["ELS", "ECE", "EAOV", NESTED] if name == NESTED else [name]
    return tuple(dict.fromkeys(names))
