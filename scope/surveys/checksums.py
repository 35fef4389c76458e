"""Whether files of an archive are as they were published: its list of MD5 sums, where it is there.

Bulk files have no checksums of their own, so that a flipped bit in one is a number like any
other. A file is looked at once for each size and date that it has; what was found is kept
beside the index of the archive.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath

from scope.errors import CorruptFileError, ScopeError
from scope.io.atomic import write_bytes
from scope.jsontext import parse_json

LISTS = ("checksum.md5", "checksums.md5")
"""Names of the list, in the folder of the archive; the second before data release 6. Both count,
for archives of several releases."""

CHECKED = ".scope_checked.json"
"""What was checked, in the folder of the archive."""


class PublishedSums:
    """The published checksums of an archive; none where the list is not there.

    Parameters
    ----------
    folder : Path
        The archive.
    places : list of Path
        Where it may be kept what was checked, the best place first.
    """

    def __init__(self, folder: Path, places: list[Path]) -> None:
        self._folder = folder
        self._places = places
        self._seen: dict[str, list[int]] = {}

    def check(self, path: Path) -> None:
        """Make sure that a file is as it was published, where its sum is known.

        Raises
        ------
        CorruptFileError
            If it is not.
        """
        expected = self._sums.get(path.name)
        if expected is None:
            return
        digest, source = expected
        name = os.path.relpath(path, self._folder)
        state = path.stat()
        stamp = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        if (self._seen or self._remembered()).get(name) == stamp:
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != digest:
            raise CorruptFileError(
                "light-curve file that is not as it was published",
                value=f"{path}, MD5 {found}",
                allowed=f"{digest}, as {source} says",
                todo="download it again (scope download-archive)",
            )
        self._keep({**self._remembered(), **self._seen, name: stamp})

    @cached_property
    def _sums(self) -> Mapping[str, tuple[str, Path]]:
        """MD5 sum and list by name of the file; names are unique within a release."""
        return {
            PurePosixPath(name).name: (digest, path)
            for path in (self._folder / name for name in reversed(LISTS))
            for name, digest in _lines(path).items()
        }

    def _remembered(self) -> dict[str, list[int]]:
        for place in self._places:
            with suppress(OSError, ValueError):
                content = parse_json(place.read_text(encoding="utf-8"))
                if isinstance(content, dict):
                    return content
        return {}

    def _keep(self, seen: dict[str, list[int]]) -> None:
        self._seen = seen
        for place in self._places:
            try:
                write_bytes((json.dumps(seen, sort_keys=True) + "\n").encode(), place)
            except (OSError, ScopeError):
                continue
            return


def add_sums(folder: Path, sums: Mapping[str, str], name: str = LISTS[0]) -> None:
    """Add checksums to the list of an archive; those of other files stay.

    Parameters
    ----------
    folder : Path
        The archive.
    sums : mapping of str to str
        Path, as the list of the source has it, -> MD5 sum.
    name : str
        One of `LISTS`.
    """
    path = folder / name
    known = _lines(path)
    every = {**known, **sums}
    if every != known:
        lines = (f"{digest}  {file}\n" for file, digest in sorted(every.items()))
        write_bytes("".join(lines).encode(), path)


def _lines(path: Path) -> dict[str, str]:
    """Return path -> MD5 sum of a list; empty where there is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return {}
    found = {}
    for line in text.splitlines():
        digest, _, name = line.partition(" ")
        if len(digest) == 32:
            found[str(PurePosixPath(name.strip().lstrip("*")))] = digest.lower()
    return found
