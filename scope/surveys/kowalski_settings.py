"""What is taken from Kowalski, and how: the survey ``kowalski`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scope.services.kowalski import KowalskiOptions
from scope.surveys.base import Survey, unit_name

if TYPE_CHECKING:
    from scope.config.model import Config

ALL_UNITS = tuple(unit_name(ccd, quad) for ccd in range(1, 17) for quad in range(1, 5))


@dataclass(frozen=True)
class KowalskiCollections:
    """Names of collections; None where there is none to ask.

    Attributes
    ----------
    sources : str
        Light curves, ``ZTF_sources_<date>``.
    alerts, gaia, allwise, ps1 : str or None
    """

    sources: str
    alerts: str | None = "ZTF_alerts"
    gaia: str | None = "Gaia_EDR3"
    allwise: str | None = "AllWISE"
    ps1: str | None = "PS1_DR1"

    def catalogue(self, name: str) -> str | None:
        """Return the collection of an external catalogue, by the catalogue's name."""
        return {"Gaia_EDR3": self.gaia, "AllWISE": self.allwise, "PS1_DR1": self.ps1}[name]


@dataclass(frozen=True)
class KowalskiSettings:
    """Selection taken from Kowalski, and how; the representation tells what, and not how.

    Attributes
    ----------
    client : KowalskiOptions
    collections : KowalskiCollections
    programids : tuple of int
        Programmes whose points are used.
    min_epochs : int
        Sources with fewer listed epochs are not listed.
    units : tuple of str
        Quadrants of every field.
    ids_per_query, positions_per_query : int
        How much is asked for at a time.
    release : str, optional
        Name of the data release; by default the end of the name of the sources.
    """

    client: KowalskiOptions = field(repr=False)
    collections: KowalskiCollections
    programids: tuple[int, ...] = (1, 2, 3)
    min_epochs: int = 1
    units: tuple[str, ...] = field(default=ALL_UNITS, repr=False)
    ids_per_query: int = field(default=1000, repr=False)
    positions_per_query: int = field(default=1000, repr=False)
    release: str | None = None

    def open(self, queries: int = 1) -> Survey:
        """Return the survey, which asks for `queries` at a time; no server is contacted."""
        from scope.surveys.kowalski import KowalskiSurvey

        client = replace(self.client, queries=max(1, queries))
        return KowalskiSurvey(replace(self, client=client))


class KowalskiKind:
    """The database, section ``kowalski`` of the configuration."""

    is_remote = True

    def is_configured(self, config: Config) -> bool:
        """Whether it is configured: it has the whole sky, wherever its servers are."""
        return True

    def settings(self, config: Config) -> KowalskiSettings:
        """Return what is taken from Kowalski, and how, as configured."""
        section = config.kowalski
        names = section.collections
        return KowalskiSettings(
            client=config.kowalski_options(),
            collections=KowalskiCollections(
                sources=names.sources,
                alerts=names.alerts,
                gaia=names.gaia,
                allwise=names.allwise,
                ps1=names.ps1,
            ),
            programids=section.programids,
            min_epochs=config.cleaning_options().min_epochs,
            units=section.units or ALL_UNITS,
            ids_per_query=section.ids_per_query,
            positions_per_query=section.positions_per_query,
            release=config.data_release,
        )


SURVEY = KowalskiKind()
