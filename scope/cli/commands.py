"""The table of all commands: what is typed, what it does, and the module that parses and calls.

A module of this package declares its options in ``add_arguments(parser)``, and its
``run(options)`` calls one function of the library; `scope.cli.run` does what is the same for all.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

from scope.cli.arguments import HelpFormatter

SCOPE = "scope "
"""How commands begin that are sub-commands of ``scope``."""


class Command(NamedTuple):
    """A command.

    Attributes
    ----------
    name : str
        As it is typed: ``scope train``, ``run-inference``.
    meaning : str
        Its line in the help of ``scope``.
    module : str
        That of `scope.cli`; by default it is called as the command, with underscores.
    version : bool
        Whether ``--version`` tells that of the package.
    passes_on : bool
        Whether its options are those of another program, which are handed on as they are.
    """

    name: str
    meaning: str
    module: str = ""
    version: bool = True
    passes_on: bool = False

    @property
    def word(self) -> str:
        """The name without ``scope``."""
        return self.name.removeprefix(SCOPE)

    @property
    def place(self) -> str:
        """Dotted name of the module."""
        return f"scope.cli.{self.module or self.word.replace('-', '_')}"


GROUPS: dict[str, tuple[Command, ...]] = {
    "Data": (
        Command("scope simulate", "write a simulated quadrant in the layout of an archive"),
        Command(
            "scope download-archive",
            "fetch light curves of fields from the public archive, and check them",
        ),
        Command("get-quad-ids", "list the ids of a quadrant"),
        Command(
            "check-quads-for-sources", "say which quadrants of fields have sources, and how many"
        ),
        Command(
            "scope make-crossmatch",
            "make tables of Gaia, AllWISE and PS1 of the answers of their archives",
        ),
        Command("get-features", "fetch stored features of ids"),
        Command(
            "generate-features",
            "compute the features of a quadrant, a list or a file of light curves",
        ),
        Command(
            "scope estimate",
            "say what an archive will take: time, memory and disk, measured on this machine",
        ),
    ),
    "Scores and catalogues": (
        Command(
            "run-scope-local", "from a list of ids or positions to features and scores, in one go"
        ),
        Command("run-inference", "score features by the models of a group"),
        Command(
            "create-inference-script",
            "write a shell script that scores fields by the models of a group",
        ),
        Command("combine-preds", "join predictions of networks and trees"),
        Command(
            "scope classify",
            "write the catalogue of a file of features: scores, probabilities, prediction sets",
        ),
        Command(
            "scope publish-stars",
            "write one row per star of the catalogues of one or several fields",
        ),
        Command(
            "scope export", "write stars or a catalogue as HATS, VOTable, FITS, MOC, CSV or HDF5"
        ),
        Command(
            "scope make-release",
            "write a folder to hand on: stars, quality, checksums, licence, citation",
        ),
        Command(
            "scope compare-releases",
            "say which stars were added, went or changed between two tables of stars",
        ),
        Command("scope desk", "look at stars, search and label them, in a browser on this machine"),
        Command("scope summary", "count what predictions or a catalogue hold"),
        Command(
            "scope plot", "draw light curves: points, folds at P, P/2 and 2P, periodogram, scores"
        ),
        Command(
            "scope plot-predictions", "draw what networks and trees say about the same light curves"
        ),
        Command("scope verify", "read products to the last byte and say what they are"),
    ),
    "Models and training": (
        Command("scope models", "list, show or verify the models that there are"),
        Command(
            "scope fetch-models",
            "fetch trained models from a server, a bucket or a folder, and check them",
        ),
        Command(
            "scope import-models",
            "make a bundle of published models, networks (.h5) or trees (.json)",
        ),
        Command("scope fetch-datasets", "fetch training sets from a server, a bucket or a folder"),
        Command(
            "scope label-light-curves",
            "label light curves by published catalogues of variable stars",
        ),
        Command(
            "scope assemble-training-set",
            "make a training set of light curves, or features, and labels",
        ),
        Command("scope train", "train models of some classes on labelled features"),
        Command("scope-train", "the same as `scope train`", module="train"),
        Command(
            "scope create-training-script",
            "write a shell script that trains all classes with enough examples",
        ),
        Command(
            "scope plot-bundle",
            "draw the page about trained models: how good they are on unseen stars",
        ),
        Command(
            "scope assemble-training-stats",
            "gather figures and importances of trained classes, a file each",
        ),
        Command(
            "scope plot-training-stats",
            "draw how networks and trees compare, labels and importances",
        ),
    ),
    "Labels and questions": (
        Command(
            "scope labels",
            "show, import or export labels of people and catalogues, and their conflicts",
        ),
        Command(
            "scope simulate-queries",
            "play the loop of questions with known labels, and draw what it gains",
        ),
        Command(
            "scope al-querier",
            "choose the spectra that a person should look at, by an ensemble's table",
        ),
    ),
    "Runs": (
        Command(
            "scope status", "show what is done, running, failed and left in the folder of a run"
        ),
        Command(
            "scope run",
            "run the workflow in this folder; takes snakemake's options",
            module="run_snakemake",
            passes_on=True,
        ),
        Command(
            "scope resume",
            "run snakemake again where a run was killed; takes snakemake's options",
            passes_on=True,
        ),
        Command(
            "scope cancel-orphans", "cancel the SLURM jobs that a killed run has left in the queue"
        ),
        Command("analyze-logs", "sum the times and the memory of jobs up by rule"),
        Command(
            "scope config",
            "write the generated files of config/, or check the current configuration",
        ),
        Command(
            "scope import-config",
            "translate a configuration of SCoPe, and say what became of each key",
        ),
    ),
    "Batch scripts for SLURM": (
        Command("generate-features-slurm", "write a batch script that computes features of fields"),
        Command("generate-features-job-submission", "submit it"),
        Command("run-inference-slurm", "write a batch script that scores fields"),
        Command("run-inference-job-submission", "submit it"),
        Command("combine-preds-slurm", "write a batch script that joins predictions"),
        Command("train-algorithm-slurm", "write a batch script that trains each class in a job"),
        Command("train-algorithm-job-submission", "submit it"),
    ),
    "Image stamps": (
        Command(
            "scope stamps",
            "real or bogus: simulate nights, label, train, judge, score alerts, draw pages",
        ),
    ),
    "Fritz and events": (
        Command(
            "scope gcn",
            "follow events of the General Coordinates Network: scores of their sources to Fritz",
        ),
        Command(
            "scope-download-gcn-sources",
            "read the sources of an event from Fritz",
            module="download_gcn_sources",
        ),
        Command("select-fritz-sample", "choose the best of each class for a look on Fritz"),
        Command(
            "scope-upload-classification",
            "post sources and their classes to Fritz",
            module="upload_classification",
        ),
        Command(
            "scope-download-classification",
            "read sources and their classes from Fritz",
            module="download_classification",
        ),
        Command(
            "scope-manage-annotation",
            "post, change or remove annotations on Fritz",
            module="manage_annotation",
        ),
        Command(
            "scope-upload-disagreements",
            "post what networks and trees disagree about",
            module="upload_disagreements",
        ),
        Command(
            "scope upload-queries",
            "ask a group on Fritz the questions of a round about light curves",
        ),
        Command(
            "scope download-answers",
            "write what people on Fritz said of these questions as answers of the round",
        ),
        Command("post-taxonomy", "post the tree of classes to Fritz", version=False),
        Command(
            "scope taxonomy-map", "write which classes on Fritz the columns of our tables mean"
        ),
    ),
}
"""What stands together in the help of ``scope``."""

ALIASES = (
    Command("create-training-script", "the same as `scope create-training-script`"),
    Command("assemble-training-stats", "the same as `scope assemble-training-stats`"),
)
"""Documented names of commands that the help has as sub-commands of ``scope``."""

PROGRAMS = (
    Command("make demo", "classify a simulated quadrant", module="demo", version=False),
    Command("make demo-stamps", "stamps of simulated nights", "demo_stamps", version=False),
    Command("make demo-spectra", "ask about simulated spectra", "demo_spectra", version=False),
    Command(
        "python -m scope.cli.compile_kernels", "a part of make install", "compile_kernels", False
    ),
    Command("python -m scope.cli.leave", "a part of batch scripts", "leave", version=False),
    Command("gcn_cronjob.py", "the same as `scope gcn`", module="gcn"),
    Command("train_qnet_ensemble.py", "in al/", module="train_qnet_ensemble", version=False),
    Command("ensemble_run.py", "in al/", module="ensemble_run", version=False),
    Command("ensemble_run_tf.py", "in al/", module="ensemble_run_tf", version=False),
)
"""What the checkout starts."""

COMMANDS: dict[str, Command] = {
    command.name: command for part in (*GROUPS.values(), ALIASES, PROGRAMS) for command in part
}

SUBCOMMANDS: dict[str, Command] = {
    command.word: command for name, command in COMMANDS.items() if name.startswith(SCOPE)
}

_WIDTH = 34


class HelpWithTable(HelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help whose epilog keeps its lines."""


def command_table() -> str:
    """Return all commands in groups, a line each."""
    return "\n\n".join(
        "\n".join([f"{title}:", *(f"  {each.name:<{_WIDTH}}{each.meaning}" for each in commands)])
        for title, commands in GROUPS.items()
    )
