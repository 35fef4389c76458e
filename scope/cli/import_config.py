"""``scope import-config``: a configuration of SCoPe as one of this package."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.errors import UsageError


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("old", type=Path, metavar="OLD.yaml", help="configuration of SCoPe")
    parser.add_argument(
        "--output", type=Path, default=Path("config.yaml"), help="configuration to write"
    )
    parser.add_argument(
        "--private",
        type=Path,
        default=Path("private.yaml"),
        help="file to write tokens and passwords to, readable by you alone",
    )
    parser.add_flag("--overwrite", help="replace files that are there")


def run(options: argparse.Namespace) -> None:
    """Translate, check, write, and say what became of each key."""
    import yaml

    from scope.config.imported import check_imported, import_config
    from scope.config.load import read_layer
    from scope.io.atomic import atomic_path, write_bytes

    imported = import_config(read_layer(options.old).values)
    check_imported(imported, str(options.old))
    outputs = [options.output, *([options.private] if imported.private else [])]
    for path in outputs:
        if path.exists() and not options.overwrite:
            raise UsageError(
                "file that is there already",
                value=str(path),
                todo="name another, or replace it with --overwrite",
            )
    text = yaml.safe_dump(imported.values, sort_keys=False, allow_unicode=True)
    write_bytes(
        f"# From {options.old.name}, by `scope import-config`.\n{text}".encode(), options.output
    )
    if imported.private:
        with atomic_path(options.private) as temporary:
            temporary.chmod(0o600)
            temporary.write_text(yaml.safe_dump(imported.private, sort_keys=False))
    for key, now in imported.changed.items():
        print(f"{key}: now {now}")
    for key, why in imported.left_out.items():
        print(f"left out: {key} {why}")
    print(*outputs, sep="\n")
