"""The CUDA device: its memory, its queues and the kernels compiled for it.

One process uses one device, the first that ``CUDA_VISIBLE_DEVICES`` shows. Its memory is
taken in a fixed number of workspaces, each of a fixed size, so that a job needs what
``SCOPE_GPU_MEMORY_BYTES`` says and no more, whatever it is given to do.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from scope.errors import BackendError, ConfigError

MEMORY_VARIABLE = "SCOPE_GPU_MEMORY_BYTES"
"""Environment variable with the device memory of a process, in bytes."""

DEFAULT_MEMORY_BYTES = 2 << 30

WORKSPACES = 2
"""Batches on the device at a time: one computes while the host reads the other."""

ALIGNMENT = 256
OPTIONS = ("--std=c++17", "--fmad=false")
"""Options of the compiler: every product and sum is rounded, as on the CPU."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Program:
    """CUDA C source of kernels that are compiled together."""

    name: str
    source: str


class WorkspaceFull(Exception):
    """A batch needs more memory than its workspace has."""


class Workspace(Protocol):
    """Memory of one batch and the queue in which its kernels run.

    Buffers are handles that only their workspace understands; they are gone when it is
    left. Attribute ``shared_bytes`` is the most dynamic shared memory of a block.
    """

    shared_bytes: int

    def put(self, values: npt.NDArray[Any]) -> Any:
        """Copy an array to the device.

        `values` may be of any shape and dtype, (...); both are kept.
        """

    def empty(self, size: int, dtype: npt.DTypeLike) -> Any:
        """A new array on the device with anything in it."""

    def get(self, buffer: Any) -> npt.NDArray[Any]:
        """Copy an array from the device, after all kernels before.

        In the shape, (...), and dtype of the buffer.
        """

    def launch(
        self,
        program: Program,
        kernel: str,
        blocks: int,
        threads: int,
        arguments: Sequence[Any],
        shared_bytes: int = 0,
    ) -> None:
        """Queue a kernel; arguments are buffers and numpy scalars of the right type."""


class Device(Protocol):
    """Device that runs kernels. Attribute ``memory_bytes`` is the size of a workspace."""

    memory_bytes: int

    def workspace(self) -> AbstractContextManager[Workspace]:
        """Wait for a free workspace and use it."""


def memory_limit() -> int:
    """Device memory of this process in bytes, from `MEMORY_VARIABLE`.

    Raises
    ------
    ConfigError
        If it is no positive whole number.
    """
    text = os.environ.get(MEMORY_VARIABLE, "")
    if not text:
        return DEFAULT_MEMORY_BYTES
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise ConfigError(
            f"environment variable {MEMORY_VARIABLE}",
            value=text,
            allowed=f"a number of bytes, such as {DEFAULT_MEMORY_BYTES}",
        )
    return value


def in_workspaces(
    device: Device,
    items: Sequence[Item],
    bytes_of: Callable[[Item], float],
    answer: Callable[[Workspace, Sequence[Item]], list[Answer]],
) -> list[Answer]:
    """Answer items in batches that fit into a workspace.

    Parameters
    ----------
    device : Device
    items : sequence
    bytes_of : callable
        Device memory that an item needs, about. A batch that does not fit after all is
        halved.
    answer : callable
        Of a workspace and some items, their answers in order. An answer must not depend
        on the other items.

    Returns
    -------
    list
        One answer per item, in order.

    Raises
    ------
    BackendError
        If a single item does not fit.
    """
    answers: list[Answer] = []
    for batch in _batches(items, bytes_of, device.memory_bytes):
        try:
            with device.workspace() as workspace:
                answers += answer(workspace, batch)
        except WorkspaceFull as error:
            if len(batch) == 1:
                raise BackendError(
                    "light curve whose search does not fit into the device memory of a batch",
                    value=f"more than {device.memory_bytes} bytes",
                    todo=f"set {MEMORY_VARIABLE} above {WORKSPACES} times what it needs, about "
                    f"{math.ceil(bytes_of(batch[0]))} bytes",
                ) from error
            half = len(batch) // 2
            answers += in_workspaces(device, batch[:half], bytes_of, answer)
            answers += in_workspaces(device, batch[half:], bytes_of, answer)
    return answers


def _batches(
    items: Sequence[Item], bytes_of: Callable[[Item], float], limit: float
) -> Iterator[Sequence[Item]]:
    """Cut items into runs of at most `limit` bytes, or of one item."""
    start, filled = 0, 0.0
    for position, item in enumerate(items):
        size = bytes_of(item)
        if position > start and filled + size > limit:
            yield items[start:position]
            start, filled = position, 0.0
        filled += size
    if start < len(items):
        yield items[start:]


@lru_cache(maxsize=1)
def open_device() -> Device:
    """The device of this process.

    Raises
    ------
    BackendError
        If cupy is not installed or there is no device.
    ConfigError
        If the memory setting cannot be used.
    """
    try:
        import cupy
    except ImportError as error:
        raise BackendError(
            "backend cuda needs a package that is not installed",
            value=str(error.name),
            todo="install this project with the extra gpu, or choose another backend",
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise _no_device(str(error)) from error
    if count < 1:
        raise _no_device("0 devices")
    return CudaDevice(cupy, memory_limit())


def _no_device(value: str) -> BackendError:
    return BackendError(
        "backend cuda without a CUDA device",
        value=value,
        todo="choose another backend, or see what nvidia-smi and CUDA_VISIBLE_DEVICES say",
    )


class CudaDevice:
    """The first visible CUDA device, by cupy.

    Parameters
    ----------
    cupy : module
    memory_bytes : int
        Memory of all workspaces together. It is taken when a workspace is first used.
    """

    def __init__(self, cupy: Any, memory_bytes: int) -> None:
        self._cupy = cupy
        self._free: SimpleQueue[_CudaWorkspace] = SimpleQueue()
        self._modules: dict[str, Any] = {}
        self._functions: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self.memory_bytes = memory_bytes // WORKSPACES // ALIGNMENT * ALIGNMENT
        self.shared_bytes = int(cupy.cuda.Device(0).attributes["MaxSharedMemoryPerBlockOptin"])
        for _ in range(WORKSPACES):
            self._free.put(_CudaWorkspace(self, cupy))

    @property
    def name(self) -> str:
        """Name of the card."""
        name = self._cupy.cuda.runtime.getDeviceProperties(0)["name"]
        return str(name.decode() if isinstance(name, bytes) else name)

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Wait for a free workspace and use it."""
        workspace = self._free.get()
        try:
            # Device and stream are those of the calling thread.
            with self._cupy.cuda.Device(0), workspace.stream:
                workspace.reset()
                yield workspace
        finally:
            self._free.put(workspace)

    def function(self, program: Program, kernel: str) -> Any:
        """A compiled kernel; cupy keeps the machine code in files across processes."""
        with self._lock:
            function = self._functions.get((program.name, kernel))
            if function is None:
                if program.name not in self._modules:
                    self._modules[program.name] = self._cupy.RawModule(
                        code=program.source, options=OPTIONS, backend="nvrtc"
                    )
                function = self._modules[program.name].get_function(kernel)
                self._functions[program.name, kernel] = function
            return function


class _CudaWorkspace:
    """A slice of device memory, given out from its start, and a stream."""

    def __init__(self, device: CudaDevice, cupy: Any) -> None:
        self._device = device
        self._cupy = cupy
        self._memory: Any = None
        self._used = 0
        self._copied: list[npt.NDArray[Any]] = []
        self.stream = cupy.cuda.Stream(non_blocking=True)
        self.shared_bytes = device.shared_bytes

    def reset(self) -> None:
        """Wait for what a batch that was given up has left running, and forget all buffers."""
        self.stream.synchronize()
        self._copied.clear()
        if self._memory is None:
            try:
                self._memory = self._cupy.cuda.alloc(self._device.memory_bytes)
            except self._cupy.cuda.memory.OutOfMemoryError as error:
                raise BackendError(
                    "device memory that is not there",
                    value=f"{self._device.memory_bytes} bytes",
                    todo=f"set {MEMORY_VARIABLE} below what nvidia-smi shows as free",
                ) from error
        self._used = 0

    def put(self, values: npt.NDArray[Any]) -> Any:
        values = np.ascontiguousarray(values)
        buffer = self.empty(values.size, values.dtype)
        if values.size:
            # Kept until the copy, which need not be over when this returns, surely is.
            self._copied.append(values.ravel())
            buffer.set(self._copied[-1], stream=self.stream)
        return buffer

    def empty(self, size: int, dtype: npt.DTypeLike) -> Any:
        dtype = np.dtype(dtype)
        start = self._used
        # Never nothing: a kernel may be handed an array without values.
        self._used += math.ceil(max(size * dtype.itemsize, 1) / ALIGNMENT) * ALIGNMENT
        if self._used > self._device.memory_bytes:
            raise WorkspaceFull
        return self._cupy.ndarray((size,), dtype=dtype, memptr=self._memory + start)

    def get(self, buffer: Any) -> npt.NDArray[Any]:
        values = buffer.get(stream=self.stream)
        self.stream.synchronize()
        return np.asarray(values)

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
        function = self._device.function(program, kernel)
        if shared_bytes > UNASKED_SHARED_BYTES:
            function.max_dynamic_shared_size_bytes = self.shared_bytes
        function((blocks,), (threads,), tuple(arguments), shared_mem=shared_bytes)


UNASKED_SHARED_BYTES = 48 << 10
"""Dynamic shared memory that a kernel may use without asking for more."""
