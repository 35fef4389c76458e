"""cesium's features as data."""

from __future__ import annotations

from scope.features.definitions import Feature

CADENCE_MINUTES: tuple[int, ...] = (
    1, 10, 20, 30, 40, 50, 100, 500, 1000, 5000, 10000, 50000, 100000, 500000, 1000000,
    5000000, 10000000,
)  # fmt: skip
"""Times of the ``cad_probs``, in minutes."""

FLUX_RANGES: tuple[int, ...] = (20, 35, 50, 65, 80)
"""Widths of the ``flux_percentile_ratio_mid``, in per cent."""

PEAK_PAIRS: tuple[tuple[int, int], ...] = ((1, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4))
"""Ranks of the peaks that ``all_times_nhist_peak_i_to_j`` compares; the highest is 0."""

_STEP = "ratios (d[i+2] + d[i]) / (d[i+1] - d[i]) of gaps between epochs"

_DEFINITIONS: tuple[tuple[str, str, str], ...] = (
    ("avg_err", "mag", "mean error"),
    ("med_err", "mag", "median error"),
    ("std_err", "mag", "deviation of the errors"),
    ("total_time", "d", "time from the first to the last epoch"),
    ("avgt", "d", "mean time, HJD"),
    ("cads_std", "d", "deviation of the gaps between epochs"),
    ("mean", "mag", "mean magnitude"),
    ("cads_avg", "d", "mean gap between epochs"),
    ("cads_med", "d", "median gap between epochs"),
    *(
        (f"cad_probs_{minutes}", "", f"part of the gaps that are no longer than {minutes} min")
        for minutes in CADENCE_MINUTES
    ),
    ("med_double_to_single_step", "", f"median of the {_STEP}"),
    ("avg_double_to_single_step", "", f"mean of the {_STEP}"),
    ("std_double_to_single_step", "", f"deviation of the {_STEP}"),
    ("all_times_nhist_numpeaks", "", "peaks of the histogram of all time lags, 50 bins"),
    ("all_times_nhist_peak_val", "1/d", "highest density of that histogram"),
    *(
        (f"all_times_nhist_peak_{i}_to_{j}", "", f"heights of its peaks {i} and {j}, highest 0")
        for i, j in PEAK_PAIRS
    ),
    *(
        (f"all_times_nhist_peak{i}_bin", "", f"bin of its peak {i}, counted from the highest, 0")
        for i in (1, 2, 3, 4)
    ),
    ("amplitude", "mag", "half of the range of magnitudes"),
    *(
        (
            f"flux_percentile_ratio_mid{width}",
            "",
            f"inner {width} per cent of the fluxes over the inner 90",
        )
        for width in FLUX_RANGES
    ),
    ("max_slope", "mag/d", "steepest change from one epoch to the next"),
    ("maximum", "mag", "largest (faintest) magnitude"),
    ("minimum", "mag", "smallest (brightest) magnitude"),
    ("percent_amplitude", "", "farthest flux from the median, over the median flux"),
    ("percent_beyond_1_std", "", "part of the points beyond one weighted deviation"),
    ("percent_close_to_median", "", "part of the points within a tenth of the range of the median"),
    ("percent_difference_flux_percentile", "", "inner 90 per cent of the fluxes over the median"),
    ("period_fast", "d", "period of the best sinusoid, down to two mean gaps"),
    ("qso_log_chi2_qsonu", "", "ln of the reduced chi^2 of a typical quasar's random walk"),
    (
        "qso_log_chi2nuNULL_chi2nu",
        "",
        "ln of its expectation for a variable that is no quasar over its value",
    ),
    ("skew", "", "skewness of the magnitudes"),
    ("std", "mag", "deviation of the magnitudes"),
)


def cesium() -> tuple[Feature, ...]:
    """Return cesium's 59 features, ``cesium_<name>``.

    The prefix keeps apart what is called alike: cesium's ``skew`` is another quantity than
    the ``skew`` of the statistics, and ``period_fast`` no period with the suffix ``fast``.
    """
    return tuple(
        Feature(
            f"cesium_{name}",
            unit,
            "float64",
            "cesium",
            False,
            False,
            False,
            "none",
            text,
            "cesium 0.12; Naul et al. 2016, arXiv:1609.04504",
        )
        for name, unit, text in _DEFINITIONS
    )
