"""The survey that a configuration means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scope.config.model import Config
from scope.errors import UsageError
from scope.surveys.archive import Archive
from scope.surveys.hats import HatsArchive, is_hats
from scope.surveys.kowalski import (
    ALL_UNITS,
    KowalskiCollections,
    KowalskiSettings,
    KowalskiSurvey,
)
from scope.surveys.listed import ListedSources

SurveySettings = KowalskiSettings | Mapping[str, Any]
"""Settings of Kowalski, or the arguments of `Archive`. They hold no secrets."""


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


MOST_PARALLEL_QUERIES = 8
"""Queries that a command has under way at a time, if the configuration allows as many."""


def kowalski_settings(config: Config) -> KowalskiSettings:
    """Return what is taken from Kowalski, and how, as configured."""
    section = config.kowalski
    names = section.collections
    return KowalskiSettings(
        client=config.kowalski_options(),
        collections=KowalskiCollections(
            sources=names.sources,
            alerts=names.alerts,
            gaia=names.gaia,
            allwise=names.allwise,
            ps1=names.ps1,
        ),
        programids=section.programids,
        min_epochs=config.cleaning_options().min_epochs,
        units=section.units or ALL_UNITS,
        ids_per_query=section.ids_per_query,
        positions_per_query=section.positions_per_query,
        release=config.data_release,
    )


def archive_arguments(config: Config) -> dict[str, Any]:
    """Return the arguments of `Archive`, as configured.

    Raises
    ------
    UsageError
        If the configuration names no archive.
    """
    if config.archive is None:
        raise UsageError(
            "no archive of light curves",
            todo="set the key archive to a folder of bulk files, or survey to kowalski",
        )
    return {"folder": str(Path(config.archive).expanduser()), "release": config.data_release}


def open_units(
    settings: SurveySettings | ListedSettings, queries: int = 1
) -> Archive | KowalskiSurvey | ListedSources:
    """Return a survey whose units are those of a target; see `open_survey`."""
    if isinstance(settings, ListedSettings):
        survey = open_survey(settings.survey, queries)
        return ListedSources(survey, settings.path, settings.parts)
    return open_survey(settings, queries)


def open_archive(folder: str | Path, release: str | int | None = None) -> Archive:
    """Return an archive: of bulk files, or a HATS catalogue.

    Raises
    ------
    NotFoundError, InputError
        See `scope.surveys.archive.Archive` and `scope.surveys.hats.HatsArchive`.
    """
    if is_hats(Path(folder)):
        return HatsArchive(folder, release)
    return Archive(folder, release)


def open_survey(settings: SurveySettings, queries: int = 1) -> Archive | KowalskiSurvey:
    """Return a survey; Kowalski is not contacted before it is asked something.

    Parameters
    ----------
    settings : KowalskiSettings or mapping
        The mapping holds the arguments of `Archive`.
    queries : int
        Queries of Kowalski under way at a time.
    """
    if isinstance(settings, KowalskiSettings):
        client = replace(settings.client, queries=max(1, queries))
        return KowalskiSurvey(replace(settings, client=client))
    return open_archive(**settings)


def configured_survey(config: Config) -> Archive | KowalskiSurvey:
    """Return the survey of a configuration, for a command.

    Raises
    ------
    UsageError
        If the configuration names none.
    NotFoundError, InputError
        If its archive cannot be used.
    """
    if config.survey == "kowalski":
        queries = min(MOST_PARALLEL_QUERIES, config.kowalski.max_queries)
        return open_survey(kowalski_settings(config), queries)
    return open_survey(archive_arguments(config))
