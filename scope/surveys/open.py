"""The survey that a configuration means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.surveys.archive import open_archive
from scope.surveys.base import Survey
from scope.surveys.listed import ListedSources
from scope.surveys.registry import SurveySettings, survey_kind

if TYPE_CHECKING:
    from scope.config.model import Config

__all__ = [
    "ListedSettings",
    "configured_survey",
    "open_archive",
    "open_survey",
    "survey_settings",
]

MOST_PARALLEL_QUERIES = 8
"""Queries that a command has under way at a time, if the configuration allows as many."""


@dataclass(frozen=True)
class ListedSettings:
    """A list of sources of a survey.

    Attributes
    ----------
    survey : SurveySettings
    path : str
        The file of their light curves' ids and positions.
    parts : int
        Units that they fall into.
    """

    survey: SurveySettings
    path: str
    parts: int

    def open(self, queries: int = 1) -> Survey:
        """Return the listed sources; see `SurveySettings.open`."""
        return ListedSources(self.survey.open(queries), Path(self.path), self.parts)


def survey_settings(config: Config, name: str | None = None) -> SurveySettings:
    """Return what a survey is opened with, by default the one that is configured.

    Raises
    ------
    ConfigError
        If there is none of that name.
    UsageError
        If the configuration does not tell where it is.
    """
    settings: SurveySettings = survey_kind(config, name).settings(config)
    return settings


def open_survey(settings: SurveySettings, queries: int = 1) -> Survey:
    """Return a survey, or a list of its sources; see `SurveySettings.open`."""
    return settings.open(queries)


def configured_survey(config: Config) -> Survey:
    """Return the survey of a configuration, for a command.

    Raises
    ------
    UsageError
        If the configuration names none.
    NotFoundError, InputError
        If its files cannot be used.
    """
    queries = min(MOST_PARALLEL_QUERIES, config.kowalski.max_queries)
    return survey_settings(config).open(queries)
