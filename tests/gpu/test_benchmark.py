"""The benchmark runs, so that time on a card is not spent on finding out that it does not."""

from __future__ import annotations

import re

import pytest

from scope.periods import ls_bic
from scope.periods.backends.cuda.device import Device
from tests.benchmarks import gpu


def test_the_benchmark_prints_rates_kernels_and_agreement(
    device: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ls_bic, "N_SEEDS", 1)
    monkeypatch.setattr(ls_bic, "N_SLOW_SEEDS", 0)
    monkeypatch.setattr(ls_bic, "RATIOS", (1.0,))
    command = ["--curves", "2", "--repeats", "1", "--baseline", "30", "--max-freq", "0.5"]
    gpu.main([*command, "--agreement", "2", "--workers", "1"])
    printed = capsys.readouterr().out
    assert "command   python -m tests.benchmarks.gpu --curves 2 --repeats 1" in printed
    for name in (*gpu.SEARCHES, *gpu.BOUNDS, "select_best", "eclipse_boxes", "dmdt"):
        assert re.search(rf"^ *{re.escape(name)} +[0-9.]+", printed, re.MULTILINE), name
    agreement = printed[printed.index("agreement with") :]
    assert re.findall(r"([0-9.]+)%", agreement) == ["100.00"] * 5
