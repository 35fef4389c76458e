"""A name of a module means one thing, in whatever folder it stands."""

from __future__ import annotations

from collections import defaultdict

from tests.test_import_layers import MODULES, module_name

DOORS = ("scope.cli", "scope.config", "scope.workflows")
"""A command, its flow, and a section of the configuration, are called as what they lead to."""

MEANINGS = {
    "_kernels": "loops of this folder that numba compiles",
    "class_network": "the network of classes that members of an ensemble are, of this task",
    "delta": "what changed between two releases: the table, and its page",
    "field_check": "what is wrong with a field as a whole: found, told to Fritz, shown",
    "fourier": "Fourier series of a light curve: as features, and to judge a period by",
    "hats": "HATS catalogues: read as a survey, written as a product",
    "kowalski": "the database Kowalski: its client, and the survey in it",
    "loop": "rounds of questions: the steps, and what differs by task",
    "options": "the settings of this part, as a dataclass",
    "quality": "what to expect of stars above a cut: the table, and its section of the report",
    "registry": "what there is of a kind, by name",
    "simulate": "objects made up, in the form of a survey's files",
    "stars": "which light curves are of one star",
    "truth": "what objects with labels really are, of this task",
}
"""Name that stands in several folders -> what it means in all of them."""


def folders() -> dict[str, set[str]]:
    """Name of a module -> the packages that have one of that name, without `DOORS`."""
    found = defaultdict(set)
    for path in MODULES:
        package, _, name = module_name(path).rpartition(".")
        if path.name != "__init__.py" and not package.startswith(DOORS):
            found[name].add(package)
    return found


def test_a_name_in_several_folders_has_one_meaning() -> None:
    shared = {name for name, packages in folders().items() if len(packages) > 1}
    assert shared == set(MEANINGS), "call it by what it does there, or say here what all mean"
