"""Faults of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Attributes
    ----------
    kind : str
        ``page``: a proxy's page of HTML with `status`, and nothing is done. ``gateway``: the
        same with JSON that is not of Fritz. ``done``: a page, but what was asked is done.
        ``late``: a page, and it is done `seconds` after the answer. ``drop``: the connection is
        closed, nothing done. ``cut``: it is closed after it is done. ``half``: done, and the
        JSON is cut. ``hang``: silence before it is done. ``down``: `status` 504 and done, and
        for `seconds` the proxy sends 503.
    """

    kind: str
    status: int = 504
    seconds: float = 0.0


RATE = Fault("page", 429)
EVERY_KIND = (
    RATE,
    Fault("page", 502),
    Fault("page", 503),
    Fault("page", 200),
    Fault("done", 504),
    Fault("drop"),
    Fault("cut"),
    Fault("half"),
)
