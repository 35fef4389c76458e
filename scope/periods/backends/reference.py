"""The period search in plain numpy: slow, and as close to the definitions as can be.

Other backends are compared with this one. It shares no arithmetic with them: every sum is
direct, every fit a least-squares solution, and whole periodograms are held in memory.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.periods.backends import LARGER_IS_BETTER, Curve, Floats, Scan
from scope.periods.grid import Grid
from scope.periods.options import PeriodOptions

Integers = npt.NDArray[np.int64]

CHUNK = 1024
"""Frequencies worked on at a time."""
BOX_BINS = 100
BOX_WIDTHS = (2, 3, 4, 5, 7, 10, 13, 17)
BOX_MIN_POINTS = 3
SIDEREAL = 1.0027379
NUDGE = 2.0**-17


def scan(
    statistic: str,
    curve: Curve,
    grid: Grid,
    removed: Integers,
    keep: int,
    options: PeriodOptions,
) -> Scan:
    """Compute a whole periodogram and pick from it.

    `removed` has ranges of grid positions to leave out, (m, 2) int64.
    """
    frequency = grid.frequency(np.arange(grid.n))
    value = evaluate(statistic, curve, frequency, options)
    used = np.ones(grid.n, dtype=bool)
    for first, stop in removed:
        used[first:stop] = False
    # Equal values (an entropy has few) must not be ordered by their rounding errors.
    merit = np.round(value if LARGER_IS_BETTER[statistic] else -value, 12)
    points = [k for k in np.argsort(-merit, kind="stable") if used[k]][:keep]
    peaks = distinct_peaks(merit, used, options.samples_per_peak, keep)
    return Scan(
        frequency[points],
        value[points],
        frequency[peaks],
        value[peaks],
        float(np.mean(value[used])) if used.any() else np.nan,
        float(np.std(value[used])) if used.any() else np.nan,
    )


def distinct_peaks(
    merit: Floats, used: npt.NDArray[np.bool_], separation: int, keep: int
) -> list[int]:
    """Return positions of the best local maxima, more than `separation` apart, best first.

    `merit` (larger is better) and `used` (whether a position counts): (n,) float64 and bool.
    """
    padded = np.concatenate([[-np.inf], merit, [-np.inf]])
    is_peak = (merit > padded[:-2]) & (merit >= padded[2:]) & used
    chosen: list[int] = []
    for k in np.argsort(-merit, kind="stable"):
        if len(chosen) == keep:
            break
        if is_peak[k] and all(abs(k - other) > separation for other in chosen):
            chosen.append(int(k))
    return chosen


def evaluate(statistic: str, curve: Curve, frequencies: Floats, options: PeriodOptions) -> Floats:
    """Return one statistic at any frequencies.

    `frequencies` (1/d) and the result: (k,) float64.
    """
    if statistic == "LS":
        parts = [
            lomb_scargle(curve, frequencies[i : i + CHUNK])
            for i in range(0, len(frequencies), CHUNK)
        ]
        return np.concatenate(parts) if parts else np.empty(0)
    if statistic == "CE":
        return np.array(
            [entropy(curve, f, options.phase_bins, options.mag_bins) for f in frequencies]
        )
    return np.array([variance_ratio(curve, f, options.phase_bins) for f in frequencies])


def lomb_scargle(curve: Curve, frequencies: Floats) -> Floats:
    """Return the fraction of the weighted variance that a sine wave and a constant explain.

    `frequencies` (1/d) and the result: (k,) float64. The generalised periodogram of Zechmeister &
    Kürster 2009, A&A 496, 577, solved as a least-squares fit.
    """
    angle = 2.0 * np.pi * np.outer(frequencies, curve.time)
    design = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=-1)
    normal = np.einsum("fni,n,fnj->fij", design, curve.weight, design)
    right = np.einsum("fni,n->fi", design, curve.weight * curve.mag)
    solution = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ right[..., None]
    explained = np.sum(right * solution[..., 0], axis=1)
    return explained / np.sum(curve.weight * curve.mag**2)


def phase_bin(curve: Curve, frequency: float, bins: int) -> Integers:
    """Return the phase bin of every point, (n,) int64.

    A point on an edge, to within `NUDGE` cycles, falls above it.
    """
    phase = (curve.time * frequency + NUDGE) % 1.0
    return np.minimum((phase * bins).astype(np.int64), bins - 1)


def entropy(curve: Curve, frequency: float, phase_bins: int, mag_bins: int) -> float:
    """Conditional entropy: sum of p(b, m) ln(p(b) / p(b, m))."""
    scaled = (curve.mag - curve.mag.min()) / np.ptp(curve.mag)
    level = np.minimum((scaled * mag_bins).astype(np.int64), mag_bins - 1)
    joint = np.zeros((phase_bins, mag_bins))
    np.add.at(joint, (phase_bin(curve, frequency, phase_bins), level), 1.0 / len(curve.time))
    marginal = np.broadcast_to(joint.sum(axis=1, keepdims=True), joint.shape)
    filled = joint > 0.0
    return float(np.sum(joint[filled] * np.log(marginal[filled] / joint[filled])))


def variance_ratio(curve: Curve, frequency: float, phase_bins: int) -> float:
    """Analysis of variance: mean square between phase bins over that within."""
    groups = phase_bin(curve, frequency, phase_bins)
    number = np.maximum(np.bincount(groups, minlength=phase_bins), 1)
    mean = np.bincount(groups, weights=curve.mag, minlength=phase_bins) / number
    within = np.sum((curve.mag - mean[groups]) ** 2)
    total = np.sum((curve.mag - curve.mag.mean()) ** 2)
    between = np.sum((mean[groups] - curve.mag.mean()) ** 2)
    # Bounded, so that a periodogram with a perfect fold still has a mean.
    ratio = between / max(within, 1e-12 * total)
    return float((len(curve.time) - phase_bins) / (phase_bins - 1) * ratio)


def fourier_bic(
    curve: Curve, centres: Floats, offsets: Floats, max_order: int
) -> tuple[Floats, Integers]:
    """Return criterion and order of the best Fourier series at ``centres[:, None] + offsets``.

    `centres` (m,) and `offsets` (lanes,) in 1/d; the result is (m, lanes) float64 and int64.
    """
    frequencies = centres[:, None] + offsets
    bic = np.zeros(frequencies.shape)
    order = np.zeros(frequencies.shape, dtype=np.int64)
    for place, frequency in np.ndenumerate(frequencies):
        for k in range(1, min(max_order, cycle_order(frequency, curve.time.max())) + 1):
            value = fourier_criterion(curve, frequency, k)
            if value < bic[place]:
                bic[place], order[place] = value, k
    return bic, order


def cycle_order(frequency: float, span: float) -> int:
    """One order per two cycles, of the star or of its beat with the night."""
    slow = [frequency]
    if round(frequency) > 0:
        slow.append(abs(frequency - round(frequency)))
        slow.append(abs(frequency - round(frequency / SIDEREAL) * SIDEREAL))
    return max(int(min(slow) * span / 2.0), 1)


def fourier_criterion(curve: Curve, frequency: float, order: int) -> float:
    """BIC of one Fourier series relative to a constant; infinite where it is not constrained."""
    angle = 2.0 * np.pi * frequency * np.outer(curve.time, np.arange(1, order + 1))
    design = np.hstack([np.ones((len(curve.time), 1)), np.cos(angle), np.sin(angle)])
    root = np.sqrt(curve.weight)
    solution, _, rank, _ = np.linalg.lstsq(design * root[:, None], curve.mag * root, rcond=1e-5)
    if rank < design.shape[1]:
        return np.inf
    left = np.sum(curve.weight * (curve.mag - design @ solution) ** 2)
    return criterion(curve, left, 2 * order)


def criterion(curve: Curve, left: float, parameters: int) -> float:
    """BIC relative to a constant, for a weighted sum of squares that is left over."""
    n = len(curve.time)
    share = max(left / np.sum(curve.weight * curve.mag**2), 1e-12)
    return float(n * np.log(share) + parameters * np.log(n))


def eclipse_bic(curve: Curve, frequencies: Floats, ceiling: float) -> tuple[Floats, Integers]:
    """Return criterion and number of boxes of the best eclipse model; `ceiling` saves nothing here.

    `frequencies` (1/d): (k,) float64; the result is (k,) float64 and (k,) int64.
    """
    found = [eclipse_criterion(curve, float(f)) for f in frequencies]
    return np.array([bic for bic, _ in found]), np.array([n for _, n in found], dtype=np.int64)


def eclipse_criterion(curve: Curve, frequency: float) -> tuple[float, int]:
    """Best box, then the best second box beside it."""
    group = phase_bin(curve, frequency, BOX_BINS)
    total = np.sum(curve.weight * curve.mag**2)
    gain, first = 0.0, None
    for start, width, inside in boxes(group):
        left = box_residual(curve, [inside])
        if inside.sum() < BOX_MIN_POINTS or left is None:
            continue
        # Boxes around the same points tie but for rounding: the first one wins.
        if total - left > gain * (1.0 + 1e-9):
            gain, first = total - left, (start, width, inside)
    if first is None:
        return 0.0, 0
    bic, count = min(criterion(curve, total - gain, 3), 0.0), 1
    for start, width, inside in boxes(group):
        gap = (start - first[0] - first[1]) % BOX_BINS
        if inside.sum() < BOX_MIN_POINTS or gap + width > BOX_BINS - first[1]:
            continue
        left = box_residual(curve, [inside, first[2]])
        if left is not None and criterion(curve, left, 6) < bic:
            bic, count = criterion(curve, left, 6), 2
    return (bic, count) if bic < 0.0 else (0.0, 0)


def boxes(group: Integers) -> list[tuple[int, int, npt.NDArray[np.bool_]]]:
    """Return all boxes: first bin, width, and which points lie inside, (n,) bool.

    `group` is the bin of each point, (n,) int64.
    """
    return [
        (start, width, (group - start) % BOX_BINS < width)
        for start in range(BOX_BINS)
        for width in BOX_WIDTHS
    ]


def box_residual(curve: Curve, insides: list[npt.NDArray[np.bool_]]) -> float | None:
    """Return the sum of squares about the level of each box and of the rest.

    None if a box is not fainter than the rest. `insides` tell of each box which points lie in it,
    (n,) bool each.
    """
    outside = ~np.logical_or.reduce(insides)
    if curve.weight[outside].sum() < 1e-6:
        return None
    base = np.average(curve.mag[outside], weights=curve.weight[outside])
    left = np.sum(curve.weight[outside] * (curve.mag[outside] - base) ** 2)
    for inside in insides:
        if not inside.any():
            return None
        level = np.average(curve.mag[inside], weights=curve.weight[inside])
        if level <= base:
            return None
        left += np.sum(curve.weight[inside] * (curve.mag[inside] - level) ** 2)
    return float(left)
