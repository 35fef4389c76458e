"""CUDA devices of this machine, asked of the driver itself."""

from __future__ import annotations

import ctypes
import functools
import os

from scope.errors import BackendError

DEVICES = ("cpu", "cuda")


@functools.cache
def n_cuda_devices() -> int:
    """Return the number of CUDA devices that the driver offers; 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def check_device(device: str, *, library: str, has_cuda: bool) -> None:
    """Raise unless `device` can be used by `library`.

    Libraries fall back to the processor with no more than a warning; a device that was
    asked for and is not there is an error here.

    Parameters
    ----------
    device : str
    library : str
        Name for the message.
    has_cuda : bool
        Whether this build of the library supports CUDA.

    Raises
    ------
    BackendError
        If the device is unknown, or ``cuda`` and not there.
    """
    if device not in DEVICES:
        raise BackendError("unknown device", value=device, allowed=DEVICES)
    if device != "cuda":
        return
    if not has_cuda:
        raise BackendError(
            f"{library} without CUDA was asked to use it",
            value=device,
            allowed="cpu",
            todo="install the gpu extra of this package, or use cpu",
        )
    if n_cuda_devices() == 0:
        raise BackendError(
            f"{library} was asked to use a CUDA device and there is none",
            value=device,
            allowed="cpu",
            todo="run on a machine with a working driver and card, or use cpu",
        )


def select_gpu(number: int) -> str:
    """Make one CUDA device the only one of this process and those it starts.

    To be called before anything uses a device.

    Parameters
    ----------
    number : int
        From 0, among those that ``CUDA_VISIBLE_DEVICES`` shows where it is set.

    Returns
    -------
    str
        ``cuda``.

    Raises
    ------
    BackendError
        If there is no such device.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = None if visible is None else [name for name in visible.split(",") if name.strip()]
    if names is not None and number >= len(names):
        raise _no_device(number, f"0 to {len(names) - 1}" if names else "none is visible")
    os.environ["CUDA_VISIBLE_DEVICES"] = str(number) if names is None else names[number]
    if n_cuda_devices() == 0:
        raise _no_device(number, "cpu: leave out --gpu")
    return "cuda"


def _no_device(number: int, allowed: str) -> BackendError:
    return BackendError(
        "CUDA device that is not there",
        value=number,
        allowed=allowed,
        todo="run on a machine with a working driver and card, or train on the CPU",
    )
