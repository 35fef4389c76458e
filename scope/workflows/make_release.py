"""A folder of stars to hand on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scope.errors import UsageError


def make_release(
    tables: Sequence[str],
    output: str,
    report: Callable[[str], None],
    *,
    title: str,
    release: str,
    authors: Sequence[str],
    licence: str,
    date: str,
    doi: str = "",
    description: str = "",
    cut: float = 0.5,
    light_curves: Sequence[str] | None = None,
    config_path: str | None = None,
) -> None:
    """Write the folder, and say where it is.

    Parameters
    ----------
    tables : sequence of str
        Files of ``results/stars``.
    output : str
        New folder.
    report : callable
        Gets what is to be said, line by line.
    title, release, authors, licence, date, doi, description
        See `scope.product.release.ReleaseOptions`.
    cut : float
        Probability of the quality, above 0 and below 1.
    light_curves : sequence of str, optional
        Write a HATS collection too, with the points of these units, if any.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If the cut, a table or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.product import release as library

    if not 0 < cut < 1:
        raise UsageError("--cut", value=cut, allowed="above 0, below 1")
    about = library.ReleaseOptions(title, release, tuple(authors), licence, date, doi, description)
    folder = library.make_release(
        tables,
        output,
        about,
        cut=cut,
        strange_below=load_config(config_path=config_path).probabilities.strange_below,
        light_curves=light_curves,
    )
    report(f"{folder}: start with README.md")
