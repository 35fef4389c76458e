"""The ids of a field, or of some of its quadrants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.surveys import get_quad_ids as library
from scope.workflows.survey_choice import refuse_catalog, span, survey_config

if TYPE_CHECKING:
    from scope.config.model import Config


@dataclass(frozen=True, kw_only=True)
class IdOptions:
    """Quadrants whose ids are listed, and where they go.

    Attributes
    ----------
    field : int
    ccd_range, quad_range : sequence of int
        First and last, or one alone; without `multi_quads` only the first of both counts.
    archive, config_path : str, optional
        Folder of light curves, and configuration file; by default as configured.
    catalog : str, optional
        Collection of Kowalski to list; by default the configured features.
    output_dir : str, optional
        Where to write; by default ``ids/field_<N>``.
    output : str, optional
        File that gets all ids, one a line.
    minobs : int
        Light curves with fewer epochs are left out.
    skip : int
        The first ids of each quadrant that are left out.
    limit : int
        Ids of a query; the result does not depend on it.
    whole_field : bool
        Write all ids into one file.
    verbose : int
        0 to say nothing, 1 the total, 2 the number of ids of each quadrant.
    """

    field: int
    ccd_range: Sequence[int] = (1, 16)
    quad_range: Sequence[int] = (1, 4)
    multi_quads: bool = True
    archive: str | None = None
    config_path: str | None = None
    catalog: str | None = None
    output_dir: str | None = None
    output: str | None = None
    minobs: int = 20
    skip: int = 0
    limit: int = 10_000
    whole_field: bool = False
    verbose: int = 2


def get_quad_ids(options: IdOptions, report: Callable[[str], None]) -> None:
    """List the light curves of a field, and say how many there are.

    Raises
    ------
    ScopeError
        If a range, the configuration or the survey cannot be used.
    """
    config = survey_config(options.archive, options.config_path)
    ccds, quads = span(options.ccd_range, "ccd", 16), span(options.quad_range, "quad", 4)
    if not options.multi_quads:
        ccds, quads = ccds[:1], quads[:1]
    folder = Path(options.output_dir or f"ids/field_{options.field}")
    quadrants = library.get_quad_ids(
        _source(options, config),
        options.field,
        folder,
        ccds=ccds,
        quads=quads,
        min_epochs=options.minobs,
        skip=options.skip,
        whole_field=options.whole_field,
    )
    if options.output:
        import numpy as np

        library.write_ids(np.concatenate([part.ids for part in quadrants]), options.output)
    if options.verbose:
        total = sum(len(part.ids) for part in quadrants)
        listed = sum(len(part.ids) > 0 for part in quadrants)
        report(f"field {options.field}: {total} ids in {listed} of {len(quadrants)} quadrants")
        report(str(folder))


def _source(options: IdOptions, config: Config) -> library.IdSource:
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey

    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        catalog = options.catalog or config.kowalski.collections.features
        return library.KowalskiIds(survey.client, catalog, rows=options.limit)
    refuse_catalog(options.catalog)
    return library.ArchiveIds(survey)
