"""``scope desk``: look at stars, search and label them, in a browser on this machine."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, non_negative_int


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope desk``."""
    parser.add_argument("results", metavar="RESULTS", help="folder of results of a run")
    parser.add_argument(
        "--port", type=non_negative_int, default=0, metavar="N", help="port; 0 takes a free one"
    )
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="folder of light curves to look in where the results hold none any more",
    )
    parser.add_argument("--models", default="models", metavar="FOLDER", help="folder of models")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument("--open", action="store_true", help="open the address in the browser")


def run(options: argparse.Namespace) -> None:
    """Make the tables of the desk, say where it is, and answer until interrupted."""
    from scope.config import load_config
    from scope.desk.desk import Desk
    from scope.desk.serve import serve

    print("Reading the products …", flush=True)
    config = load_config(config_path=options.config_path)
    desk = Desk.open(options.results, archive=options.archive, models=options.models, config=config)
    rows = "stars" if all(one.by_star for one in desk.targets.values()) else "rows"
    print(f"{desk.table.total:,} {rows} of {', '.join(desk.targets)}")

    def ready(address: str) -> None:
        print(f"The desk is at {address}\nStop it with Ctrl-C.", flush=True)
        if options.open:
            import webbrowser

            webbrowser.open(address)

    serve(desk, options.port, ready)
