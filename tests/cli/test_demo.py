"""`make demo` in a real terminal, interrupted from its keyboard."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SNAKEFILE = """\
products = [f"results/{name}/field_700.parquet" for name in ("preds_dnn", "preds_xgb", "catalog")]

rule make_all:
    output: products, "results/report/field_700.html"
    shell: "touch begun; sleep 60; touch {output}"
"""
DEMO = """\
from pathlib import Path
from scope.cli.demo import main
from scope.workflows import demo
demo.CHECKOUT = Path.cwd()
raise SystemExit(main(["--cores", "1"]))
"""
SECONDS = 60.0


def in_terminal(folder: Path, interrupt_when: Callable[[], bool], *, times: int = 1) -> str:
    """Run `make demo` in a terminal of its own, press Ctrl-C there, and return what it shows."""
    pid, terminal = pty.fork()
    if pid == 0:
        # As a shell in a terminal leaves it; whoever runs these tests in the background ignores it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(folder)
        os.execvp("make", ["make", "--silent", "demo"])
    shown, pressed, deadline = b"", 0, time.monotonic() + SECONDS
    while True:
        assert time.monotonic() < deadline, shown.decode()
        ready, _, _ = select.select([terminal], [], [], 0.1)
        try:
            part = os.read(terminal, 65536) if ready else b"..."
        except OSError:
            break
        if not part:
            break
        shown += part if ready else b""
        if pressed < times and interrupt_when():
            # What the keyboard sends; the terminal makes a signal of it, to all in the foreground.
            os.write(terminal, b"\x03")
            pressed += 1
    os.waitpid(pid, 0)
    return shown.decode()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "demo.py").write_text(DEMO)
    (tmp_path / "Makefile").write_text(f"demo:\n\t@'{sys.executable}' demo.py\n")
    return tmp_path


def test_ctrl_c_leaves_no_lock_and_the_next_demo_goes_on(checkout: Path) -> None:
    begun, locks = checkout / "begun", checkout / ".snakemake" / "locks"
    # Impatient people press it more than once.
    for times in (1, 3):
        shown = in_terminal(checkout, begun.exists, times=times)
        assert "Simulating and classifying" in shown
        assert "LockException" not in shown
        assert "interrupted" in shown
        assert not list(locks.glob("*")), shown
        # A second one that got no further than the lock would not have begun.
        begun.unlink()


def test_a_lock_that_a_killed_demo_left_is_cleared(checkout: Path) -> None:
    begun, locks = checkout / "begun", checkout / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text("results/preds_dnn/field_700.parquet\n")
    shown = in_terminal(checkout, begun.exists)
    assert "LockException" not in shown
    assert begun.exists()
    assert not list(locks.glob("*")), shown
