"""The section of the configuration that describes folders of light curves of any survey."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from scope.bands import BAND_NUMBERS
from scope.config.base import WHOLE, Section, key, matching, one_of
from scope.errors import ConfigError
from scope.lightcurves.fluxes import JANSKY_PER_UNIT
from scope.lightcurves.times import SCALES, SYSTEMS

SurveyName = Annotated[
    str, matching(r"[A-Za-z0-9][\w.-]*", "letters, digits, dots, hyphens and underscores")
]
BandName = Annotated[str, one_of(BAND_NUMBERS)]


class SurveyColumns(Section):
    """Names of the columns, or of the parts of a nested column."""

    id: str = key(..., "name or number of the object, or of the light curve", min_length=1)
    ra: str | None = key(None, "right ascension [deg], ICRS")
    dec: str | None = key(None, "declination [deg], ICRS")
    time: str = key(..., "times of the epochs", min_length=1)
    brightness: str = key(..., "magnitudes or fluxes", min_length=1)
    error: str = key(..., "their standard errors", min_length=1)
    band: str | None = key(None, "band of a row or of an epoch; none: all are of default_band")
    flags: str | None = key(None, "quality flags of an epoch; only those with 0 are used")


class SurveyTime(Section):
    """System and unit of the times."""

    system: Annotated[str, one_of(SYSTEMS)] = key(
        "mjd",
        "dates on Earth (mjd, jd), at the Sun (hmjd, hjd) or at the barycentre (bmjd, bjd)",
    )
    scale: Annotated[str, one_of(SCALES)] = key("utc", "scale of time")
    zero: float = key(0.0, "what is to be added, such as 2454833 for Kepler's days", unit="d")


class SurveySection(Section):
    """A folder of Parquet or CSV files of light curves, whatever their columns are called."""

    folder: str = key(..., "where the files are, with all folders below", min_length=1)
    files: str = key("*.parquet", "which of them hold light curves; each is one unit of work")
    layout: Literal["flat", "nested"] = key(
        "nested",
        "flat: a row for each epoch; nested: a row for each object or light curve, with lists",
    )
    points: str | None = key(
        None,
        "nested: the column that holds the points, a struct of lists or a list of structs; "
        "null where each quantity has a column of lists",
    )
    columns: SurveyColumns = key(..., "names of columns, or of the parts of points")
    ids: Literal["light_curve", "object", "name"] = key(
        "object",
        "light_curve: the ids are whole numbers, one for each object and band; object: whole "
        "numbers below 2^60 for objects, in bands ugrizyV; name: any text for objects",
    )
    bands: Annotated[dict[str, BandName | None], WHOLE] = key(
        dict,
        "band of each value in the column of bands, null for those that are left out; none given: "
        "the values are names of bands themselves",
    )
    default_band: BandName | None = key(None, "band of all epochs, without a column of bands")
    time: SurveyTime = key(SurveyTime, "what the times are")
    unit: Literal["mag", "Jy", "mJy", "uJy", "nJy", "counts"] = key(
        "mag", "of the brightness; fluxes become AB magnitudes, counts those of zero_point"
    )
    zero_point: float | None = key(
        None, "magnitude of one count; left out for all other units", unit="mag"
    )
    release: str | None = key(None, "the data release, for the record of products")
    complete: bool = key(
        False,
        "whether these are all light curves of a piece of sky, so that class frequencies can be "
        "told from the scores; a selection is none",
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> SurveySection:
        """Check what no key can tell alone."""
        if (self.columns.ra is None) != (self.columns.dec is None):
            raise ConfigError("survey with one half of positions", allowed="both columns, or none")
        if self.columns.ra is None and not self.time.system.startswith("h"):
            raise ConfigError(
                "survey without positions, whose times are not heliocentric",
                value=self.time.system,
                allowed=["hmjd", "hjd"],
                todo="name the columns ra and dec: the Sun is up to 500 s of light away",
            )
        if (self.columns.band is None) == (self.default_band is None):
            raise ConfigError(
                "survey whose bands cannot be told",
                value=f"columns.band {self.columns.band}, default_band {self.default_band}",
                allowed="either a column of bands, or one band for all",
            )
        if (self.unit == "counts") != (self.zero_point is not None):
            raise ConfigError(
                "zero point of brightnesses",
                value=f"unit {self.unit}, zero_point {self.zero_point}",
                allowed=f"a zero point for counts, none for mag and {', '.join(JANSKY_PER_UNIT)}",
            )
        if self.points is not None and self.layout == "flat":
            raise ConfigError("flat survey with a column of points", value=self.points)
        return self
