"""The loop of questions with known labels, one split after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path


def simulate_queries(
    task: str,
    report: Callable[[str], None],
    *,
    labels: str | None = None,
    output: Path | None = None,
    splits: int | None = None,
    rounds: int | None = None,
    start: int | None = None,
    strategies: Sequence[str] | None = None,
    config_path: str | None = None,
) -> None:
    """Play the loop of a configured task with known labels, and draw the curves.

    The files are those of the rule ``simulate_queries``. A split that is there is played again:
    its labels or options may have changed.

    Parameters
    ----------
    task : str
        One of ``active.tasks``.
    report : callable
        Gets what is to be said, line by line.
    labels : str, optional
        Table with object and label; by default that of the configuration, else the ledger.
    output : Path, optional
        Folder of the results; by default ``results/active/<task>/simulation``.
    splits, rounds, start, strategies
        As ``active.tasks.<task>.simulation``, which holds where they are not given.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ConfigError
        If the task is not configured.
    ScopeError
        If labels or data cannot be used.
    """
    from scope.active import simulate_queries as library
    from scope.active.ledger import Ledger
    from scope.active.loop import find_loop, prepare_pool
    from scope.active.plot_queries import plot_queries
    from scope.config.load import load_config
    from scope.errors import ConfigError

    active = load_config(config_path=config_path).active
    if task not in active.tasks:
        raise ConfigError(
            "task that does not ask",
            value=task,
            allowed=tuple(active.tasks) or "none is configured",
            todo="add it to active.tasks of the configuration",
        )
    settings = active.tasks[task]
    options = library.with_changes(
        library.simulation_options(settings.model_dump()),
        splits=splits,
        rounds=rounds,
        start=start,
        strategies=None if strategies is None else tuple(strategies),
    )
    known = labels or settings.simulation.labels or Ledger(active.ledger).path
    pool = Path("results/active") / task / "pool"
    folder = output or pool.parent / "simulation"
    loop = find_loop(task, settings.options)
    if not (pool / "pool.parquet").is_file():
        report(f"{pool}: preparing what may be asked about")
        prepare_pool(task, settings.options, pool)
    else:
        report(f"{pool}: used as it is; remove it if the data of {task} have changed")
    paths = [folder / f"{number}.parquet" for number in range(options.loop.splits)]
    for number, path in enumerate(paths):
        library.simulate_queries(task, number, pool, known, path, loop, options)
        report(f"split {number + 1} of {len(paths)} is played")
    gains = plot_queries(paths, folder / "curves.png", folder / "gains.csv", task)
    last = gains[(gains["n_labels"] == gains["n_labels"].max()) & (gains["strategy"] != "random")]
    for row in last.itertuples():
        report(
            f"{row.strategy}, {row.metric} at {row.n_labels} labels: {row.mean:.3f}, "
            f"{row.gain:+.3f} [{row.low:+.3f}, {row.high:+.3f}] against {row.against}, "
            f"better in {row.better} of {row.splits}"
        )
    report(f"{folder / 'curves.png'}, {folder / 'gains.csv'}")
