"""A configuration of SCoPe as one of this package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scope.errors import UsageError


def import_config(
    old: Path,
    output: Path,
    private: Path,
    report: Callable[[str], None],
    *,
    overwrite: bool = False,
) -> None:
    """Translate a configuration, check and write it, and say what became of each key.

    Parameters
    ----------
    old : Path
        Configuration of SCoPe.
    output : Path
        Configuration to write.
    private : Path
        File to write tokens and passwords to, readable by its owner alone, if there are any.
    report : callable
        Gets what is to be said, line by line.
    overwrite : bool
        Replace files that are there.

    Raises
    ------
    UsageError
        If a file is there already.
    ConfigError
        If the configuration cannot be used.
    """
    import yaml

    from scope.config import imported as library
    from scope.config.load import read_layer
    from scope.io.atomic import atomic_path, write_bytes

    imported = library.import_config(read_layer(old).values)
    library.check_imported(imported, str(old))
    outputs = [output, *([private] if imported.private else [])]
    for path in outputs:
        if path.exists() and not overwrite:
            raise UsageError(
                "file that is there already",
                value=str(path),
                todo="name another, or replace it with --overwrite",
            )
    text = yaml.safe_dump(imported.values, sort_keys=False, allow_unicode=True)
    write_bytes(f"# From {old.name}, by `scope import-config`.\n{text}".encode(), output)
    if imported.private:
        with atomic_path(private) as temporary:
            temporary.chmod(0o600)
            temporary.write_text(yaml.safe_dump(imported.private, sort_keys=False))
    for key, now in imported.changed.items():
        report(f"{key}: now {now}")
    for key, why in imported.left_out.items():
        report(f"left out: {key} {why}")
    for path in outputs:
        report(str(path))
