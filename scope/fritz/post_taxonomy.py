"""A tree of classes from a file to Fritz."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scope.fritz import taxonomy


def post_taxonomy(
    path: str,
    report: Callable[[str], None],
    *,
    name: str,
    version: str,
    group_ids: Sequence[int] = (),
    provenance: str | None = None,
    dry_run: bool = False,
    config_path: str | None = None,
) -> None:
    """Give a tree of classes to Fritz, and say by which number it has it.

    Parameters
    ----------
    path : str
        YAML or JSON: {class, subclasses} as the server has it, or names with what is below them.
    report : callable
        Gets what is to be said, line by line.
    name, version, provenance : str
        Of the taxonomy.
    group_ids : sequence of int
        Groups that use it; by default the sitewide group.
    dry_run : bool
        Show what would be sent, and send nothing.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If the file or the configuration cannot be used, or Fritz refuses it.
    """
    from scope.config.load import load_config
    from scope.fritz.server import open_fritz

    tree = taxonomy.read_hierarchy(path)
    with open_fritz(load_config(config_path=config_path), report, dry_run=dry_run) as fritz:
        number = taxonomy.post_taxonomy(
            fritz, tree, name=name, version=version, group_ids=group_ids, provenance=provenance
        )
    if number is not None:
        report(f"taxonomy {number}: {len(taxonomy.class_names(tree))} classes")
