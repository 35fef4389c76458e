"""What a product holds, as a short table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from scope.catalog.catalog_counts import Summary, summarize
from scope.config import Config, load_config
from scope.plugins import ALGORITHMS
from scope.schema import REASONS


def report_summaries(
    files: Sequence[str | Path], report: Callable[[str], None], threshold: float | None = None
) -> None:
    """Report the lines of a table for each file, see `summary_lines`."""
    for number, file in enumerate(files):
        if number:
            report("")
        for line in summary_lines(file, sibling_products(file), threshold=threshold):
            report(line)


def summary_lines(
    path: str | Path, products: Iterable[str | Path] = (), threshold: float | None = None
) -> Iterator[str]:
    """Yield the counts of a prediction file or a catalogue, then where products lie.

    Parameters
    ----------
    path : path
        What is counted.
    products : iterable of path
        Files to name below the table.
    threshold : float, optional
        Scores above it count; by default the label threshold of the configuration.
    """
    config = load_config()
    threshold = config.thresholds.label if threshold is None else threshold
    summary = summarize(path, threshold, config.probabilities.strange_below)
    yield from _counts(summary, config)
    names = [os.fspath(product) for product in products]
    if names:
        yield ""
        yield "products"
        yield from (f"  {name}" for name in names)


def sibling_products(path: str | Path) -> list[Path]:
    """Return the products of the same target that lie beside a product, itself included.

    They are looked for in ``preds_<algorithm>``, ``catalog`` and ``report`` next to
    the folder of `path`.
    """
    path = Path(path)
    results = path.parent.parent
    names = [f"preds_{algorithm}/{path.stem}.parquet" for algorithm in ALGORITHMS]
    names += [f"catalog/{path.stem}.parquet", f"report/{path.stem}.html"]
    found = [results / name for name in names if (results / name).is_file()]
    return found if path in found else [path]


def _counts(summary: Summary, config: Config) -> Iterator[str]:
    yield f"{'light curves':<22}{summary.rows:>10,}"
    yield f"{'  classified':<22}{summary.classified:>10,}"
    for reason, count in summary.reasons.items():
        yield f"  {reason:<20}{count:>10,}   {REASONS.get(reason, '')}".rstrip()
    if summary.strange:
        words = "unlike anything the models know: no label"
        yield f"{'  strange':<22}{summary.strange:>10,}   {words}"
    labels = config.class_labels()
    algorithms = sorted({name for counts in summary.above.values() for name in counts})
    width = max(22, *(len(labels.get(tag, "")) + 12 for tag in summary.above))
    yield ""
    heading = "".join(f"{name:>10}" for name in algorithms)
    yield f"{f'score above {summary.threshold:g}':<{width}}{heading}"
    for tag, counts in summary.above.items():
        numbers = "".join(
            f"{counts[name]:>10,}" if name in counts else f"{'-':>10}" for name in algorithms
        )
        yield f"  {tag:<10}{labels.get(tag, ''):<{width - 12}}{numbers}"
