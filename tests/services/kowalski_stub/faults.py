"""Faults of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Attributes
    ----------
    kind : {"delay", "slow", "hang", "status", "page", "truncate", "empty", "drop"}
        Let the database take its time, within the query's limit; let it give up; stay silent;
        answer with a status; with a proxy's page of HTML; cut the JSON; send no body; close
        the connection without an answer.
    seconds : float
        Of a delay or a silence.
    status : int
    retry_after : int, optional
        Header ``Retry-After``, in seconds.
    """

    kind: str
    seconds: float = 0.0
    status: int = 503
    retry_after: int | None = None


EVERY_KIND = (
    Fault("status", status=503),
    Fault("status", status=429),
    Fault("status", status=429, retry_after=1),
    Fault("page", status=504),
    Fault("page", status=200),
    Fault("truncate"),
    Fault("empty"),
    Fault("drop"),
)
