"""Cleaning written once more, slowly and in plain Python, as an independent reference."""

from __future__ import annotations

import math
from collections.abc import Sequence


def slow_clean(
    time: Sequence[float],
    mag: Sequence[float],
    magerr: Sequence[float],
    catflags: Sequence[int],
    *,
    min_epochs: int = 50,
    min_cadence_minutes: float = 30.0,
    max_time: float = math.inf,
) -> tuple[list[tuple[float, float, float]], str | None]:
    """Return the epochs (time, mag, magerr) that are kept, and the reason if none are."""
    if not len(time):
        return [], "no_light_curve"
    good = [
        (t, m, e)
        for t, m, e, flag in zip(time, mag, magerr, catflags, strict=True)
        if flag == 0
        and not (math.isnan(t) or math.isnan(m) or math.isnan(e))
        and not (math.isinf(t) or math.isinf(m) or math.isinf(e))
        and 1e-7 <= e <= 5
        and -30 <= m <= 40
        and t <= max_time
    ]
    if not good:
        return [], "no_good_epochs"
    good.sort(key=lambda epoch: epoch[0])
    kept = good[:1]
    for epoch in good[1:]:
        gap = epoch[0] - kept[-1][0]
        if gap > 0 and gap >= min_cadence_minutes / 1440:
            kept.append(epoch)
    return (kept, None) if len(kept) >= min_epochs else ([], "too_few_epochs")
