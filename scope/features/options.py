"""What is computed of a light curve."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, get_args

from scope.errors import ConfigError
from scope.features.edges import DmdtEdges
from scope.features.registry import OPTIONAL_GROUPS, FourierForm
from scope.periods.options import JOINT, PeriodOptions, model_suffixes

TOP_PERIODS = 10
"""Ranked periods per algorithm that the group ``top_periods`` writes."""

LARGEST_RADIUS_ARCSEC = 10.0


@dataclass(frozen=True)
class FeatureOptions:
    """Options of the feature stage.

    Attributes
    ----------
    periods : PeriodOptions
        The period searches.
    fourier : {"raw", "polar"}
        Fourier columns as raw coefficients, which the published models were trained on,
        or as amplitudes and phases.
    groups : tuple of str
        Optional groups of columns: ``top_periods``.
    dmdt : DmdtEdges
        Edges of the dmdt histogram.
    bands_radius_arcsec : float or None
        Search the light curves of each star together as well, into columns of their own
        (`scope.features.joint_periods`): those with one ``obj_id``, and of those without one those
        within this radius of each other. None does not.
    period_suffix : str or None
        The search whose period a row must have; without it the row gets the reason
        ``no_period``. None is the first of ``periods.algorithms``. ``BANDS``, the joint
        search, has Fourier features of its own then, and stands for ``LS_BIC`` in rows
        whose star has one light curve only.

    Raises
    ------
    ConfigError
        If a value is not one of those allowed.
    """

    periods: PeriodOptions = field(default_factory=PeriodOptions)
    fourier: FourierForm = "raw"
    groups: tuple[str, ...] = ()
    dmdt: DmdtEdges = field(default_factory=DmdtEdges)
    bands_radius_arcsec: float | None = None
    period_suffix: str | None = None

    def __post_init__(self) -> None:
        if self.fourier not in get_args(FourierForm):
            raise ConfigError(
                "form of the Fourier features", value=self.fourier, allowed=get_args(FourierForm)
            )
        for group in self.groups:
            if group not in OPTIONAL_GROUPS:
                raise ConfigError(
                    "unknown optional group of features", value=group, allowed=OPTIONAL_GROUPS
                )
        radius = self.bands_radius_arcsec
        if radius is not None and not 0.0 < radius <= LARGEST_RADIUS_ARCSEC:
            raise ConfigError(
                "radius within which light curves are of one star, arcsec",
                value=radius,
                allowed=f"above 0, at most {LARGEST_RADIUS_ARCSEC:g}",
            )
        if self.period_suffix not in (None, *self.possible_suffixes):
            raise ConfigError(
                "period suffix that no search writes",
                value=self.period_suffix,
                allowed=self.possible_suffixes,
                todo="add it to the period algorithms, or name one of them; BANDS needs LS_BIC "
                "among them and bands that are searched together",
            )

    @property
    def possible_suffixes(self) -> tuple[str, ...]:
        """The searches whose periods models may see."""
        return model_suffixes(self.periods, bands_together=self.bands_radius_arcsec is not None)

    @property
    def model_suffix(self) -> str:
        """The search whose period a row must have."""
        return self.period_suffix or self.periods.algorithms[0]

    @property
    def joint_models(self) -> bool:
        """Whether models see the period of all bands of a star."""
        return self.model_suffix == JOINT

    @property
    def search(self) -> PeriodOptions:
        """The period searches, with ranked periods where their group is asked for."""
        if "top_periods" in self.groups and self.periods.n_top_columns == 0:
            return replace(self.periods, n_top_columns=TOP_PERIODS)
        return self.periods

    def facts(self) -> dict[str, Any]:
        """Return the options that shape the numbers, for the record of the product."""
        search = self.search
        return {
            "period_algorithms": list(search.algorithms),
            "period_suffix": self.model_suffix,
            "period_search": {
                "samples_per_peak": search.samples_per_peak,
                "max_freq": search.max_freq,
                "scale_min_period": search.scale_min_period,
                "min_cadence_minutes": search.min_cadence_minutes,
                "remove_terrestrial": search.remove_terrestrial,
                "top_n_periods": search.top_n_periods,
                "phase_bins": search.phase_bins,
                "mag_bins": search.mag_bins,
                "n_top_columns": search.n_top_columns,
                "max_trial_frequencies": search.max_trial_frequencies,
            },
            "bands_radius_arcsec": self.bands_radius_arcsec,
            "fourier": self.fourier,
            "feature_groups": sorted(self.groups),
            "dmdt_edges": {"dm": list(self.dmdt.dm), "dt": list(self.dmdt.dt)},
        }
