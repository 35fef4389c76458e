"""A simulated sky, both as an archive and as a stub of Kowalski holds it."""

from __future__ import annotations

from pathlib import Path

from scope.services.credentials import Credentials
from scope.services.kowalski import Kowalski, KowalskiOptions
from scope.services.kowalski_host import KowalskiHost, KowalskiInstance
from scope.services.retry import RetryPolicy
from scope.surveys.kowalski import KowalskiSurvey
from scope.surveys.kowalski_settings import KowalskiCollections, KowalskiSettings
from scope.surveys.simulation import CLASSES, simulate_quadrant
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import SOURCES

FIELD = 700
UNIT = "ccd_01_quad_1"
QUICK = RetryPolicy(first_wait_seconds=0.01, longest_wait_seconds=0.05, patience_seconds=10.0)


def simulate(folder: Path, n_stars: int = 60) -> Path:
    """Write a quadrant of few stars with catalogues and alerts."""
    # Supernovae without a galaxy would have few points.
    rare = [name for name, member in CLASSES.items() if not member.per_500]
    simulate_quadrant(
        folder,
        field=FIELD,
        n_stars=n_stars,
        mix="balanced",
        years=1.0,
        n_epochs_median=60,
        exclude=rare,
    )
    return folder


def survey_of(stub: StubKowalski, queries: int = 1, **settings) -> KowalskiSurvey:
    """Return a survey on a stub that asks for little at a time."""
    host = KowalskiHost("gloria", "127.0.0.1", stub.port, "http")
    options = KowalskiOptions((host,), 20.0, QUICK, queries)
    client = Kowalski(
        options, [KowalskiInstance(host, Credentials(token=stub.token()), connections=queries)]
    )
    settings = {"ids_per_query": 17, "positions_per_query": 23, **settings}
    collections = settings.pop("collections", KowalskiCollections(SOURCES))
    return KowalskiSurvey(KowalskiSettings(options, collections, **settings), client)
