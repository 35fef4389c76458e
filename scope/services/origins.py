"""Whom an address belongs to, and whether a secret may be sent there."""

from __future__ import annotations

import ipaddress
import logging
import urllib.parse
from typing import NamedTuple

_log = logging.getLogger(__name__)

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Scheme, host and port of an address: what credentials are for.

    Attributes
    ----------
    scheme, host : str
        In lower case.
    port : int or None
        That of the scheme where the address has none.
    """

    scheme: str
    host: str
    port: int | None

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read what is sent."""
        return self.scheme == "https" or self.is_loopback


def origin_of(address: str) -> Origin:
    """Return the origin of an address.

    Raises
    ------
    ValueError
        If its port is no number.
    """
    parts = urllib.parse.urlsplit(address)
    scheme = parts.scheme.lower()
    return Origin(scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(scheme))


def warn_if_readable(address: str, secret: str, key: str) -> None:
    """Warn where others on the way can read what we show a service."""
    if not origin_of(address).is_private:
        _log.warning(
            "%s goes to %s, where anybody on the way can read it; set %s to https",
            *(secret, address, key),
        )
