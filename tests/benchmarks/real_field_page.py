"""A page with the folded light curves that the models are surest of, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.lightcurves import LightCurves

SUREST = 30
WIDTH, HEIGHT, EDGE = 300, 150, 8


def write_page(
    path: Path, catalog: pa.Table, curves: LightCurves, features: pa.Table, tag: str = "pnp"
) -> None:
    """Write the light curves with the highest probability of a class, against phase and time."""
    probability = catalog.column(f"{tag}_p").to_numpy()
    order = np.argsort(-probability, kind="stable")[:SUREST]
    periods = dict(
        zip(
            features.column("_id").to_pylist(),
            features.column("period_LS_BIC").to_pylist(),
            strict=True,
        )
    )
    others = [n for n in catalog.column_names if n.endswith("_p") and n.count("_") == 1]
    cards = []
    for row in order:
        one_id = catalog.column("_id")[int(row)].as_py()
        line = {name: catalog.column(name)[int(row)].as_py() for name in others}
        best = sorted(line.items(), key=lambda item: -item[1])[:6]
        cards.append(_card(one_id, periods[one_id], curves, best))
    path.write_text(
        "<!DOCTYPE html><meta charset=utf-8><style>body{font:13px sans-serif}div{display:inline-"
        f"block;margin:6px}}</style><h1>Surest of {escape(tag)}</h1>" + "".join(cards)
    )


def _card(
    one_id: int, period: float, curves: LightCurves, best: Sequence[tuple[str, float]]
) -> str:
    row = int(np.searchsorted(curves.ids, one_id))
    curve = curves[row : row + 1]
    phase = (curve.time / period) % 1.0
    twice = np.concatenate([phase, phase + 1]), np.tile(curve.mag, 2)
    words = " ".join(f"{name.removesuffix('_p')} {value:.2f}" for name, value in best)
    return (
        f"<div>{one_id} P {period:.6g} d, {len(curve.time)} epochs, error "
        f"{np.median(curve.magerr):.3f} mag<br>{escape(words)}<br>"
        f"{_plot(*twice)}{_plot(curve.time, curve.mag)}</div>"
    )


def _plot(x: np.ndarray, mag: np.ndarray) -> str:
    across, down = np.ptp(x) or 1.0, np.ptp(mag) or 1.0
    px = EDGE + (x - x.min()) / across * (WIDTH - 2 * EDGE)
    py = EDGE + (mag - mag.min()) / down * (HEIGHT - 2 * EDGE)
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="1.6"/>' for a, b in zip(px, py, strict=True)
    )
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" style="border:1px solid #999;margin:2px">'
        f"{dots}<title>{down:.3f} mag from top to bottom</title></svg>"
    )
