"""The external catalogues and the columns that a cross-match brings from them, as data.

A column of the catalogue ``AllWISE`` appears in the products as ``AllWISE__<column>``;
the catalogue's own id, ``_id``, therefore has three underscores. Beside them stands
``<catalogue>__searched``: true where a table of the catalogue was there to be searched,
so that a null means "nothing within the radius" and not "nobody looked".
"""

from __future__ import annotations

from dataclasses import dataclass

from scope.schema import Column

N_ALERTS = "n_ztf_alerts"
MEAN_BRAAI = "mean_ztf_alert_braai"


@dataclass(frozen=True)
class Catalogue:
    """One external catalogue.

    Attributes
    ----------
    name : str
        Prefix of its columns and name of its table.
    columns : tuple of Column
        What is taken from it, under the catalogue's own names. The first is ``_id``.
    reference : str
        The publication that describes the columns.
    """

    name: str
    columns: tuple[Column, ...]
    reference: str

    @property
    def searched(self) -> str:
        """Name of the flag that says whether there was a table."""
        return f"{self.name}__searched"

    def column_name(self, column: str) -> str:
        """Return the name that `column` has in the products."""
        return f"{self.name}__{column}"

    def product_columns(self) -> tuple[Column, ...]:
        """Return the columns under the names they have in the products, without the flag."""
        return tuple(
            Column(
                name=self.column_name(column.name),
                dtype=column.dtype,
                unit=column.unit,
                nullable=True,
                description=column.description,
                kind=column.kind,
                ucd=column.ucd,
            )
            for column in self.columns
        )


def _column(name: str, unit: str, description: str, dtype: str = "float64") -> Column:
    return Column(name, dtype, unit, True, description)


def _id(description: str) -> Column:
    return Column("_id", "int64", "", True, description, "id", "meta.id.cross")


def _magnitude(name: str, ucd: str, description: str) -> Column:
    return Column(name, "float64", "mag", True, description, "brightness", f"phot.mag;{ucd}")


def _error(name: str, unit: str, of: str, description: str) -> Column:
    return Column(name, "float64", unit, True, description, "error", f"stat.error;{of}")


def _allwise() -> Catalogue:
    columns = [_id("AllWISE source id (cntr) of the nearest match")]
    for band, microns in ((1, "3-4um"), (2, "4-8um"), (3, "8-15um"), (4, "15-30um")):
        about = f"AllWISE W{band} magnitude"
        columns.append(_magnitude(f"w{band}mpro", f"em.IR.{microns}", f"{about} (Vega)"))
        name = f"w{band}sigmpro"
        columns.append(_error(name, "mag", "phot.mag", f"standard error of the {about}"))
    columns.append(
        _column("ph_qual", "", "AllWISE photometric quality, one letter per band", "string")
    )
    return Catalogue("AllWISE", tuple(columns), "Cutri et al. 2013, AllWISE Data Release")


def _gaia() -> Catalogue:
    per_year, pm = "mas/yr", "pos.pm;pos.eq"
    columns = (
        _id("Gaia EDR3 source_id of the nearest match"),
        _magnitude("phot_g_mean_mag", "em.opt", "Gaia G magnitude (Vega)"),
        _magnitude("phot_bp_mean_mag", "em.opt.B", "Gaia BP magnitude (Vega)"),
        _magnitude("phot_rp_mean_mag", "em.opt.R", "Gaia RP magnitude (Vega)"),
        Column(
            *("parallax", "float64", "mas", True, "Gaia parallax", "value", "pos.parallax.trig")
        ),
        _error("parallax_error", "mas", "pos.parallax", "standard error of the Gaia parallax"),
        Column(
            *("pmra", "float64", per_year, True),
            "Gaia proper motion in right ascension, times cos(dec)",
            *("value", f"{pm}.ra"),
        ),
        _error("pmra_error", per_year, f"{pm}.ra", "standard error of pmra"),
        Column(
            *("pmdec", "float64", per_year, True, "Gaia proper motion in declination"),
            *("value", f"{pm}.dec"),
        ),
        _error("pmdec_error", per_year, f"{pm}.dec", "standard error of pmdec"),
        _column("astrometric_excess_noise", "mas", "excess noise of the Gaia astrometric solution"),
        _column("phot_bp_rp_excess_factor", "", "(BP flux + RP flux) / G flux"),
    )
    return Catalogue("Gaia_EDR3", columns, "Gaia Collaboration 2021, A&A 649, A1")


def _panstarrs() -> Catalogue:
    columns = [_id("Pan-STARRS1 objID of the nearest match")]
    optical = {"g": "B", "r": "R", "i": "I", "z": "I", "y": "I"}
    for band, letter in optical.items():
        about = f"mean {band} PSF magnitude (AB)"
        columns.append(_magnitude(f"{band}MeanPSFMag", f"em.opt.{letter}", about))
        name = f"{band}MeanPSFMagErr"
        columns.append(
            _error(name, "mag", "phot.mag", f"standard error of the mean {band} magnitude")
        )
    columns.append(_column("qualityFlag", "", "Pan-STARRS1 object quality bits", "int64"))
    return Catalogue("PS1_DR1", tuple(columns), "Flewelling et al. 2020, ApJS 251, 7")


CATALOGUES: dict[str, Catalogue] = {
    catalogue.name: catalogue for catalogue in (_allwise(), _gaia(), _panstarrs())
}
"""The catalogues by name, in the order of their columns in the products."""

ALERT_COLUMNS: tuple[Column, ...] = (
    _column(N_ALERTS, "", "ZTF alerts within the radius; null where no table was there", "int64"),
    _column(
        MEAN_BRAAI,
        "",
        "mean real-bogus score (braai) of these alerts; 0 where there is none, "
        "null where no table was there",
    ),
)
"""The columns that the alerts bring, without the flag."""

ALERTS = "ZTF_alerts"
ALERTS_SEARCHED = f"{ALERTS}__searched"
"""Name of the flag that says whether there was a table of alerts."""


def crossmatch_columns() -> tuple[Column, ...]:
    """Return all columns that a cross-match brings, in the order of the products.

    Alerts first, then one catalogue after the other, then one flag per table.
    """
    columns = list(ALERT_COLUMNS)
    for catalogue in CATALOGUES.values():
        columns.extend(catalogue.product_columns())
    flags = {catalogue.name: catalogue.searched for catalogue in CATALOGUES.values()}
    for what, name in {**flags, ALERTS: ALERTS_SEARCHED}.items():
        meaning = f"whether a {what} table was there to be searched"
        columns.append(Column(name, "bool", "", False, meaning, "flag", "meta.code"))
    return tuple(columns)
