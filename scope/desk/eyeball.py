"""Look at stamps one at a time, and label them: r real, u unsure, b bogus.

    from gotorb import eyeball
    eyeball.show("data_…/model_…", labeller="ann")       # then open the address it prints

It is the desk, on this machine alone, under an address with a token. Votes go to the ledger of
labels as they are given; nothing in the labelled set changes until `apply_votes` writes a new one.
"""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path

from scope.active.ledger import Ledger
from scope.desk.desk import Desk
from scope.desk.label_mode import labelling_of
from scope.desk.serve import serve
from scope.desk.stamps import StampSet
from scope.tasks.stamps.votes import LEDGER, apply_votes

__all__ = ["apply_votes", "show"]


def show(
    model_dir: str | Path,
    label_class: int | None = None,
    hide_scores: bool = False,
    *,
    labeller: str | None = None,
    ledger: str | Path | None = None,
    port: int = 8047,
) -> None:
    """Serve the pages of a labelled set to this machine until Ctrl-C.

    Parameters
    ----------
    model_dir : path
        The folder of a model.
    label_class : int, optional
        Only rows with this label.
    hide_scores : bool
        Do not show what the model says, and ask in an order drawn at random.
    labeller : str, optional
        Who votes; by default the name of the user.
    ledger : path, optional
        Folder of the ledger; by default ``labels`` beside the labelled set's files.
    port : int
        0 takes a free one.
    """
    shown = StampSet(model_dir, label_class, hide_scores)
    book = Ledger(ledger or shown.folder / LEDGER)
    desk = Desk.of_pictures(shown)
    desk = replace(desk, labelling=labelling_of(desk, book, labeller or getpass.getuser()))

    def ready(address: str) -> None:
        print(f"Open {address}#/label in a browser; Ctrl-C ends it. Votes go to {book.path}")

    serve(desk, port, ready)
