"""The section of the configuration that names published catalogues to train on."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from scope.config.base import Section, key

MATCH_RADIUS_LIMIT_ARCSEC = 600


class PublishedCatalogue(Section):
    """A published table; `<map>=<path>` alone is enough."""

    path: str = key(..., "the table as it was published", min_length=1)
    map: str = key(
        ...,
        "how it is read and what its classes mean: a file of config/catalogues without suffix, "
        "or any other by its whole path",
        min_length=1,
    )
    columns: dict[str, str] = key(
        dict, "columns by what they are for (ra, class, …), where the map does not know their names"
    )
    units: dict[str, str] = key(
        dict, "units by what columns are for (ra, period, …), where the table is silent or wrong"
    )

    @model_validator(mode="before")
    @classmethod
    def _in_one_word(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        name, sign, path = value.partition("=")
        if not (name and sign and path):
            raise ValueError("a text <map>=<path>, such as csdr1=table3.txt")
        return {"map": name, "path": path}


class Catalogues(Section):
    """Published catalogues whose stars label light curves of an archive, best first."""

    tables: tuple[PublishedCatalogue, ...] = key(
        (),
        "the catalogues, in the order in which they are trusted; none: there is no such training",
    )
    radius_arcsec: float = key(
        2.0,
        "a star and its row in a catalogue are closer",
        unit="arcsec",
        gt=0,
        le=MATCH_RADIUS_LIMIT_ARCSEC,
    )
    margin_arcsec: float = key(
        1.0, "a second candidate is farther than the nearest by so much", unit="arcsec", ge=0
    )
    star_radius_arcsec: float = key(
        1.0,
        "light curves so close to each other are of one star",
        unit="arcsec",
        gt=0,
        le=MATCH_RADIUS_LIMIT_ARCSEC,
    )
    faint_mag: float = key(
        2.0, "a second star that is fainter by so much is no candidate", unit="mag", ge=0
    )
    epoch: float = key(
        2019.0,
        "Julian year of the positions of the light curves, to which proper motions are followed",
        gt=1900,
        lt=2100,
    )
    disagreement: Literal["leave_out", "unknown", "first"] = key(
        "leave_out",
        "where catalogues contradict one another: the star is left out, what they disagree on is "
        "not known, or the first one is right",
    )
