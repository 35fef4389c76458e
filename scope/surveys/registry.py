"""The surveys that a configuration can name: a module each, or a section of the configuration.

A module has an object ``SURVEY``; a line in `MODULES` makes it known. It is imported when it is
used. Any other survey is a folder that ``surveys.<name>`` describes (`scope.surveys.folder`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from scope.surveys.base import Survey
from scope.surveys.folder import FolderKind

if TYPE_CHECKING:
    from scope.config.model import Config

MODULES: dict[str, str] = {
    "archive": "scope.surveys.archive",
    "kowalski": "scope.surveys.kowalski_settings",
}
"""Value of the key ``survey`` -> module with an object ``SURVEY``."""


class SurveySettings(Protocol):
    """Settings that a survey is opened with: plain data, no secrets, for jobs of other machines."""

    def open(self, queries: int = 1) -> Survey:
        """Return the survey; a database is not contacted before it is asked something.

        Parameters
        ----------
        queries : int
            Queries of a database under way at a time.
        """


class SurveyKind(Protocol):
    """Kind of survey: what is known of it before it is opened."""

    @property
    def is_remote(self) -> bool:
        """Whether it is a database: what was downloaded is kept, and queries are limited."""

    def is_configured(self, config: Config) -> bool:
        """Whether the configuration tells where it is; where not, targets are simulated."""

    def settings(self, config: Config) -> Any:
        """Return the `SurveySettings`, as configured.

        Raises
        ------
        UsageError
            If the configuration does not tell where it is.
        """


def survey_kind(config: Config, name: str | None = None) -> SurveyKind:
    """Return the survey of a name, by default the one that the configuration chooses.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    name = name or config.survey
    if name in config.surveys:
        return FolderKind(name, config.surveys[name])
    if name not in MODULES:
        from scope.config.base import unknown_name

        raise unknown_name("unknown survey", name, [*MODULES, *config.surveys])
    return cast(SurveyKind, import_module(MODULES[name]).SURVEY)
