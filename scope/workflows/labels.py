"""The ledger of labels, in and out, and what labellers disagree about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scope.errors import UsageError


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
) -> None:
    """Show, import or export labels, or show what labellers disagree about.

    Parameters
    ----------
    action : str
        ``show``, ``import``, ``export`` or ``conflicts``.
    file : str, optional
        Table to import, or CSV to write.
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

    Raises
    ------
    UsageError
        If a file is needed and none is named.
    ScopeError
        If a table or the ledger cannot be used.
    """
    from scope.active.labels import read_labels
    from scope.active.ledger import Ledger
    from scope.active.settle import settle, settled_table

    ledger, path = Ledger(folder), file or ""
    if action in ("import", "export") and not path:
        raise UsageError(f"labels to {action} without a file", allowed="FILE")
    if action == "import":
        defaults = {"task": task} if task else {}
        if labeller:
            defaults["labeller"] = labeller
        added = ledger.append(read_labels(path, **defaults))
        report(f"{added} labels added to {ledger.path}")
    elif action == "export":
        report(f"{ledger.export_csv(path, task)} labels in {path}")
    else:
        labels = ledger.labels(task)
        table = settled_table(settle(labels, rule, experts))
        if action == "conflicts":
            table = table[table["conflict"]]
        report(table.to_string(index=False) if len(table) else "none")
