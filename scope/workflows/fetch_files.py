"""Models and training sets from where they are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import ConfigError

if TYPE_CHECKING:
    from scope.services.download_files import Fetched

Report = Callable[[str], None]


def fetch_datasets(
    folder: Path,
    names: Sequence[str],
    source: str | None,
    config_path: str | None,
    report: Report,
) -> None:
    """Fetch training sets that are not there yet; see `fetch_named`."""
    fetch_named("datasets", folder, names, source, config_path, report)


def fetch_models(
    folder: Path,
    names: Sequence[str],
    source: str | None,
    config_path: str | None,
    report: Report,
) -> None:
    """Fetch models that are not there yet, and check their bundles; see `fetch_named`."""
    from scope.tasks.variables.find_models import find_models
    from scope.workflows.models import verify_models

    found = fetch_named("models", folder, names, source, config_path, report)
    folders = {path.parent for path in found.paths}
    verify_models([entry for entry in find_models(folder) if entry.folder in folders], report)


def fetch_named(
    what: str,
    folder: Path,
    names: Sequence[str],
    source: str | None,
    config_path: str | None,
    report: Report,
) -> Fetched:
    """Fetch files that are named, and say how many are new.

    Parameters
    ----------
    what : str
        ``models`` or ``datasets``: key of the section ``downloads``.
    folder : Path
        Gets the files.
    names : sequence of str
        Files or folders of the source; without any, all.
    source : str, optional
        Address, bucket or folder; by default as configured.
    config_path : str, optional
        Configuration file to use.
    report : callable
        Gets what is to be said, line by line.

    Raises
    ------
    ConfigError
        If nothing says where from, or the source has nothing of a name.
    """
    from scope.config.load import load_config
    from scope.services.download_files import fetch

    if source is None:
        source = getattr(load_config(config_path=config_path).downloads, what)
    if source is None:
        raise ConfigError(
            f"{what} to fetch from nowhere",
            value=f"downloads.{what} is null",
            allowed="https://…, gs://<bucket>/…, s3://<bucket>/… or a folder, with SHA256SUMS",
            todo=f"set downloads.{what} in config.yaml, or give --source",
        )
    wanted = [name.strip("/") for name in names]

    def is_wanted(path: str) -> bool:
        return not wanted or any(path == name or path.startswith(f"{name}/") for name in wanted)

    found = fetch(source, folder, only=is_wanted, report=report)
    if not found.paths:
        raise ConfigError(
            f"source without {what} of that name",
            value=", ".join(wanted) or source,
            allowed="paths of SHA256SUMS",
        )
    report(f"{folder}: {len(found.paths)} files, {len(found.new)} of them new")
    return found
