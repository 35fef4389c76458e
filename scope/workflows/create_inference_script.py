"""A shell script that scores fields by the models of a group."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from scope.config.algorithms import known_algorithm
from scope.errors import UsageError
from scope.io.atomic import write_bytes
from scope.io.shell_words import shell_words

MODULE = "scope.cli.run_inference"

_TEXT = """\
#!/usr/bin/env bash
# Scores of a field, or of the configured list of sources, in preds_{algorithm}/field_<FIELD>:
#   {name} 297
#   {name} specific_ids
# Further options are those of run-inference.
set -euo pipefail
if [ $# -eq 0 ]; then
  echo "error: no field; give its number, or specific_ids: $0 297" >&2
  exit 2
fi
exec {command} --field "$1" --whole-field "${{@:2}}"
"""


@dataclass(frozen=True, kw_only=True)
class ScriptOptions:
    """Name of the script, and what it gives to ``run-inference``.

    Attributes
    ----------
    filename : str
        Script to write; a new file.
    use_custom_python, path_to_python
        Whether the script uses the interpreter of that path, and not this one.

    The others are those of `scope.workflows.run_inference.InferenceOptions`.
    """

    filename: str
    algorithm: str
    feature_directory: str
    group_name: str | None = None
    scale_features: str | None = None
    feature_file_prefix: str | None = None
    period_suffix: str | None = None
    batch_size: int | None = None
    write_csv: bool = False
    use_custom_python: bool = False
    path_to_python: str = ""


def create_inference_script(options: ScriptOptions) -> Path:
    """Write the script, and return its path.

    Raises
    ------
    UsageError
        If there is such a file already, no such interpreter, or no such algorithm.
    """
    path = Path(options.filename)
    if path.exists():
        raise UsageError(
            "inference script that exists already",
            value=str(path),
            todo="name another file or remove it",
        )
    python = sys.executable
    if options.use_custom_python:
        python = str(Path(options.path_to_python).expanduser())
        if not Path(python).is_file():
            raise UsageError("--path-to-python", value=python, allowed="an interpreter")
    write_bytes(_script(options, path, python).encode(), path)
    path.chmod(0o755)
    return path


def script_words(path: str | Path) -> list[str]:
    """Return the options of ``run-inference`` that a script gives, but the field.

    Raises
    ------
    UsageError
        If there is no such script, or it was not written by `create_inference_script`.
    """
    todo = f"write it with create-inference-script --filename {path}"
    if not Path(path).is_file():
        raise UsageError("no such inference script", value=str(path), todo=todo)
    for line in Path(path).read_text(errors="replace").splitlines():
        words = shell_words(line, str(path)) if line.startswith("exec ") else []
        if words[2:4] == ["-m", MODULE] and "--field" in words:
            return words[4 : words.index("--field")]
    raise UsageError("script that scores no field", value=str(path), todo=todo)


def _script(options: ScriptOptions, path: Path, python: str) -> str:
    given = {
        "--group-name": options.group_name,
        "--scale-features": options.scale_features,
        "--feature-file-prefix": options.feature_file_prefix,
        "--period-suffix": options.period_suffix,
        "--batch-size": options.batch_size,
    }
    words = [python, "-m", MODULE, "--algorithm", known_algorithm(options.algorithm)]
    words += ["--feature-directory", options.feature_directory, "--flag-ids"]
    for name, value in given.items():
        words += [] if value is None else [name, str(value)]
    words += ["--write-csv"] if options.write_csv else []
    name = str(path) if path.is_absolute() else f"./{path}"
    return _TEXT.format(algorithm=options.algorithm, name=name, command=shlex.join(words))
