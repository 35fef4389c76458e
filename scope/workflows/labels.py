"""The ledger of labels, in and out, and what labellers disagree about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    import pandas as pd


def keep_labels(
    action: str,
    file: str | None,
    folder: str,
    report: Callable[[str], None],
    *,
    task: str | None = None,
    labeller: str = "",
    rule: str = "votes",
    experts: Sequence[str] = (),
    features: Sequence[str] = (),
    classes: Sequence[str] = (),
    update: str | None = None,
) -> None:
    """Show, import or export labels, show what labellers disagree about, or answer a round.

    Parameters
    ----------
    action : str
        ``show``, ``import``, ``export``, ``conflicts``, ``answers`` or ``training-set``.
    file : str, optional
        Table to import, table to write, or folder of the round that is answered.
    folder : str
        Of the ledger.
    report : callable
        Gets what is to be said.
    task : str, optional
        All by default.
    labeller : str
        Who labelled, where the table does not say.
    rule : str
        How labels of several people become one.
    experts : sequence of str
        Labellers that decide where others disagree.
    features : sequence of str
        Files with the features of what was asked about, for a training set.
    classes : sequence of str
        What people could answer, for a training set.
    update : str, optional
        Training set to which the labelled light curves are added.

    Raises
    ------
    UsageError
        If a file is needed and none is named.
    NotFoundError
        If there is no ledger, and nothing is imported.
    ScopeError
        If a table or the ledger cannot be used.
    """
    from scope.active.answers import write_answers
    from scope.active.labels import read_labels
    from scope.active.ledger import Ledger
    from scope.active.settle import settle, settled_table
    from scope.tasks.variables.training_labels import labelled_features

    ledger, path = Ledger(folder), file or ""
    if action in ("import", "export", "answers", "training-set") and not path:
        raise UsageError(f"labels to {action} without a file", allowed="FILE")
    if action == "training-set" and not (features and classes):
        raise UsageError("training set of labels", allowed="--features and --classes")
    if action != "import" and not ledger.path.is_file():
        raise NotFoundError(
            "no labels in this ledger",
            value=str(ledger.path),
            todo="name its folder with --ledger, or import some",
        )
    if action == "import":
        defaults = {"task": task} if task else {}
        if labeller:
            defaults["labeller"] = labeller
        added = ledger.append(read_labels(path, **defaults))
        report(f"{added} labels added to {ledger.path}")
    elif action == "training-set":
        labels = ledger.labels(task or "variables")
        found = labelled_features(features, labels, classes, rule=rule, experts=experts)
        _write_training_set(path, found, classes, update, report)
    elif action == "answers":
        answered = task or Path(path).resolve().parent.name
        report(f"{write_answers(path, ledger, answered)} answers in {path}")
    elif action == "export":
        report(f"{ledger.export_csv(path, task)} labels in {path}")
    else:
        labels = ledger.labels(task)
        table = settled_table(settle(labels, rule, experts))
        if action == "conflicts":
            table = table[table["conflict"]]
        report(table.to_string(index=False) if len(table) else "none")


def _write_training_set(
    path: str,
    found: pd.DataFrame,
    classes: Sequence[str],
    update: str | None,
    report: Callable[[str], None],
) -> None:
    """Write the features of what people have labelled, with a training set where one is named."""
    from scope.fritz.merge_features import updated_training_set
    from scope.io.frames import write_parquet
    from scope.io.user_tables import read_user_table
    from scope.schema import require_columns

    rows = len(found)
    if update:
        old = read_user_table(update, ids=["ztf_id"], names=["obj_id"])
        require_columns(list(old.columns), ("ztf_id", "obj_id"), f" in training set {update}")
        found = updated_training_set(old, found, classes)
    write_parquet(found, path)
    report(f"{rows} light curves with labels, {len(found)} rows: {path}")
