"""Curves of the loop with known labels: how fast strategies learn, and by how much they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.active.play_queries import draw_curves, paired_difference, save_figure
from scope.errors import InputError, few

if TYPE_CHECKING:
    import pandas as pd

TITLES = {
    "accuracy": "accuracy",
    "macro_ap": "average precision of all classes",
    "worst_ap": "average precision of the five weakest classes",
}
"""Figures that are drawn and compared -> what they are called on the picture."""

AGAINST = "random"


def plot_queries(
    splits: Sequence[str | Path], figure: str | Path, gains: str | Path, task: str = ""
) -> pd.DataFrame:
    """Draw what each strategy knows against its labels, and write how much more than by luck.

    Parameters
    ----------
    splits : sequence of path
        What `simulate_queries` wrote.
    figure : path
        Picture; lines are means over the splits, bands errors of those.
    gains : path
        CSV: strategy, metric, n_labels, of, against, gain with its 95 % interval (Student's t
        over splits, which overlap), and in how many splits it is above 0. `against` is random,
        or the first strategy where that was not played.
    task : str
        For the title.

    Returns
    -------
    DataFrame
        The gains.

    Raises
    ------
    InputError
        If files are of other strategies or rounds than the first.
    """
    import pandas as pd

    from scope.io.atomic import write_bytes
    from scope.io.frames import read_parquet

    parts = [read_parquet(path) for path in splits]
    for path, part in zip(splits, parts, strict=True):
        for name in ("strategy", "n_labels"):
            if set(part[name]) != set(parts[0][name]):
                raise InputError(
                    f"split of another simulation, {path}",
                    value=few(sorted(map(str, set(part[name])))),
                    allowed=few(sorted(map(str, set(parts[0][name])))),
                    todo="remove it, and play it again",
                )
    curves = pd.concat(parts, ignore_index=True)
    save_figure(_picture(curves, task), figure)
    table = gains_of(curves)
    write_bytes(table.to_csv(index=False, lineterminator="\n").encode(), gains)
    return table


def gains_of(curves: pd.DataFrame) -> pd.DataFrame:
    """Return how much more strategies know than the one they are compared with, by labels."""
    import pandas as pd

    names = list(dict.fromkeys(curves["strategy"]))
    against = AGAINST if AGAINST in names else names[0]
    rows = []
    for strategy in names:
        for metric in TITLES:
            for n_labels in sorted(set(curves["n_labels"])):
                at = curves[(curves["strategy"] == strategy) & (curves["n_labels"] == n_labels)]
                gain = paired_difference(curves, strategy, metric, int(n_labels), against)
                rows.append(
                    {
                        "strategy": strategy,
                        "metric": metric,
                        "n_labels": int(n_labels),
                        "mean": round(float(at[metric].mean()), 6),
                        "against": against,
                        "gain": round(gain.mean, 6),
                        "low": round(gain.low, 6),
                        "high": round(gain.high, 6),
                        "better": gain.better,
                        "splits": gain.splits,
                    }
                )
    return pd.DataFrame(rows)


def _picture(curves: pd.DataFrame, task: str) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    for axes, (metric, title) in zip(figure.subplots(1, 3), TITLES.items(), strict=True):
        draw_curves(axes, curves, metric)
        axes.set_title(title, fontsize="medium")
        axes.set_ylabel("of objects that were never asked about")
    figure.axes[0].legend(title="asked by")
    n = curves["split"].nunique()
    of = f"{task}, known labels, " if task else "known labels, "
    figure.suptitle(f"{of}mean of {n} split{'s' * (n > 1)}, bands: error of the mean")
    return figure
