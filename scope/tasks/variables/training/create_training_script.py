"""A shell script that trains all classes with enough examples, a command per class."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.config.classes import ClassDefinition
from scope.errors import InputError, UsageError
from scope.io.shell_words import shell_words
from scope.models.algorithm import find_algorithm
from scope.models.places import bundle_places
from scope.tasks.variables.bundles.model_bundle import VARIABLES
from scope.tasks.variables.training_sets.read_training_set import read_training_set


@dataclass(frozen=True)
class ScriptOptions:
    """Options of the commands of a script.

    Attributes
    ----------
    algorithm : str
    path_dataset : str
    group : str
    period_suffix : str or None
        None leaves it to the configuration.
    models_dir : str
    pre_trained_group_name : str or None
        Group of models to go on from, where it has the class.
    add_keywords : str
        Further options, as on a command line.
    """

    algorithm: str
    path_dataset: str
    group: str
    period_suffix: str | None = None
    models_dir: str = "models"
    pre_trained_group_name: str | None = None
    add_keywords: str = ""

    def command(self, tag: str) -> str:
        """Return the command that trains a class."""
        words = ["scope-train", "--tag", tag, "--path-dataset", self.path_dataset]
        words += ["--algorithm", self.algorithm, "--group", self.group]
        if self.models_dir != "models":
            words += ["--models-dir", self.models_dir]
        if self.period_suffix is not None:
            words += ["--period-suffix", self.period_suffix]
        if (path := self._start(tag)) is not None:
            words += ["--pre-trained-model", str(path)]
        words += shell_words(self.add_keywords, "--add-keywords")
        if "--save" not in words:
            words.append("--save")
        return shlex.join(words)

    def _start(self, tag: str) -> Path | None:
        if self.pre_trained_group_name is None:
            return None
        learner = find_algorithm(self.algorithm)
        places = bundle_places(
            self.models_dir, VARIABLES, self.algorithm, self.pre_trained_group_name
        )
        suffixes = learner.start_suffixes or (learner.suffix,)
        found = [folder / f"{tag}{suffix}" for folder in places for suffix in suffixes]
        return next((path for path in found if path.is_file()), None)


def positive_counts(
    training_set: str | Path, definitions: Sequence[ClassDefinition]
) -> dict[str, int]:
    """Return the number of rows of each class whose label exceeds its threshold, by tag.

    Classes whose label is no column are left out. Columns are found by the labels of the
    classes, never by how they are called: features are no labels, and "periodic" is one.

    Raises
    ------
    InputError
        If no class has its label in the training set.
    """
    table, _ = read_training_set(training_set, [], [item.label for item in definitions])
    counts = {}
    for item in definitions:
        if item.label in table.schema.names:
            values = table.column(item.label).cast(pa.float64()).to_numpy(zero_copy_only=False)
            counts[item.tag] = int((np.asarray(values) > item.threshold).sum())
    if not counts:
        raise InputError(
            "training set without a label",
            value=str(training_set),
            allowed=[item.label for item in definitions],
            todo="give columns of labels, or set training.classes.<tag>.label",
        )
    return counts


def create_training_script(
    filename: str | Path,
    definitions: Sequence[ClassDefinition],
    options: ScriptOptions,
    *,
    min_count: int = 100,
    train_all: bool = False,
) -> Mapping[str, int]:
    """Write the script, executable, and return the classes it trains with their counts.

    Parameters
    ----------
    filename : path
        Must not exist.
    definitions : sequence of ClassDefinition
        Classes that may be trained.
    min_count : int
        Classes with more positive rows than this are trained.
    train_all : bool
        Train classes whatever their number of positive rows.

    Raises
    ------
    UsageError
        If the file exists.
    InputError
        If no class is to be trained.
    """
    path = Path(filename)
    if path.exists():
        raise UsageError(
            "script that exists already", value=str(path), todo="name another file or remove it"
        )
    counts = positive_counts(options.path_dataset, definitions)
    chosen = {tag: n for tag, n in counts.items() if train_all or n > min_count}
    if not chosen:
        raise InputError(
            "no class with enough positive rows",
            value=f"at most {max(counts.values())}",
            allowed=f"more than {min_count}",
            todo="lower --min-count",
        )
    lines = [
        "#!/bin/bash",
        "# One command per class; a class that fails does not keep the others from training.",
        "failed=0",
        "trap failed=1 ERR",
        *(options.command(tag) for tag in chosen),
        "exit $failed",
    ]
    with path.open("x", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    path.chmod(0o755)
    return chosen
