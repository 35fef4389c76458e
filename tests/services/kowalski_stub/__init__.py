"""A stand-in for Kowalski on a real socket; see `tests.services.kowalski_stub.server`."""

from tests.services.kowalski_stub.faults import Fault
from tests.services.kowalski_stub.server import StubKowalski

__all__ = ["Fault", "StubKowalski"]
