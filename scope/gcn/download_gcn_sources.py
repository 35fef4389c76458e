"""The light curves of the survey at the sources of an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scope.errors import NoLocalizationError


def download_gcn_sources(
    dateobs: str,
    save_filename: str,
    report: Callable[[str], None],
    *,
    group_ids: Sequence[int] = (),
    days_range: float = 7.0,
    radius_arcsec: float = 0.5,
    config_path: str | None = None,
) -> None:
    """List light curves at sources on Fritz that an event may have caused, as files.

    Parameters
    ----------
    dateobs : str
        Time of the event, ``YYYY-MM-DDThh:mm:ss``.
    save_filename : str
        Files to write, without the time of the event and the extension.
    report : callable
        Gets what is to be said, line by line.
    group_ids : sequence of int
        Groups whose sources are meant; by default all.
    days_range : float
        How long after the event sources were detected, at most, days.
    radius_arcsec : float
        Around sources, for light curves.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If the time, the configuration, Fritz or the survey cannot be used.
    """
    from scope.config.load import load_config
    from scope.fritz.server import open_fritz
    from scope.gcn.event_sources import (
        event_sources,
        light_curve_table,
        parse_dateobs,
        write_light_curve_table,
    )
    from scope.surveys.open import configured_survey

    config = load_config(config_path=config_path)
    parse_dateobs(dateobs)
    survey = configured_survey(config)
    with open_fritz(config, report) as fritz:
        try:
            sources = event_sources(fritz, dateobs, group_ids=group_ids, days_range=days_range)
        except NoLocalizationError:
            report(f"{dateobs}: no localization yet; try again later")
            return
    table = light_curve_table(survey, sources, radius_arcsec)
    report(f"{len(sources)} sources, {table.num_rows} light curves at them")
    for path in write_light_curve_table(table, save_filename, dateobs):
        report(str(path))
