"""The models that judge candidates, for ragged batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scope.periods.backends import Floats
from scope.periods.backends.cuda.device import Workspace
from scope.periods.backends.cuda.programs import search_program
from scope.periods.backends.cuda.ragged_points import (
    BYTES_PER_POINT,
    ceil_div,
    cut,
    put_points,
    starts_of,
)
from scope.periods.backends.cuda.replay import EclipseRequest, FourierRequest

THREADS = 128
FIXED_BITS = 60
"""Weighted magnitudes are summed in integers that reach 2**60 at most."""

Criteria = tuple[Floats, npt.NDArray[np.int64]]


def fourier_bytes(request: FourierRequest) -> float:
    """Device memory that a fit of Fourier series needs, about."""
    outputs = 9 * len(request.centres) * len(request.offsets)
    return BYTES_PER_POINT * len(request.curve.time) + 8 * len(request.centres) + outputs


def eclipse_bytes(request: EclipseRequest) -> float:
    """Device memory that a fit of eclipses needs, about."""
    return BYTES_PER_POINT * len(request.curve.time) + 41 * len(request.frequencies)


def fourier_batch(workspace: Workspace, requests: Sequence[FourierRequest]) -> list[Criteria]:
    """Return criterion and order of the best Fourier series in the windows of each curve.

    Of each curve (m, lanes) float64 and int64, for its m windows.
    """
    points = put_points(workspace, [request.curve for request in requests])
    windows = starts_of([len(request.centres) for request in requests])
    n_lanes = len(requests[0].offsets)
    n = int(windows[-1]) * n_lanes
    bic = workspace.empty(n, np.float64)
    order = workspace.empty(n, np.int8)
    workspace.launch(
        search_program(),
        "fourier_bic",
        int(ceil_div(n, THREADS)),
        THREADS,
        (
            points.n_curves,
            points.offsets,
            points.time,
            points.weight,
            points.weighted,
            points.variance,
            points.span,
            workspace.put(np.array([r.max_order for r in requests], dtype=np.int32)),
            workspace.put(windows),
            workspace.put(np.concatenate([request.centres for request in requests])),
            np.int32(n_lanes),
            workspace.put(np.concatenate([request.offsets for request in requests])),
            bic,
            order,
        ),
    )
    criteria = workspace.get(bic).reshape(-1, n_lanes)
    orders = workspace.get(order).reshape(-1, n_lanes).astype(np.int64)
    return list(zip(cut(criteria, windows), cut(orders, windows), strict=True))


def eclipse_batch(workspace: Workspace, requests: Sequence[EclipseRequest]) -> list[Criteria]:
    """Return criterion and number of boxes of the best eclipse model of each curve.

    Of each curve (k,) float64 and int64, for its k frequencies.
    """
    points = put_points(workspace, [request.curve for request in requests])
    starts = starts_of([len(request.frequencies) for request in requests])
    n = int(starts[-1])
    ceiling = workspace.put(np.array([request.ceiling for request in requests]))
    frequency_starts = workspace.put(starts)
    one, bound, two, bic = (workspace.empty(n, np.float64) for _ in range(4))
    boxes = workspace.empty(n, np.int8)
    workspace.launch(
        search_program(),
        "eclipse_boxes",
        n,
        THREADS,
        (
            points.n_curves,
            points.offsets,
            points.time,
            points.weight,
            points.weighted,
            points.variance,
            workspace.put(_scales(requests)),
            ceiling,
            frequency_starts,
            workspace.put(np.concatenate([request.frequencies for request in requests])),
            one,
            bound,
            two,
        ),
    )
    workspace.launch(
        search_program(),
        "eclipse_settle",
        int(ceil_div(len(requests), 32)),
        32,
        (points.n_curves, ceiling, frequency_starts, one, bound, two, bic, boxes),
    )
    numbers = workspace.get(boxes).astype(np.int64)
    return list(zip(cut(workspace.get(bic), starts), cut(numbers, starts), strict=True))


def _scales(requests: Sequence[EclipseRequest]) -> Floats:
    """Powers of two that bring any sum of a curve's weighted magnitudes below 2**60."""
    largest = [np.sum(np.abs(r.curve.weight * r.curve.mag)) for r in requests]
    return np.ldexp(1.0, FIXED_BITS - np.frexp(largest)[1])
