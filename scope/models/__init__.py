"""Models of any task by any algorithm. The contract on one page.

An **algorithm** is one file, ``scope/models/algorithms/<name>.py``, with one object
``ALGORITHM`` of a class that builds on `Algorithm`::

    class ImageNetwork(Algorithm):
        name, title, plural = "cnn", "CNN", "image networks"
        suffix = ".keras"
        inputs = ("image",)                  # what it looks at, by name
        options = ImageNetworkOptions        # a dataclass that checks itself
        packages = ("keras", "numpy")        # whose versions the bundle states

        def train(self, data, options, seed, *, device="cpu", verbose=0):
            x, y = data.train.inputs["image"], data.train.target      # arrays of n rows
            ...
            return TrainedModel(content=bytes_of_the_file, report={"best_epoch": 7})

        def load(self, path, inputs, *, device="cpu"):
            return ImageScorer(path, inputs[0].shape)       # .score({"image": x}) -> (n, …)

    ALGORITHM = ImageNetwork()

The name of the file is the name of the algorithm. Modules there import nothing heavy at the
top: names and suffixes are asked for by every command. An algorithm of one's own stays outside
of the project and is added by a line of the configuration, ``algorithms: {hgb: "my_module:HGB"}``
(`scope.plugins`). It serves every task that has all of its inputs.

A **task** is one package, ``scope/tasks/<name>/``, with one object ``TASK`` of a class that
builds on `Task`: the inputs that its rows have, how rows are prepared, and what
a bundle must say so that it fits (`Task.check_bundle`).

A **bundle** is a folder ``models/<task>/<algorithm>/<group>/`` with ``bundle.json``, one model
file per member, metrics, a card, and what else the task adds (a frozen preparation, a
calibration). A member is a class (light curves: one model per class) or a number in an ensemble.
`write_bundle` writes it atomically; `load_bundle` refuses one with a missing, changed or foreign
file, of another task, or whose preparation is not the task's::

    write_bundle(
        "models/stamps/cnn/first",
        task="stamps", algorithm="cnn", group="first",
        inputs=[InputSpec("image", (None, 31, 31, 1))],
        outputs=[Output("real_cnn", "score")],
        members=[Member("net_0", "net_0.keras", "real_cnn", facts={"seed": 0})],
        models={"net_0": trained.content},
        metrics={...}, card="# …",
        preparation={"pad": 31, "normalisation": "l2"},
        facts={"versions": {...}, "training_set": {...}},
    )
    bundle = load_bundle(bundle_folder("models", TASK, "cnn", "first"), TASK)
    bundle.scorer("net_0").score({"image": images})           # (n,) float32

What a scorer returns has n rows; further axes are those that its `Output` states (a spectrum's
lines, boxes, …). Nothing here knows the name of a task or of an algorithm: `ALGORITHMS` and
`TASKS` hold them all, and command lines, configuration, reports and rules ask there.
"""

from scope.models.algorithm import (
    Algorithm,
    Batch,
    InputSpec,
    Rows,
    Scorer,
    TrainedModel,
    TrainingData,
    algorithms_for,
    find_algorithm,
)
from scope.models.bundle import Bundle, Member, Output
from scope.models.bundle_writer import write_bundle
from scope.models.places import bundle_folder, load_bundle
from scope.models.task import Task, find_task
from scope.plugins import ALGORITHMS, TASKS

__all__ = [
    "ALGORITHMS",
    "TASKS",
    "Algorithm",
    "Batch",
    "Bundle",
    "InputSpec",
    "Member",
    "Output",
    "Rows",
    "Scorer",
    "Task",
    "TrainedModel",
    "TrainingData",
    "algorithms_for",
    "bundle_folder",
    "find_algorithm",
    "find_task",
    "load_bundle",
    "write_bundle",
]
