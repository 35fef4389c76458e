"""As much of cupy as the backend uses, over kernels built by g++.

It checks what cupy and CUDA would: types of arguments, limits of shared memory, buffers
within the memory that was allocated. Copies and kernels wait in their stream until somebody
waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.periods.backends.cuda.device import Program
from tests.gpu.host_device import build, run_kernel

SHARED_BYTES = 227 << 10


class OutOfMemoryError(MemoryError):
    """As cupy raises it."""


class _Stream:
    """What was asked for and is not done yet."""

    current: _Stream | None = None

    def __init__(self, *, non_blocking: bool) -> None:
        assert non_blocking
        self.waiting: list[Callable[[], None]] = []

    def __enter__(self) -> _Stream:
        assert _Stream.current is None
        _Stream.current = self
        return self

    def __exit__(self, *_: object) -> None:
        _Stream.current = None

    def synchronize(self) -> None:
        for work in self.waiting:
            work()
        self.waiting.clear()


class _Pointer:
    def __init__(self, memory: npt.NDArray[np.uint8], start: int) -> None:
        self.memory, self.start = memory, start

    def __add__(self, offset: int) -> _Pointer:
        return _Pointer(self.memory, self.start + offset)


class _Array:
    """A buffer of the device: nothing but copies and kernels reach its values."""

    def __init__(self, shape: tuple[int], dtype: npt.DTypeLike, memptr: _Pointer) -> None:
        n_bytes = shape[0] * np.dtype(dtype).itemsize
        assert memptr.start % 256 == 0
        assert memptr.start + n_bytes <= len(memptr.memory)
        self.values = memptr.memory[memptr.start : memptr.start + n_bytes].view(dtype)

    def set(self, values: npt.NDArray[Any], stream: _Stream) -> None:
        assert values.dtype == self.values.dtype
        assert values.shape == self.values.shape
        assert values.flags.c_contiguous
        stream.waiting.append(lambda: np.copyto(self.values, values))

    def get(self, stream: _Stream) -> npt.NDArray[Any]:
        values = np.full(self.values.nbytes, 0xA5, dtype=np.uint8).view(self.values.dtype)
        stream.waiting.append(lambda: np.copyto(values, self.values))
        return values


class _Function:
    max_dynamic_shared_size_bytes = 48 << 10

    def __init__(self, library: Any, name: str) -> None:
        self._library, self._name = library, name

    def __call__(
        self, grid: tuple[int], block: tuple[int], args: tuple[Any, ...], *, shared_mem: int
    ) -> None:
        assert 1 <= block[0] <= 1024
        assert 1 <= grid[0] < 2**31
        assert shared_mem <= self.max_dynamic_shared_size_bytes <= SHARED_BYTES
        given = [arg.values if isinstance(arg, _Array) else arg for arg in args]
        assert _Stream.current is not None
        _Stream.current.waiting.append(
            lambda: run_kernel(self._library, self._name, grid[0], block[0], given)
        )


class FakeCupy:
    """A module-like cupy with one device of `memory_bytes`."""

    ndarray = _Array

    def __init__(self, folder: Path, memory_bytes: int, n_devices: int = 1) -> None:
        self._folder, self._free = folder, memory_bytes
        self.compiled: list[tuple[str, ...]] = []
        runtime = SimpleNamespace(
            CUDARuntimeError=RuntimeError,
            getDeviceCount=lambda: n_devices,
            getDeviceProperties=lambda _: {"name": b"NVIDIA Fake"},
        )
        device = nullcontext()
        device.attributes = {"MaxSharedMemoryPerBlockOptin": SHARED_BYTES}  # type: ignore[attr-defined]
        self.cuda = SimpleNamespace(
            runtime=runtime,
            Device=lambda _: device,
            Stream=_Stream,
            alloc=self._alloc,
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        )

    def _alloc(self, n_bytes: int) -> _Pointer:
        self._free -= n_bytes
        if self._free < 0:
            raise OutOfMemoryError
        return _Pointer(np.full(n_bytes, 0xA5, dtype=np.uint8), 0)

    def RawModule(self, *, code: str, options: tuple[str, ...], backend: str) -> Any:
        self.compiled.append(options)
        assert backend == "nvrtc"
        assert not re.search(r"^#include", code, re.MULTILINE), "NVRTC finds no headers"
        library = build(Program(f"fake{len(self.compiled)}", code), self._folder)
        return SimpleNamespace(get_function=lambda name: _Function(library, name))
