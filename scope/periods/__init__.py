"""Period search: one call per batch of light curves, on one of several backends."""

from scope.periods.api import PeriodResult, search_periods
from scope.periods.columns import period_columns
from scope.periods.grid import TERRESTRIAL_BANDS, frequency_grid, in_terrestrial_band
from scope.periods.options import ALGORITHMS, PeriodOptions, suffixes

__all__ = [
    "ALGORITHMS",
    "TERRESTRIAL_BANDS",
    "PeriodOptions",
    "PeriodResult",
    "frequency_grid",
    "in_terrestrial_band",
    "period_columns",
    "search_periods",
    "suffixes",
]
