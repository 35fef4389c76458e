"""The features as data: what each is called, what it means, and where it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scope.features.crossmatch_catalogues import ALERT_COLUMNS, CATALOGUES
from scope.schema import CCD, DEC, FIELD, QUAD, RA, Column

FeatureSet = Literal["phenomenological", "ontological"]

Imputation = Literal["zero", "median", "mean", "regress", "none"]

FourierForm = Literal["raw", "polar"]
"""``raw``: the coefficients A_k, B_k under the names of amplitudes and phases, which is
what the published models were trained on. ``polar``: amplitudes and phases."""

OPTIONAL_GROUPS: dict[str, str] = {
    "top_periods": "ranked periods of each search, and how far the searches agree",
}
"""Groups of features that are computed only where they are asked for."""


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes
    ----------
    name : str
        Name, without the period suffix.
    unit : str
        Unit; empty where there is none.
    dtype : str
        Type, as in `scope.schema.Column`.
    group : str
        ``statistics``, ``periods``, ``fourier``, ``dmdt``, ``alerts``, the
        name of a catalogue, or ``position``.
    periodic : bool
        Whether there is one column per period search, ``<name>_<suffix>``.
    include_phenomenological, include_ontological : bool
        Whether the models of these lists see it by default.
    impute : {"zero", "median", "mean", "regress", "none"}
        What replaces an undefined value by default; with none the row is not classified.
    description : str
        What it is, in one line.
    source : str
        Its formula, or where it is from.
    kind : str
        As in `scope.schema.Column`.
    ucd : str
        As in `scope.schema.Column`; of most features none fits.
    """

    name: str
    unit: str
    dtype: str
    group: str
    periodic: bool
    include_phenomenological: bool
    include_ontological: bool
    impute: Imputation
    description: str
    source: str
    kind: str = "feature"
    ucd: str = ""

    def column_name(self, period_suffix: str | None = None) -> str:
        """Return the name of its column, with the suffix where it has one."""
        return f"{self.name}_{period_suffix}" if self.periodic and period_suffix else self.name


# m, e, t: magnitudes, errors, times; w = 1/e^2; N points; wmean, median, wstd as below.
_STATISTICS: tuple[tuple[str, str, str, str], ...] = (
    ("n", "", "number of epochs", "N"),
    ("median", "mag", "median magnitude", "median(m)"),
    ("wmean", "mag", "weighted mean magnitude", "sum(w m) / sum(w)"),
    ("chi2red", "", "reduced chi^2 of a constant", "sum(w (m - wmean)^2) / (N - 1)"),
    ("roms", "", "robust median statistic", "sum(|m - median| / e) / (N - 1)"),
    ("wstd", "mag", "weighted deviation", "sqrt(sum(w (m - wmean)^2) / sum(w))"),
    (
        "norm_peak_to_peak_amp",
        "",
        "peak-to-peak amplitude beyond the errors, over twice the mean level",
        "(max(m - e) - min(m + e)) / (max(m - e) + min(m + e))",
    ),
    (
        "norm_excess_var",
        "",
        "variance beyond the errors, over the squared mean",
        "sum((m - wmean)^2 - e^2) / (N wmean^2)",
    ),
    ("median_abs_dev", "mag", "median absolute deviation", "median(|m - median|)"),
    ("iqr", "mag", "inner 50 per cent of the magnitudes", "percentiles 75 - 25"),
    ("i60r", "mag", "inner 60 per cent of the magnitudes", "percentiles 80 - 20"),
    ("i70r", "mag", "inner 70 per cent of the magnitudes", "percentiles 85 - 15"),
    ("i80r", "mag", "inner 80 per cent of the magnitudes", "percentiles 90 - 10"),
    ("i90r", "mag", "inner 90 per cent of the magnitudes", "percentiles 95 - 5"),
    (
        "skew",
        "",
        "skewness in units of the errors",
        "N / ((N - 1)(N - 2)) sum(((m - wmean) / e)^3)",
    ),
    (
        "smallkurt",
        "",
        "small-sample kurtosis in units of the errors",
        "N (N + 1) / ((N - 1)(N - 2)(N - 3)) sum(((m - wmean) / e)^4)"
        " - 3 (N - 1)^2 / ((N - 2)(N - 3))",
    ),
    (
        "inv_vonneumannratio",
        "",
        "inverse of von Neumann's ratio of successive differences to the variance",
        "sum(u) wstd^2 / sum(u dm^2), u = dt^-2",
    ),
    (
        "welch_i",
        "",
        "Welch and Stetson's I of successive points",
        "sum(P), P_i = d_i d_(i+1), d = sqrt(N / (N - 1)) (m - wmean) / e",
    ),
    (
        "stetson_j",
        "",
        "Stetson's J of successive points, not divided by their number",
        "sum(sgn(P) sqrt(|P|)), P as for welch_i",
    ),
    (
        "stetson_k",
        "",
        "Stetson's K, a robust kurtosis",
        "(sum(|d|) / N) / sqrt(sum(d^2) / N), d as for welch_i",
    ),
    ("ad", "", "Anderson-Darling statistic of m / e against a normal law", "Stephens 1974"),
    ("sw", "", "Shapiro-Wilk W of m / e", "Royston 1995, AS R94"),
)

_STATISTIC_UCDS = {
    "n": "meta.number;obs",
    "median": "phot.mag;stat.median",
    "wmean": "phot.mag;stat.mean",
    "wstd": "stat.stdev;phot.mag",
    "median_abs_dev": "stat.stdev;phot.mag",
}
"""All others measure how something varies."""

_PERIODS: tuple[tuple[str, str, str, str], ...] = (
    ("period", "d", "period", "period search of the suffix"),
    ("significance", "", "significance of the period", "period search of the suffix"),
    ("pdot", "", "period derivative", "none is searched for: 0"),
    (
        "log10_fap",
        "",
        "logarithm of the period's false-alarm probability; LS_BIC and BANDS only",
        "docs/periods.md",
    ),
)
_PUBLISHED = ("period", "significance")
"""What published models see of a period search."""

_MODEL = "y = a + b (t - t_first) + sum_k A_k cos(2 pi k t / p) + B_k sin(2 pi k t / p), t in HJD"

_FOURIER: tuple[tuple[str, str, str, str], ...] = (
    ("f1_power", "", "part of chi^2 that the harmonics explain", "(chi2_0 - chi2_K) / chi2_0"),
    ("f1_BIC", "", "Bayesian information criterion of the fit", "chi2_K + (2 + 2 K) ln N"),
    ("f1_a", "mag", "magnitude of the fitted line at the first epoch", _MODEL),
    ("f1_b", "mag/d", "slope of the fitted line", _MODEL),
    ("f1_amp", "mag", "first harmonic: A_1 (raw) or its amplitude (polar)", _MODEL),
    ("f1_phi0", "mag or rad", "first harmonic: B_1 (raw) or its phase (polar)", _MODEL),
    *(
        row
        for k in range(1, 5)
        for row in (
            (
                f"f1_relamp{k}",
                "mag or 1",
                f"harmonic {k + 1}: A_{k + 1} (raw) or its amplitude over the first (polar)",
                _MODEL,
            ),
            (
                f"f1_relphi{k}",
                "mag or 1",
                f"harmonic {k + 1}: B_{k + 1} (raw) or its phase against the first, in cycles"
                " of the harmonic (polar)",
                _MODEL,
            ),
        )
    ),
)

_POSITION: tuple[tuple[Column, str], ...] = (
    (RA, "right ascension, ICRS"),
    (DEC, "declination, ICRS"),
    (FIELD, "survey field number"),
    (CCD, "detector"),
    (QUAD, "quadrant of the detector"),
)

_CATALOGUE_INPUTS: dict[str, tuple[str, ...]] = {
    "AllWISE": ("w1mpro", "w1sigmpro", "w2mpro", "w2sigmpro", "w3mpro", "w4mpro"),
    "Gaia_EDR3": (
        "parallax",
        "parallax_error",
        "phot_bp_mean_mag",
        "phot_bp_rp_excess_factor",
        "phot_g_mean_mag",
        "phot_rp_mean_mag",
    ),
    "PS1_DR1": tuple(f"{band}MeanPSFMag{end}" for band in "grizy" for end in ("", "Err")),
}
"""What ontological models see of each catalogue."""

_FILLED_WITH_MEDIAN = ("phot_bp_rp_excess_factor",)
"""As errors are."""


def statistics() -> tuple[Feature, ...]:
    """Return the 22 basic statistics."""
    return tuple(
        Feature(  # type: ignore[misc]
            *(name, unit, "float64", "statistics", False, name != "n", name != "n", "none"),
            *text,
            ucd=_STATISTIC_UCDS.get(name, "src.var.index"),
        )
        for name, unit, *text in _STATISTICS
    )


def periods() -> tuple[Feature, ...]:
    """Return what each period search brings and models may see."""
    return tuple(
        Feature(
            name,
            unit,
            "float64",
            "periods",
            True,
            False,
            name in _PUBLISHED,
            # Not known is no evidence of a period: a probability of 1.
            "zero" if name == "log10_fap" else "none",
            *text,
        )
        for name, unit, *text in _PERIODS
    )


def fourier() -> tuple[Feature, ...]:
    """Return the 14 Fourier features."""
    return tuple(
        Feature(  # type: ignore[misc]
            *(name, unit, "float64", "fourier", True, True, True, "none", *text),  # type: ignore[arg-type]
            ucd="stat.fit.param",
        )
        for name, unit, *text in _FOURIER
    )


def alerts() -> tuple[Feature, ...]:
    """Return the features of ZTF alerts."""
    return tuple(
        Feature(
            column.name,
            column.unit,
            column.dtype,
            "alerts",
            False,
            False,
            True,
            "zero",
            column.description,
            "Bellm et al. 2019, PASP 131, 018002; Duev et al. 2019, MNRAS 489, 3582",
            column.kind,
            column.ucd,
        )
        for column in ALERT_COLUMNS
    )


def catalogues() -> tuple[Feature, ...]:
    """Return the columns of external catalogues."""
    features = []
    for catalogue in CATALOGUES.values():
        for column in catalogue.columns:
            included = column.name in _CATALOGUE_INPUTS[catalogue.name]
            features.append(
                Feature(
                    catalogue.column_name(column.name),
                    column.unit,
                    column.dtype,
                    catalogue.name,
                    False,
                    False,
                    included,
                    _catalogue_imputation(column) if included else "none",
                    column.description,
                    catalogue.reference,
                    column.kind,
                    column.ucd,
                )
            )
    return tuple(features)


def _catalogue_imputation(column: Column) -> Imputation:
    filled = column.kind == "error" or column.name in _FILLED_WITH_MEDIAN
    return "median" if filled else "regress"


def positions() -> tuple[Feature, ...]:
    """Return the key columns that a model might be given, though none is by default."""
    return tuple(
        Feature(
            *(column.name, column.unit, column.dtype, "position", False, False, False, "none"),
            *(text, "the survey", column.kind, column.ucd),
        )
        for column, text in _POSITION
    )


DMDT = Feature(
    "dmdt",
    "",
    "fixed_size_list<float32>[676]",
    "dmdt",
    False,
    False,
    False,
    "none",
    "histogram of pairs of epochs, 26 differences in magnitude (rows) by 26 in time, "
    "row after row, of unit Frobenius norm",
    "Mahabal et al. 2017, arXiv:1709.06257",
    "histogram",
)
"""The histogram, which networks take through an input of its own."""
