"""Names of targets.

``field_<N>`` is one field of a survey, ``survey_<name>`` all light curves of one that is described
in the configuration, ``ids_<name>`` a list of sources, and ``gcn_<time>`` the list of the sources
of an event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from scope.errors import UsageError
from scope.surveys.base import NO_FIELD

MAX_FIELD = 1999
"""The highest field number of the Zwicky Transient Facility's grids."""

LIST_NAME = r"[A-Za-z0-9][\w.-]*"
"""Names of lists: letters, digits, dots, hyphens and underscores."""

_FIELD = re.compile(r"field_([1-9]\d*)")
_LIST = re.compile(rf"ids_({LIST_NAME})", re.ASCII)
_SURVEY = re.compile(rf"survey_({LIST_NAME})", re.ASCII)
_EVENT = re.compile(r"gcn_(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True)
class FieldTarget:
    """One field of a survey; its units are the quadrants, ``ccd_<CC>_quad_<Q>``.

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


@dataclass(frozen=True)
class SurveyTarget:
    """All light curves of a described survey; its units are its files, ``part_<KKK>``.

    Attributes
    ----------
    survey : str
        Name of the survey in the configuration.
    """

    survey: str

    @property
    def name(self) -> str:
        """The name in files and on the command line, ``survey_<name>``."""
        return f"survey_{self.survey}"

    @property
    def field(self) -> int:
        """No field: `scope.surveys.base.NO_FIELD`."""
        return NO_FIELD


@dataclass(frozen=True)
class ListTarget:
    """A list of sources; its units are parts of it, ``chunk_<KKK>``.

    Attributes
    ----------
    list : str
        Name of the list in the configuration.
    """

    list: str

    @property
    def name(self) -> str:
        """The name in files and on the command line, ``ids_<name>``."""
        return f"ids_{self.list}"

    @property
    def field(self) -> int:
        """No field: `scope.surveys.base.NO_FIELD`."""
        return NO_FIELD


@dataclass(frozen=True)
class EventTarget(ListTarget):
    """The sources of an event; the list is named by its time, ``2023-05-21T05-30-43``."""

    @property
    def name(self) -> str:
        """The name in files and on the command line, ``gcn_<time>``."""
        return f"gcn_{self.list}"


Target = FieldTarget | SurveyTarget | ListTarget


def parse_target(name: str) -> Target:
    """Return the target of that name.

    Raises
    ------
    UsageError
        If the name is not that of a target.
    """
    if listed := _LIST.fullmatch(name):
        return ListTarget(listed[1])
    if survey := _SURVEY.fullmatch(name):
        return SurveyTarget(survey[1])
    if event := _EVENT.fullmatch(name):
        return EventTarget(event[1])
    match = _FIELD.fullmatch(name)
    if match is None or int(match[1]) > MAX_FIELD:
        raise UsageError(
            "unknown target",
            value=name,
            allowed=f"field_<N> with a field number N from 1 to {MAX_FIELD}, survey_<name> with "
            "the name of a survey, ids_<name> with the name of a list, or gcn_<time of an event>",
            todo="for example field_297",
        )
    return FieldTarget(int(match[1]))
