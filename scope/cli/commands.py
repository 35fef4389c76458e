"""All commands of the project, in groups, for the help of ``scope``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from scope.cli.arguments import HelpFormatter

DOCUMENTED = {
    "generate-features": "compute the features of a quadrant, a list or a file of light curves",
    "run-inference": "score features by the models of a group",
    "run-scope-local": "from a list of ids or positions to features and scores, in one go",
    "get-quad-ids": "list the ids of a quadrant",
    "get-features": "fetch stored features of ids",
    "check-quads-for-sources": "say which quadrants of fields have sources, and how many",
    "combine-preds": "join predictions of networks and trees",
    "select-fritz-sample": "choose the best of each class for a look on Fritz",
    "analyze-logs": "sum the times and the memory of jobs up by rule",
    "scope-train": "the same as `scope train`",
    "create-training-script": "the same as `scope create-training-script`",
    "assemble-training-stats": "the same as `scope assemble-training-stats`",
    "create-inference-script": "write a shell script that scores fields by the models of a group",
    "generate-features-slurm": "write a batch script that computes features of fields",
    "generate-features-job-submission": "submit it",
    "run-inference-slurm": "write a batch script that scores fields",
    "run-inference-job-submission": "submit it",
    "combine-preds-slurm": "write a batch script that joins predictions",
    "train-algorithm-slurm": "write a batch script that trains each class in a job",
    "train-algorithm-job-submission": "submit it",
    "scope-upload-classification": "post sources and their classes to Fritz",
    "scope-download-classification": "read sources and their classes from Fritz",
    "scope-manage-annotation": "post, change or remove annotations on Fritz",
    "scope-download-gcn-sources": "read the sources of an event from Fritz",
    "scope-upload-disagreements": "post what networks and trees disagree about",
    "post-taxonomy": "post the tree of classes to Fritz",
}
"""Commands of their own, under the names that SCoPe's documents give them."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Data": (
        *("simulate", "download-archive", "get-quad-ids", "check-quads-for-sources"),
        *("make-crossmatch", "get-features", "generate-features", "estimate"),
    ),
    "Scores and catalogues": (
        *("run-scope-local", "run-inference", "create-inference-script", "combine-preds"),
        *("classify", "publish-stars", "export", "make-release", "compare-releases"),
        *("desk", "summary", "plot", "plot-predictions", "verify"),
    ),
    "Models and training": (
        *("models", "fetch-models", "import-models", "fetch-datasets"),
        *("label-light-curves", "assemble-training-set"),
        *("train", "scope-train", "create-training-script", "plot-bundle"),
        *("assemble-training-stats", "plot-training-stats"),
    ),
    "Labels and questions": ("labels", "al-querier"),
    "Runs": (
        "status",
        "run",
        "resume",
        "cancel-orphans",
        "analyze-logs",
        "config",
        "import-config",
    ),
    "Batch scripts for SLURM": (
        *("generate-features-slurm", "generate-features-job-submission"),
        *("run-inference-slurm", "run-inference-job-submission", "combine-preds-slurm"),
        *("train-algorithm-slurm", "train-algorithm-job-submission"),
    ),
    "Image stamps": ("stamps",),
    "Fritz and events": (
        *("gcn", "scope-download-gcn-sources", "select-fritz-sample"),
        *("scope-upload-classification", "scope-download-classification"),
        *("scope-manage-annotation", "scope-upload-disagreements", "post-taxonomy"),
        "taxonomy-map",
    ),
}
"""What stands together in the help; commands of no group come last."""

_WIDTH = 34


class HelpWithTable(HelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help whose epilog keeps its lines."""


def command_table(subcommands: Mapping[str, str]) -> str:
    """Return all commands in groups, a line each.

    Parameters
    ----------
    subcommands : mapping of name to meaning
        Those of ``scope``; they are listed as they are typed, ``scope NAME``.
    """
    return "\n\n".join(
        "\n".join([f"{title}:", *(f"  {name:<{_WIDTH}}{meaning}" for name, meaning in lines)])
        for title, lines in _groups(subcommands)
    )


def _groups(subcommands: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    every = {
        name: (f"scope {name}" if name in subcommands else name, meaning)
        for name, meaning in {**DOCUMENTED, **subcommands}.items()
    }
    listed = {name for names in GROUPS.values() for name in names}
    more = tuple(name for name in every if name not in listed)
    for title, names in {**GROUPS, "More": more}.items():
        if lines := [every[name] for name in names if name in every]:
            yield title, lines
