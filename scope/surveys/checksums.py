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
from scope.schema import parse_json

LISTS = ("checksum.md5", "checksums.md5")
"""Names of the list, in the folder of the archive; the second before data release 6."""

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
        name = os.path.relpath(path, self._folder)
        state = path.stat()
        stamp = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        if (self._seen or self._remembered()).get(name) == stamp:
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != expected:
            raise CorruptFileError(
                "light-curve file that is not as it was published",
                value=f"{path}, MD5 {found}",
                allowed=f"{expected}, as {self._list} says",
                todo="download it again (scope download-archive)",
            )
        self._keep({**self._remembered(), **self._seen, name: stamp})

    @cached_property
    def _list(self) -> Path | None:
        return next((p for name in LISTS if (p := self._folder / name).is_file()), None)

    @cached_property
    def _sums(self) -> Mapping[str, str]:
        """MD5 sum by name of the file; names are unique within a release."""
        if self._list is None:
            return {}
        sums = {}
        for line in self._list.read_text(encoding="utf-8", errors="replace").splitlines():
            digest, _, name = line.partition(" ")
            if len(digest) == 32:
                sums[PurePosixPath(name.strip().lstrip("*")).name] = digest.lower()
        return sums

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
