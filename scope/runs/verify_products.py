"""What is said of products, and of all that a target has, when they are read whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.errors import InputError, few
from scope.runs.records import require_idle
from scope.runs.verify import remove_damaged, targets_there, verify_file, verify_target
from scope.targets.suggest import did_you_mean


def verify_products(
    names: Sequence[str], directory: Path, report: Callable[[str], None], *, remove: bool = False
) -> None:
    """Verify each file or target; the first fault of a file ends it.

    Parameters
    ----------
    names : sequence of str
        Targets of a run, or files of products.
    directory : Path
        Folder of the run.
    report : callable
        Gets what is to be said, line by line.
    remove : bool
        Remove damaged products of a target, and all that was made of them.

    Raises
    ------
    ScopeError
        If a run is at work where something is to be removed, or a product is damaged.
    """
    if remove:
        require_idle(directory)
    for name in names:
        if not Path(name).is_file() and "/" not in name and not Path(name).suffix:
            _verify_target(name, directory, report, remove=remove)
        else:
            report(_verify_file(name))


def _verify_file(path: str | Path) -> str:
    """Read a product whole, with the checksums of its pages, and describe it in one line.

    Raises
    ------
    NotFoundError, CorruptFileError
        If it is not there or cannot be read to its end.
    InputError
        If its ids do not ascend, or it does not say which stages made it.
    """
    product = verify_file(path)
    made = ", ".join(f"{name} {version}" for name, version in product.stages.items())
    return f"{path}: {product.rows:,} rows, {len(product.schema)} columns, made by {made}"


def _verify_target(
    target: str, folder: Path, report: Callable[[str], None], *, remove: bool
) -> None:
    """Verify all products of a target and print what is wrong with which.

    Raises
    ------
    InputError
        If some are damaged and were not removed, or there are none.
    """
    check = verify_target(target, folder)
    if check.files == 0:
        there = targets_there(folder)
        question = did_you_mean(target, there)
        raise InputError(
            "no products of this target",
            value=target,
            allowed=few(there) if there else None,
            todo="; ".join(filter(None, [question, "name the run's folder: --directory"])),
        )
    for fault in check.faults.values():
        report(str(fault))
    if not check.faults:
        report(f"{target}: {check.files} products of {check.rows:,} light curves are whole")
    elif remove:
        for path in remove_damaged(check, target, folder):
            report(f"removed {path}")
    else:
        raise InputError(
            f"{len(check.faults)} of {check.files} products are damaged",
            value=target,
            todo=f"remove them and what was made of them, scope verify {target} --remove, "
            "then go on with scope resume",
        )
