"""Folders to run in, as for the tests of the workflow."""

from ..workflow.conftest import make_run

__all__ = ["make_run"]
