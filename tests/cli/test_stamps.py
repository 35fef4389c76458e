"""``scope stamps``: what is wrong with its input is all that it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_set_that_is_none_is_one_line_without_a_word_of_tensorflow(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scope.cli.main", "stamps", "train", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: no such ")
