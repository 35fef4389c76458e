"""Files of the public archive, quadrant by quadrant, whole and checked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scope.errors import NotFoundError
from scope.services.download_files import Fetched, fetch
from scope.services.retry import RetryPolicy
from scope.surveys.checksums import LISTS, add_sums
from scope.surveys.layout import FILTERS, ArchiveFile, parse_file_name

SUMS, OLD_SUMS = LISTS
"""Lists of checksums of the archive; before data release 6 the second."""

NEW_SUMS_FROM = 6
MOST_WORKERS = 8
"""Files at a time: the archive is shared by many."""


@dataclass(frozen=True)
class Wanted:
    """Files of a release that are wanted.

    Attributes
    ----------
    fields : collection of int
    release : int
    bands : str
        Some of g, r and i.
    ccds, quads : collection of int
    """

    fields: Collection[int]
    release: int
    bands: str = "gri"
    ccds: Collection[int] = range(1, 17)
    quads: Collection[int] = range(1, 5)

    def __contains__(self, file: ArchiveFile) -> bool:
        return (
            file.field in self.fields
            and file.release == self.release
            and file.ccd in self.ccds
            and file.quad in self.quads
            and file.filter in {FILTERS[band] for band in self.bands}
        )


def download_archive(
    wanted: Wanted,
    folder: str | Path,
    *,
    url: str,
    workers: int = 2,
    policy: RetryPolicy | None = None,
    report: Callable[[str], object] = lambda text: None,
) -> Fetched:
    """Fetch bulk light-curve files; those that are there and whole are left alone.

    Parameters
    ----------
    wanted : Wanted
    folder : path
        Gets the files at the paths that they have in the archive, and their lines of its list of
        checksums, by which they are checked whenever they have changed (`scope.surveys.checksums`).
    url : str
        Address of the release, or a folder; ``{release}`` stands for its number.
    workers : int
        Files at a time, at most `MOST_WORKERS`.
    policy : RetryPolicy, optional
    report : callable, optional
        Told the path of each file that is fetched.

    Raises
    ------
    NotFoundError
        If the release has none of the files.
    ScopeError
        See `scope.services.download_files.fetch`.
    """

    def is_wanted(path: str) -> bool:
        file = parse_file_name(Path(PurePosixPath(path).name))
        return file is not None and file in wanted

    sums = SUMS if wanted.release >= NEW_SUMS_FROM else OLD_SUMS
    found = fetch(
        url.format(release=wanted.release),
        folder,
        only=is_wanted,
        policy=policy,
        report=report,
        sums=sums,
        workers=min(workers, MOST_WORKERS),
        # Anybody may read it: a token for models is none of its business.
        with_token=False,
    )
    if not found.paths:
        raise NotFoundError(
            f"no files of these quadrants in data release {wanted.release}",
            value=f"field {', '.join(map(str, wanted.fields))}",
            todo="check field, ccd, quad and bands: not every field has been seen in each",
        )
    add_sums(Path(folder), found.sums, sums)
    return found
