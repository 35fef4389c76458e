"""So many requests per second and no more, over all threads and processes of a user.

The limiters of urllib3 and requests' companions count within a process; the jobs of a workflow are
many, so the turn is in a locked file here.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from scope.errors import ConfigError

FOLDER_VARIABLE = "SCOPE_CACHE_FOLDER"
"""Environment variable that names another folder for the files of limiters."""


def limiter_folder() -> Path:
    """Return where files of limiters lie: the folder of the variable, or one of the user's."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "scope"


class RateLimiter:
    """Lets its callers go on one after the other, a fixed time apart.

    All limiters with one file are one limiter. The file holds when the last caller went
    on; who waits for its turn holds the file's lock, which the system takes back from a
    process that dies. Across machines it works where their file system shares locks.

    Parameters
    ----------
    path : path
        Made if it is not there, with its folder.
    per_second : float
    clock, sleep : callable
        As of `time`; the clock is that of the machine, which all processes share.

    Raises
    ------
    ConfigError
        If the rate is not above 0, or the file cannot be made.
    """

    def __init__(
        self,
        path: str | Path,
        per_second: float,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if not per_second > 0:
            raise ConfigError("requests per second", value=per_second, allowed="above 0")
        self.interval_seconds = 1.0 / per_second
        self._path = Path(path)
        self._clock = clock
        self._sleep = sleep
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
        except OSError as error:
            raise ConfigError(
                f"file of the limiter that cannot be made, {self._path}",
                value=error.strerror,
                todo=f"name a folder that you can write to in {FOLDER_VARIABLE}",
            ) from None

    def wait(self) -> None:
        """Return when it is our turn."""
        with self._path.open("r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = self._clock()
            # A clock that was set back must not make anybody wait longer than one turn.
            left = min(_number(file.read()) + self.interval_seconds - now, self.interval_seconds)
            if left > 0:
                self._sleep(left)
                now = self._clock()
            file.seek(0)
            file.truncate()
            file.write(f"{now:.6f}")


def _number(text: str) -> float:
    """Return the time that a file holds; a new or cut file holds none."""
    try:
        return float(text)
    except ValueError:
        return 0.0
