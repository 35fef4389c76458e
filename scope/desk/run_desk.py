"""The desk of a folder: opened, told where it is, and served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config import Config
    from scope.desk.desk import Desk
    from scope.desk.label_mode import Labelling


@dataclass(frozen=True, kw_only=True)
class DeskOptions:
    """Products that the desk shows, and who labels them.

    Attributes
    ----------
    results : str
        Results of a run, of stamps or of spectra.
    port : int
        0 takes a free one.
    archive : str, optional
        Light curves, alert packets or spectra, where the results hold none.
    models : str
        Folder of models.
    config_path : str, optional
        Configuration file to use.
    label : bool
        Label into `ledger`; else nothing is written.
    labeller : str, optional
        By default the user's name.
    queries : str, optional
        Table of what to label: object, rank, reason, round.
    open : bool
        Open the address in the browser.
    threads : int
        That read files.
    """

    results: str
    port: int = 0
    archive: str | None = None
    models: str = "models"
    config_path: str | None = None
    label: bool = False
    ledger: str = "labels"
    labeller: str | None = None
    queries: str | None = None
    open: bool = False
    threads: int = 1


def run_desk(options: DeskOptions, report: Callable[[str], None]) -> None:
    """Make the tables of the desk, say where it is, and answer until interrupted.

    Raises
    ------
    UsageError
        If there are queries and nothing is labelled.
    ScopeError
        If results or the configuration cannot be used.
    """
    from scope.config import load_config
    from scope.desk.serve import serve

    report("Reading the products …")
    config = load_config(config_path=options.config_path)
    desk = _desk(options, config)
    desk.warm_up()
    if options.label:
        desk = replace(desk, labelling=_labelling(desk, options, report))
    elif options.queries:
        raise UsageError("--queries without --label", todo="add --label")
    report(f"{desk.table.total:,} {desk.noun} of {', '.join(desk.targets)}")

    def ready(address: str) -> None:
        report(f"The desk is at {address}\nStop it with Ctrl-C.")
        if options.open:
            import webbrowser

            webbrowser.open(address)

    serve(desk, options.port, ready)


def _desk(options: DeskOptions, config: Config) -> Desk:
    """Return the desk of a folder, whatever task it is of."""
    from scope.desk.desk import Desk
    from scope.desk.pictures import find_pictures
    from scope.desk.products import has_stars

    if not has_stars(options.results):
        pictures = find_pictures(options.results, options.archive)
        if pictures is not None:
            return Desk.of_pictures(pictures, config=config, threads=options.threads)
    return Desk.open(
        options.results,
        archive=options.archive,
        models=options.models,
        config=config,
        threads=options.threads,
    )


def _labelling(desk: Desk, options: DeskOptions, report: Callable[[str], None]) -> Labelling:
    import getpass

    from scope.active.ledger import Ledger
    from scope.desk.label_mode import asked_classes, labelling_of, read_queries

    queries, number = read_queries(options.queries) if options.queries else ([], 0)
    labeller, ledger = options.labeller or getpass.getuser(), Ledger(options.ledger)
    report(f"{labeller} labels into {ledger.path}")
    classes = asked_classes(options.queries) if options.queries else ()
    return labelling_of(desk, ledger, labeller, queries, number, classes)
