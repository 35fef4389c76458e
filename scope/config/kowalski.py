"""The section of the configuration that says how Kowalski is asked, and for what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from scope.config.base import WHOLE, Section, key, matching
from scope.config.sections import UnitName

HostName = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9_-]*", "letters, digits, hyphens and underscores")
]
Protocol = Literal["https", "http"]
Port = Annotated[int, Field(ge=1, le=65535)]
ProgramId = Annotated[int, Field(ge=1, le=3)]

DOMAIN = "caltech.edu"


class Host(Section):
    """A server; its credentials have no place here."""

    host: str | None = key(None, f"its address; null is <name>.{DOMAIN}", min_length=1)
    port: Port | None = key(None, "its port; null is that of the section")
    protocol: Protocol | None = key(None, "its protocol; null is that of the section")


class Collections(Section):
    """Names of collections; a null catalogue is not asked, and its columns stay empty."""

    sources: str = key("ZTF_sources_20240117", "light curves", min_length=1)
    features: str = key(
        "ZTF_source_features_DR16", "features that get-features downloads", min_length=1
    )
    alerts: str | None = key("ZTF_alerts", "alerts", min_length=1)
    gaia: str | None = key("Gaia_EDR3", "Gaia, also for the cut on bright stars", min_length=1)
    allwise: str | None = key("AllWISE", "AllWISE", min_length=1)
    ps1: str | None = key("PS1_DR1", "Pan-STARRS", min_length=1)


class KowalskiSection(Section):
    """The database of the survey; used with survey: kowalski."""

    hosts: Annotated[dict[HostName, Host], WHOLE] = Field(
        default_factory=lambda: {name: Host() for name in ("kowalski", "gloria", "melman")},
        description="servers by name; those without credentials are not used; a map given here "
        "replaces this one",
    )
    port: Port = key(443, "port of the servers")
    protocol: Protocol = key("https", "protocol of the servers")
    timeout: float = key(
        300.0, "longest silence of a server that is waited through", unit="s", gt=0
    )
    patience_seconds: float = key(
        900.0, "how long a query is repeated while servers fail to answer it", unit="s", ge=0
    )
    max_queries: int = key(
        20, "queries under way at a time, over all jobs of a run; 200 bring the service down", ge=1
    )
    ids_per_query: int = key(1000, "light curves that are asked for at a time", ge=1, le=10_000)
    positions_per_query: int = key(
        1000, "positions that are looked around at a time", ge=1, le=10_000
    )
    units: tuple[UnitName, ...] | None = key(
        None, "quadrants of a field, ccd_<CC>_quad_<Q>; null takes all 64", min_length=1
    )
    programids: tuple[ProgramId, ...] = key(
        (1, 2, 3),
        "programmes whose points are used: 1 public, 2 partnership, 3 Caltech",
        min_length=1,
    )
    collections: Collections = key(Collections, "names of collections")
