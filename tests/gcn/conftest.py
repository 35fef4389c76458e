"""The stub of Fritz of the tools, for events."""

from tests.fritz.conftest import sky, stars, stub

__all__ = ["sky", "stars", "stub"]
