"""Events on the stub of Fritz, with sources at stars of an archive."""

from __future__ import annotations

from typing import Any

from tests.services.fritz_stub import StubFritz

DATEOBS = "2023-05-21T05:30:43"
MJD = 60085.2297
"""The time of the event; 21 May 2023, 0 h, is MJD 60085."""


def add_event(
    stub: StubFritz,
    stars: list[dict[str, Any]],
    dateobs: str = DATEOBS,
    tags: tuple[str, ...] = ("GRB", "Fermi"),
    mjd: float = MJD,
    prefix: str = "ZTF23aaaaaa",
    sources: int = 3,
) -> None:
    """Add an event around the stars, with sources at some of them and one that is older."""
    centre = {"ra": stars[0]["objra"], "dec": stars[0]["objdec"], "error": 2.0}
    stub.call("POST", "/api/gcn_event", {"dateobs": dateobs, "skymap": centre, "tags": list(tags)})
    for number, star in enumerate(stars[: sources + 1]):
        name = f"{prefix}{number}"
        place = {"ra": star["objra"], "dec": star["objdec"], "group_ids": [4]}
        stub.call("POST", "/api/sources", {"id": name, **place})
        when = mjd + 1.0 if number < sources else mjd - 100.0
        point = {"mjd": [when], "mag": [19.0], "magerr": [0.1], "limiting_mag": [20.5]}
        more = {"instrument_id": 1, "magsys": "ab", "filter": "ztfg", "group_ids": [4]}
        stub.call("PUT", "/api/photometry", {"obj_id": name, **point, **more})


def add_points(stub: StubFritz, name: str, *times: float, limits: tuple[float, ...] = ()) -> None:
    """Add detections of a source at times [MJD], and limits without a detection."""
    more = {"instrument_id": 1, "magsys": "ab", "filter": "ztfg", "group_ids": [4]}
    for when in times:
        point = {"mjd": [when], "mag": [19.0], "magerr": [0.1], "limiting_mag": [20.5]}
        stub.call("PUT", "/api/photometry", {"obj_id": name, **point, **more})
    for when in limits:
        point = {"mjd": [when], "mag": [None], "magerr": [None], "limiting_mag": [20.5]}
        stub.call("PUT", "/api/photometry", {"obj_id": name, **point, **more})
