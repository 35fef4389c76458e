"""What a model says of real stamps of ZTF, beside what ZTF's own networks say.

SCOPE_REAL_DATA=FOLDER python -m tests.benchmarks.stamps_ztf [MODEL]

No person labelled these stamps: what comes out is agreement, not accuracy.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr

from scope.checkout import SHIPPED_MODELS
from scope.tasks.stamps.stamp_model import StampModel
from scope.tasks.stamps.unseen import unseen_threshold

STARTER = SHIPPED_MODELS / "stamps" / "cnn" / "starter"
KNOWN_ARCSEC = 1.0
ON_STAR_PX, FAR_PX = 1.0, 3.0
"""From the nearest source of the template, as packets have it (distnr)."""

Bools = npt.NDArray[np.bool_]


def main(model_dir: str | Path = STARTER) -> None:
    """Print rank correlations, agreement, and the scores of known minor planets."""
    folder = Path(os.environ["SCOPE_REAL_DATA"]) / "stamps" / "ztf_alert_stamps"
    stamps = np.load(folder / "triplets_raw.npz")["triplets"]
    table = pd.read_parquet(folder / "alerts.parquet")
    model = StampModel.load(model_dir)
    scores = np.asarray(model.scores(stamps), dtype=np.float64)
    threshold = unseen_threshold(model)
    whole = ~np.isnan(stamps).any(axis=(1, 2, 3))
    print(f"{len(table)} stamps, {whole.sum()} of them whole; threshold {threshold:.3f}")
    positive = table["isdiffpos"].to_numpy() == 1
    for name in ("drb", "rb"):
        known = table[name].notna().to_numpy()
        for words, rows in (("all", known), ("brighter than the template", known & positive)):
            rank = spearmanr(scores[rows], table[name].to_numpy()[rows]).statistic
            print(f"rank correlation with {name}, {words} ({rows.sum()}): {rank:.2f}")
    drb = table["drb"].to_numpy()
    for words, rows in (("above", drb > 0.5), ("below", drb <= 0.5)):
        part = np.mean(scores[rows] >= threshold)
        print(f"drb {words} 0.5 ({rows.sum()}): {part:.0%} above the threshold")
    far = table["distnr"].to_numpy()
    for words, rows in (
        ("on a source of the template, brighter", (far < ON_STAR_PX) & positive),
        ("on a source of the template, fainter", (far < ON_STAR_PX) & ~positive),
        (f"{FAR_PX:g} px from any", far >= FAR_PX),
    ):
        part = rows & (drb > 0.5)
        print(f"drb above 0.5, {words}: {np.sum(scores[part] >= threshold)} of {part.sum()} pass")
    known = table["ssdistnr"].between(0, KNOWN_ARCSEC).to_numpy()
    lowest = np.sort(scores[known])
    print(
        f"known minor planets within {KNOWN_ARCSEC:g} arcsec: {np.sum(lowest >= threshold)} of "
        f"{known.sum()} above the threshold; lowest scores {lowest[:3].round(3).tolist()}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
