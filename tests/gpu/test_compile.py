"""The kernels compile for a card that this machine does not have."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scope.features.cuda import features_program
from scope.periods.backends.cuda.device import OPTIONS, Program
from scope.periods.backends.cuda.programs import search_program
from tests.gpu.host_device import KERNEL

COMPILER = shutil.which("nvcc")
ENTRY = re.compile(r"entry function '(\w+)' for '(\w+)'.*?Used (\d+) registers", re.DOTALL)
LARGEST = 255
"""Registers that a thread can have."""


@pytest.mark.skipif(COMPILER is None, reason="needs nvcc, which compiles for cards not at hand")
@pytest.mark.parametrize("program", [search_program, features_program])
def test_every_kernel_becomes_machine_code_of_sm_90(
    program: Callable[[], Program], tmp_path: Path
) -> None:
    assert COMPILER is not None
    source = tmp_path / "kernels.cu"
    code = program().source
    source.write_text(code, encoding="utf-8")
    command = [COMPILER, *OPTIONS, "-arch=sm_90", "-cubin", "-Xptxas", "-v", "-o"]
    done = subprocess.run(
        [*command, str(tmp_path / "kernels.cubin"), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    entries = ENTRY.findall(done.stderr)
    assert sorted(name for name, _, _ in entries) == sorted(KERNEL.findall(code))
    assert {card for _, card, _ in entries} == {"sm_90"}
    assert all(0 < int(registers) <= LARGEST for _, _, registers in entries)
