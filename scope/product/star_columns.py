"""The columns of a table of stars, as data."""

from __future__ import annotations

from scope.identifiers import FILTER_NAMES
from scope.schema import Column

PROBABILITY_REASONS: dict[str, str] = {
    "no_scores": "no light curve of the star has scores; `reason` says why",
    "no_probabilities": "its scores are no probabilities: the models are not calibrated",
    "no_star_fusion": "the models in use have no fusion over the light curves of a star",
}
"""Why a star has no probabilities. Null means that it has."""

FROM_BANDS, FROM_LIGHT_CURVE = "bands", "light_curve"
"""Where the period of a star is from."""

_G, _R, _I = FILTER_NAMES.values()


def _per_band(name: str, dtype: str, unit: str, meaning: str) -> list[Column]:
    return [
        Column(f"{name}_{band}", dtype, unit, True, meaning.format(band))
        for band in FILTER_NAMES.values()
    ]


STAR_ID = Column("star_id", "int64", "", False, "Lowest id of its light curves")

STAR_COLUMNS: tuple[Column, ...] = (
    STAR_ID,
    Column("name", "string", "", True, "Name from the position"),
    Column("obj_id", "string", "", True, "Name of the object in the list asked for"),
    Column("survey_id", "string", "", True, "Id in Gaia, else AllWISE, else Pan-STARRS"),
    Column("ra", "float64", "deg", True, "Right ascension, ICRS, mean of its light curves"),
    Column("dec", "float64", "deg", True, "Declination, ICRS, mean of its light curves"),
    Column("light_curves", "list<int64>", "", False, "Ids of its light curves, ascending"),
    Column("filters", "list<int32>", "", False, "Filter of each of them; -1 where unknown"),
    Column("n_light_curves", "int32", "", False, "Light curves"),
    Column("n_scored", "int32", "", False, "Light curves with scores"),
    *_per_band("n", "int32", "", "Light curves in {}"),
    Column("n_fields", "int32", "", False, "Fields in which it was seen"),
    Column("n_epochs", "int32", "", True, "Good epochs of all light curves"),
    Column(
        "crowded",
        "bool",
        "",
        False,
        "Two light curves are of one field, quadrant and filter: two stars, or one split",
    ),
    *_per_band("mag", "float64", "mag", "Mean magnitude in {}"),
    Column("mag", "float64", "mag", True, "Mean magnitude in r, else g, else i"),
    Column(f"{_G}_{_R}", "float64", "mag", True, "Colour: difference of mean magnitudes g and r"),
    Column(f"{_R}_{_I}", "float64", "mag", True, "Colour: difference of mean magnitudes r and i"),
    Column("period", "float64", "d", True, "Period of all bands together, else of the best"),
    Column(
        "period_from",
        "string",
        "",
        True,
        f"{FROM_BANDS}: all its light curves together; {FROM_LIGHT_CURVE}: that with most epochs",
    ),
    Column("n_same_period", "int32", "", True, "Light curves whose own period is it within 1 %"),
    Column("significance", "float64", "", True, "Significance of the period"),
    Column("log10_fap", "float64", "", True, "Decimal logarithm of its false-alarm probability"),
    Column(
        *("alias_trend", "bool", "", True),
        "No light curve tells its own period from a change slower than half of the baseline",
    ),
    Column("amplitude", "float64", "mag", True, "Range of the middle 90 % of the magnitudes"),
    Column("Gaia_EDR3___id", "int64", "", True, "Gaia EDR3 source_id; 0 is none"),
    Column("AllWISE___id", "int64", "", True, "AllWISE cntr; 0 is none"),
    Column("PS1_DR1___id", "int64", "", True, "Pan-STARRS1 objID; 0 is none"),
    Column("ood_p", "float32", "", True, "Largest of its light curves: how usual they are"),
    Column("reason", "string", "", True, "Why there are no scores; null where all is well"),
    Column("probability_reason", "string", "", True, "Why there are no probabilities, or null"),
)
"""What stands before the probabilities."""
