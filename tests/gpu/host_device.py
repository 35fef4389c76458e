"""A stand-in for a CUDA device: the same kernels, built by g++, on this processor."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.periods.backends.cuda.device import Program, Workspace, WorkspaceFull

HEADER = Path(__file__).with_name("cuda_on_host.h")
COMPILER = shutil.which("g++")
GUARD = 64
"""Bytes after each buffer that no kernel may touch."""
KERNEL = re.compile(r"^KERNEL (?:__launch_bounds__\([^)]*\) )?(\w+)\(", re.MULTILINE)


_built: dict[str, ctypes.CDLL] = {}
_lock = threading.Lock()
"""Kernels keep the state of a block in static memory: one user at a time."""


def build(program: Program, folder: Path) -> ctypes.CDLL:
    """Compile the kernels of a program into a library, once in this process."""
    if program.source in _built:
        return _built[program.source]
    assert COMPILER is not None
    source, library = folder / f"{program.name}.cpp", folder / f"{program.name}.so"
    exports = "\n".join(f"EXPORT({name})" for name in KERNEL.findall(program.source))
    source.write_text(f'#include "{HEADER}"\n{program.source}\n{exports}\n', encoding="utf-8")
    command = [COMPILER, "-std=c++17", "-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run(
        [*command, "-Wno-unknown-pragmas", "-o", str(library), str(source)],
        check=True,
        capture_output=True,
        text=True,
    )
    _built[program.source] = ctypes.CDLL(str(library))
    return _built[program.source]


class HostDevice:
    """Runs kernels one thread after the other.

    Parameters
    ----------
    folder : Path
        Where kernels are built.
    memory_bytes : int
        Of a workspace.

    Attributes
    ----------
    backwards : bool
        Whether blocks, and threads between barriers, run last to first.
    launches : list of str
        Names of the kernels that ran.
    """

    name = "host"

    def __init__(self, folder: Path, memory_bytes: int = 1 << 30) -> None:
        self.memory_bytes = memory_bytes
        self.backwards = False
        self.launches: list[str] = []
        self._folder = folder

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Wait for the workspace and use it."""
        with _lock:
            workspace = _HostWorkspace(self)
            yield workspace
            workspace.check_guards()

    def fresh(self, memory_bytes: int = 1 << 30) -> HostDevice:
        """The same kernels in a device of its own."""
        return HostDevice(self._folder, memory_bytes)

    def library(self, program: Program) -> ctypes.CDLL:
        """The library of a program, built when first asked for."""
        return build(program, self._folder)


class _HostWorkspace:
    shared_bytes = 227 << 10

    def __init__(self, device: HostDevice) -> None:
        self._device = device
        self._used = 0
        self._buffers: list[tuple[npt.NDArray[np.uint8], int]] = []

    def put(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        buffer = self.empty(values.size, values.dtype)
        buffer[:] = values.ravel()
        return buffer

    def empty(self, size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        n_bytes = size * np.dtype(dtype).itemsize
        self._used += n_bytes
        if self._used > self._device.memory_bytes:
            raise WorkspaceFull
        # Nonsense, as memory of a device holds, and a guard behind it.
        memory = np.full(n_bytes + GUARD, 0xA5, dtype=np.uint8)
        self._buffers.append((memory, n_bytes))
        return memory[:n_bytes].view(dtype)

    def get(self, buffer: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return buffer.copy()

    def check_guards(self) -> None:
        for memory, n_bytes in self._buffers:
            assert np.all(memory[n_bytes:] == 0xA5), "a kernel wrote beyond a buffer"

    def launch(
        self,
        program: Program,
        kernel: str,
        blocks: int,
        threads: int,
        arguments: Sequence[Any],
        shared_bytes: int = 0,
    ) -> None:
        if blocks == 0:
            return
        assert shared_bytes <= self.shared_bytes
        self._device.launches.append(kernel)
        run_kernel(
            self._device.library(program),
            kernel,
            blocks,
            threads,
            arguments,
            backwards=self._device.backwards,
        )


def run_kernel(
    library: ctypes.CDLL,
    kernel: str,
    blocks: int,
    threads: int,
    arguments: Sequence[Any],
    *,
    backwards: bool = False,
) -> None:
    """Run a kernel of a library; arguments are arrays and numpy scalars."""
    sizes = (ctypes.c_int * getattr(library, f"count_{kernel}")())()
    getattr(library, f"sizes_{kernel}")(sizes)
    assert len(sizes) == len(arguments), f"{kernel} takes {len(sizes)} arguments"
    values = [_value(argument, size) for argument, size in zip(arguments, sizes, strict=True)]
    pointers = (ctypes.c_void_p * len(values))(
        *(ctypes.cast(ctypes.pointer(value), ctypes.c_void_p) for value in values)
    )
    status = library.host_launch(
        getattr(library, f"call_{kernel}"),
        pointers,
        ctypes.c_uint(blocks),
        ctypes.c_uint(threads),
        int(backwards),
    )
    assert status == 0, f"{kernel}: threads of a block disagree about a barrier"


def _value(argument: Any, size: int) -> Any:
    """An argument as C holds it; `size` is that of a scalar, 0 for a pointer."""
    if isinstance(argument, np.ndarray):
        assert size == 0
        return ctypes.c_void_p(argument.ctypes.data)
    assert isinstance(argument, np.generic)
    assert argument.dtype.itemsize == size
    return np.ctypeslib.as_ctypes_type(argument.dtype)(argument.item())
