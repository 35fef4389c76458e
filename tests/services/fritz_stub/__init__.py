"""A stub of Fritz: SkyPortal's endpoints that the client uses, with their traps."""

from tests.services.fritz_stub.faults import Fault
from tests.services.fritz_stub.server import StubFritz

__all__ = ["Fault", "StubFritz"]
