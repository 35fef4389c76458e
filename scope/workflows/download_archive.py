"""Light curves from the public archive, without an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.errors import UsageError
from scope.workflows.survey_choice import span


def download_archive(
    fields: Sequence[int],
    release: str,
    output: Path,
    report: Callable[[str], None],
    *,
    ccd_range: Sequence[int] = (1, 16),
    quad_range: Sequence[int] = (1, 4),
    bands: str = "gri",
    parallel: int = 2,
    url: str | None = None,
    config_path: str | None = None,
) -> None:
    """Fetch files of a data release that are not there yet, and check them.

    Parameters
    ----------
    fields : sequence of int
    release : str
        Data release, such as ``20`` or ``DR20``.
    output : Path
        Folder that gets the files.
    report : callable
        Gets what is to be said, line by line.
    ccd_range, quad_range : sequence of int
        First and last, or one alone.
    bands : str
        Some of g, r and i.
    parallel : int
        Files at a time, at most 8.
    url : str, optional
        Where the release is, with {release} for its number; by default as configured.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If bands, a range, the release or the server cannot be used.
    """
    from scope.config.load import load_config
    from scope.surveys import download_archive as library
    from scope.surveys.layout import FILTERS, parse_release

    if not bands or set(bands) - set(FILTERS):
        raise UsageError("--bands", value=bands, allowed="some of g, r and i")
    wanted = library.Wanted(
        fields=fields,
        release=parse_release(release),
        bands=bands,
        ccds=span(ccd_range, "ccd", 16),
        quads=span(quad_range, "quad", 4),
    )
    found = library.download_archive(
        wanted,
        output,
        url=url or load_config(config_path=config_path).downloads.archive,
        workers=parallel,
        report=report,
    )
    report(f"{len(found.paths)} files in {output}: {len(found.new)} new")
