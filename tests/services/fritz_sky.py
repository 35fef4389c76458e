"""A stub of Fritz with a group, a taxonomy and an instrument, and clients of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scope.services.credentials import Credentials
from scope.services.fritz import Fritz, FritzOptions, RetryPolicy
from scope.services.limiter import RateLimiter
from tests.services.fritz_stub import StubFritz

SCALE = 100.0
"""How many times faster than in life requests and the stub are."""

QUICK = RetryPolicy(first_wait_seconds=0.01, longest_wait_seconds=0.1, patience_seconds=30.0)
GROUP, OTHER_GROUP = 4, 5
HIERARCHY = {
    "class": "Time-domain Source",
    "subclasses": [
        {
            "class": "variable",
            "subclasses": [
                {"class": "periodic"},
                {"class": "flaring"},
                {"class": "RR Lyrae", "subclasses": [{"class": "RR Lyrae ab"}]},
            ],
        },
        {"class": "Cataclysmic"},
    ],
}


def furnish(stub: StubFritz) -> StubFritz:
    """Add groups 4 and 5, an instrument 1 and a taxonomy 1."""
    for name in ("scope", "redback"):
        stub.call("POST", "/api/groups", {"name": name})
    stub.call("POST", "/api/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]})
    taxonomy = {"name": "SCoPe", "hierarchy": HIERARCHY, "group_ids": [4, 5], "version": "1"}
    stub.call("POST", "/api/taxonomy", taxonomy)
    return stub


def options_of(stub: StubFritz, **settings: Any) -> FritzOptions:
    settings = {
        "timeout_seconds": 10.0,
        "retry": QUICK,
        "requests_per_second": 4.0 * SCALE,
        "settle_seconds": 10.0 / SCALE,
        **settings,
    }
    return FritzOptions("127.0.0.1", stub.port, "http", **settings)


def client_of(
    stub: StubFritz, folder: Path, token: str | None = None, *, dry_run: bool = False, **settings
) -> Fritz:
    options = options_of(stub, **settings)
    limiter = RateLimiter(folder / "fritz.limit", options.requests_per_second)
    credentials = Credentials(token=token or stub.admin, origin="the test")
    return Fritz(options, credentials, limiter=limiter, dry_run=dry_run)


def settings_text(stub: StubFritz) -> str:
    """Return the section of config.yaml that leads to a stub."""
    return (
        f"fritz: {{host: 127.0.0.1, port: {stub.port}, protocol: http, timeout: 10, "
        f"patience_seconds: 30, requests_per_second: {4 * SCALE}, settle_seconds: {10 / SCALE}}}\n"
    )
