"""Names of targets: ``field_<N>`` is one field of a survey."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scope.errors import UsageError
from scope.surveys.base import Survey

MAX_FIELD = 1999
"""The highest field number of the Zwicky Transient Facility's grids."""

_FIELD = re.compile(r"field_([1-9]\d*)")


@dataclass(frozen=True)
class FieldTarget:
    """One field of a survey; its units are the quadrants.

    Attributes
    ----------
    field : int
        Field number, 1 to 1999.
    """

    field: int

    @property
    def name(self) -> str:
        """The name in files and on the command line, ``field_<N>``."""
        return f"field_{self.field}"

    def units(self, survey: Survey) -> list[str]:
        """Return the names of the units, ``ccd_<CC>_quad_<Q>``, sorted.

        Raises
        ------
        NotFoundError
            If the survey has no such field.
        """
        return survey.units(self.field)


def parse_target(name: str) -> FieldTarget:
    """Return the target of that name.

    Raises
    ------
    UsageError
        If the name is not that of a target.
    """
    match = _FIELD.fullmatch(name)
    if match is None or int(match[1]) > MAX_FIELD:
        raise UsageError(
            "unknown target",
            value=name,
            allowed=f"field_<N> with a field number N from 1 to {MAX_FIELD}",
            todo="for example field_297",
        )
    return FieldTarget(int(match[1]))
