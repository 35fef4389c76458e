"""The period search on one CUDA device, for batches of light curves.

Scans and models run in float64 or in integers, with sums of a fixed order, so that a
result depends neither on the other curves of a batch nor on how threads are scheduled.
What a search decides between its calls is decided by the same code as on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy.typing as npt

from scope.periods.backends import Backend, Curve, Floats, Scan
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.candidate_models import (
    eclipse_batch,
    eclipse_bytes,
    fourier_batch,
    fourier_bytes,
)
from scope.periods.backends.cuda.device import Device, in_workspaces
from scope.periods.backends.cuda.replay import (
    EclipseRequest,
    FourierRequest,
    Request,
    ScanRequest,
    ValueRequest,
    search_together,
)
from scope.periods.backends.cuda.scans import scan_batch, scan_bytes, value_batch, value_bytes
from scope.periods.grid import Grid
from scope.periods.options import PeriodOptions

Subject = TypeVar("Subject")
Found = TypeVar("Found")


def open_backend() -> CudaBackend:
    """The backend on the device of this process.

    Raises
    ------
    BackendError
        If cupy is not installed or there is no device: never a fallback.
    """
    return CudaBackend(devices.open_device())


class CudaBackend:
    """Functions of a backend, and `together` for many light curves at once.

    Parameters
    ----------
    device : Device
    """

    curves_together = 256
    """Light curves of one call of `together`: enough to fill a device."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def together(
        self, subjects: Sequence[Subject], search: Callable[[Subject, Backend], Found]
    ) -> list[Found]:
        """Search many light curves, or stars, with a search for one, see `search_together`."""
        return search_together(subjects, search, self)

    def answer(self, requests: Sequence[Request]) -> list[Any]:
        """Answer calls of the functions below, those of one kind together."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        for position, request in enumerate(requests):
            groups.setdefault(_kind(request), []).append(position)
        answers: list[Any] = [None] * len(requests)
        for (kind, *_), positions in groups.items():
            batch = [requests[position] for position in positions]
            answered = in_workspaces(self._device, batch, *_WORK[kind])
            for position, answer in zip(positions, answered, strict=True):
                answers[position] = answer
        return answers

    def scan(
        self,
        statistic: str,
        curve: Curve,
        grid: Grid,
        removed: npt.NDArray[Any],
        keep: int,
        options: PeriodOptions,
    ) -> Scan:
        """Reduce one statistic over a grid.

        See `scope.periods.backends.Backend`, whose shapes these are.
        """
        request = ScanRequest(statistic, curve, grid, removed, keep, options)
        scan: Scan = self.answer([request])[0]
        return scan

    def evaluate(
        self, statistic: str, curve: Curve, frequencies: Floats, options: PeriodOptions
    ) -> Floats:
        """Return one statistic at a few frequencies.

        `frequencies` (1/d) and the result: (k,) float64.
        """
        values: Floats = self.answer([ValueRequest(statistic, curve, frequencies, options)])[0]
        return values

    def fourier_bic(
        self, curve: Curve, centres: Floats, offsets: Floats, max_order: int
    ) -> tuple[Floats, npt.NDArray[Any]]:
        """Return criterion and order of the best Fourier series at ``centres[:, None] + offsets``.

        See `scope.periods.backends.Backend`, whose shapes these are.
        """
        request = FourierRequest(curve, centres, offsets, max_order)
        criteria: tuple[Floats, npt.NDArray[Any]] = self.answer([request])[0]
        return criteria

    def eclipse_bic(
        self, curve: Curve, frequencies: Floats, ceiling: float
    ) -> tuple[Floats, npt.NDArray[Any]]:
        """Return criterion and number of boxes of the best eclipse model at each frequency.

        `frequencies` (1/d): (k,) float64; the result is (k,) float64 and (k,) int64.
        """
        request = EclipseRequest(curve, frequencies, ceiling)
        criteria: tuple[Floats, npt.NDArray[Any]] = self.answer([request])[0]
        return criteria


_WORK: dict[type, tuple[Callable[[Any], float], Callable[..., list[Any]]]] = {
    ScanRequest: (scan_bytes, scan_batch),
    ValueRequest: (value_bytes, value_batch),
    FourierRequest: (fourier_bytes, fourier_batch),
    EclipseRequest: (eclipse_bytes, eclipse_batch),
}
"""Memory and function of each kind of request."""


def _kind(request: Request) -> tuple[Any, ...]:
    """What requests that are answered together have in common."""
    if isinstance(request, ScanRequest):
        return ScanRequest, request.statistic, request.keep, request.options
    if isinstance(request, ValueRequest):
        return ValueRequest, request.statistic, request.options
    if isinstance(request, FourierRequest):
        return FourierRequest, len(request.offsets)
    return (EclipseRequest,)
