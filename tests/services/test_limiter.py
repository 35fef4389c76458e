"""One limiter for all threads and processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scope.errors import ConfigError
from scope.services.limiter import RateLimiter

WORKER = """
import sys, time
from scope.services.limiter import RateLimiter
limiter = RateLimiter(sys.argv[1], 50)
for _ in range(5):
    limiter.wait()
    print(time.time())
"""


def test_processes_share_one_limiter(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "one.limit"
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(path)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    times = sorted(float(line) for one in workers for line in one.communicate()[0].split())
    # 14 steps of 0.02 s; three limiters of their own would take 0.08 s
    assert len(times) == 15
    assert times[-1] - times[0] >= 0.2


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_callers_go_on_a_fixed_time_apart(tmp_path: Path) -> None:
    clock = Clock(1000.0)
    limiter = RateLimiter(tmp_path / "f", 4.0, clock=clock, sleep=clock.sleep)
    limiter.wait()
    clock.now += 0.1
    limiter.wait()
    clock.now += 9.0
    limiter.wait()
    assert clock.slept == [pytest.approx(0.15)]


def test_a_clock_that_was_set_back_costs_one_turn_at_most(tmp_path: Path) -> None:
    clock = Clock(1000.0)
    limiter = RateLimiter(tmp_path / "f", 4.0, clock=clock, sleep=clock.sleep)
    limiter.wait()
    clock.now = 10.0
    limiter.wait()
    assert clock.slept == [pytest.approx(0.25)]


def test_a_cut_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("17637-x")
    clock = Clock(1000.0)
    RateLimiter(tmp_path / "f", 4.0, clock=clock, sleep=clock.sleep).wait()
    assert clock.slept == []


def test_a_rate_must_be_above_nothing_and_the_folder_writable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="requests per second"):
        RateLimiter(tmp_path / "f", 0.0)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="SCOPE_CACHE_FOLDER"):
        RateLimiter(tmp_path / "file" / "f", 4.0)
