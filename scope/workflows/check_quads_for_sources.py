"""Which quadrants have sources, and how many."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import UsageError
from scope.workflows.survey_choice import refuse_catalog, survey_config

if TYPE_CHECKING:
    from scope.surveys.check_quads import CountSource


def check_quads_for_sources(
    fields: Sequence[str],
    report: Callable[[str], None],
    *,
    archive: str | None = None,
    config_path: str | None = None,
    catalog: str | None = None,
    count_sources: bool = False,
    minobs: int = 0,
    save: bool = False,
    filename: str = "catalog_completeness",
) -> None:
    """Say which quadrants have sources.

    Parameters
    ----------
    fields : sequence of str
        Field numbers, or ``all``.
    report : callable
        Gets what is to be said, line by line.
    archive, config_path : str, optional
        Folder of light curves, and configuration file; by default as configured.
    catalog : str, optional
        Collection of Kowalski; by default the configured sources.
    count_sources : bool
        Count the sources of each quadrant.
    minobs : int
        Sources with fewer epochs are left out.
    save, filename
        Whether to write a JSON file, and its name, with or without the suffix.

    Raises
    ------
    ScopeError
        If fields, the configuration or the survey cannot be used.
    """
    from scope.io.atomic import write_bytes
    from scope.surveys.check_quads import check_quads

    numbers = _numbers(fields)
    found = check_quads(
        _source(archive, config_path, catalog),
        numbers,
        min_epochs=minobs,
        count_sources=count_sources,
    )
    for field, ccds in found.items():
        quadrants = sum(len(quads) for quads in ccds.values())
        line = f"field {field}: {quadrants} of 64 quadrants"
        if count_sources:
            line += f", {sum(sum(quads.values()) for quads in ccds.values()):,} sources"
        report(line)
    if save:
        path = Path(f"{filename.removesuffix('.json')}.json")
        write_bytes(json.dumps(found, indent=2).encode(), path)
        report(str(path))


def _numbers(words: Sequence[str]) -> list[int] | None:
    if list(words) == ["all"]:
        return None
    if not all(word.isdecimal() for word in words):
        raise UsageError("--fields", value=" ".join(words), allowed="field numbers, or all")
    return sorted(set(map(int, words)))


def _source(archive: str | None, config_path: str | None, catalog: str | None) -> CountSource:
    from scope.surveys.check_quads import ArchiveCounts, KowalskiCounts
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey

    config = survey_config(archive, config_path)
    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        return KowalskiCounts(survey.client, catalog or config.kowalski.collections.sources)
    refuse_catalog(catalog)
    return ArchiveCounts(survey)
