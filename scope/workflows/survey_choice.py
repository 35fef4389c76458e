"""Which survey, and which part of the sky, options name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config


def survey_config(archive: str | None, config_path: str | None) -> Config:
    """Return the configuration, with the archive of the command line if there is one."""
    from scope.config.load import load_config

    overrides: dict[str, Any] = {}
    if archive is not None:
        overrides = {"survey": "archive", "archive": archive}
    return load_config(overrides=overrides, config_path=config_path)


def span(numbers: Sequence[int], name: str, last: int) -> range:
    """Return the numbers that a range option means.

    Raises
    ------
    UsageError
        If there are more than two, in the wrong order, or beyond the last one.
    """
    first, end = numbers[0], numbers[-1]
    if len(numbers) > 2 or not 1 <= first <= end <= last:
        raise UsageError(
            f"--{name}-range",
            value=" ".join(map(str, numbers)),
            allowed=f"one number, or the first and the last, from 1 to {last}",
        )
    return range(first, end + 1)


def refuse_catalog(catalog: str | None) -> None:
    """Make sure that no collection is named where light curves are files.

    Raises
    ------
    UsageError
        If one is.
    """
    if catalog is not None:
        raise UsageError(
            "--catalog with an archive",
            value=catalog,
            allowed="a collection of Kowalski",
            todo="leave it out, or set the key survey to kowalski",
        )
