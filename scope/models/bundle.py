"""Model bundles: folders with all that scoring needs, and hashes of it.

bundle.json      what the bundle is, its inputs and outputs, hashes of the other files
<member>.<suffix>  one model file per member: per class, or per number in an ensemble
calibration.json what makes probabilities of the scores; not every bundle has one
metrics.json     how well each member did on rows that it was not trained on
card.md          what the models were trained on, and what they are not fit for
and what the task adds, such as the frozen preprocessing.json of light curves
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from scope.errors import BundleError, ConfigError
from scope.jsontext import parse_json
from scope.models.algorithm import Algorithm, InputSpec, Scorer, find_algorithm
from scope.plugins import ALGORITHMS

MANIFEST = "bundle.json"
CALIBRATION = "calibration.json"
METRICS = "metrics.json"
CARD = "card.md"
KIND = "scope model bundle"
SCHEMA_VERSION = 1

NEEDED = ("algorithm", "group", "members", "inputs", "outputs", "files")


@dataclass(frozen=True)
class Output:
    """One output of a bundle.

    Attributes
    ----------
    name : str
        Of its column in products.
    kind : str
        ``score`` (0 to 1, orders rows), ``probability``, or what the task calls it.
    shape : tuple of int
        Of one row; empty for a number.
    """

    name: str
    kind: str = "score"
    shape: tuple[int, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return it as ``bundle.json`` has it."""
        return {
            "name": self.name,
            "kind": self.kind,
            **({"shape": list(self.shape)} if self.shape else {}),
        }


@dataclass(frozen=True)
class Member:
    """One model of a bundle.

    Attributes
    ----------
    name : str
        Class tag, or name in an ensemble.
    file : str
        Its model file.
    output : str
        Name of its output. Members of an ensemble share one.
    inputs : mapping of str to str
        The algorithm's name of an input -> the bundle's, where they differ.
    facts : mapping
        What else the task states of it; JSON.
    """

    name: str
    file: str
    output: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Member:
        """Read a member of ``bundle.json``."""
        own = ("name", "file", "output", "inputs")
        return cls(
            _name(item),
            str(item["file"]),
            str(item["output"]),
            dict(item.get("inputs", {})),
            {name: value for name, value in item.items() if name not in own},
        )

    def record(self) -> dict[str, Any]:
        """Return it as ``bundle.json`` has it."""
        inputs = {"inputs": dict(self.inputs)} if self.inputs else {}
        return {
            "name": self.name,
            "file": self.file,
            "output": self.output,
            **inputs,
            **self.facts,
        }


@dataclass(frozen=True)
class Bundle:
    """Trained models of one task by one algorithm, checked against their hashes.

    Attributes
    ----------
    folder : Path
        Where it was read from.
    manifest : dict
        Content of ``bundle.json``.
    sha256 : str
        Hash of ``bundle.json``, which holds the hashes of the other files.
    """

    folder: Path
    manifest: dict[str, Any]
    sha256: str

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a bundle and check that it is whole.

        Whether its rows are prepared as the task prepares them now is the task's to say:
        `scope.models.load_bundle` asks it.

        Raises
        ------
        BundleError
            If a file is missing, has changed or does not belong.
        """
        folder = Path(folder)
        content = manifest_bytes(folder)
        manifest = parse_manifest(content, folder)
        check_files(folder, manifest)
        return cls(folder, manifest, hashlib.sha256(content).hexdigest())

    @property
    def task(self) -> str | None:
        """Name of the task; None in bundles that are older than tasks."""
        found = self.manifest.get("task")
        return None if found is None else str(found)

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return str(self.manifest["algorithm"])

    @cached_property
    def learner(self) -> Algorithm:
        """The algorithm itself."""
        return find_algorithm(self.algorithm)

    @property
    def group(self) -> str:
        """Name of the training that the bundle belongs to."""
        return str(self.manifest["group"])

    @property
    def identity(self) -> dict[str, str]:
        """Record of the models, for the products that they score."""
        return {"algorithm": self.algorithm, "group": self.group, "sha256": self.sha256}

    @property
    def preparation(self) -> Mapping[str, Any]:
        """Statement of the task about how rows were prepared; only the task reads it."""
        return dict(self.manifest.get("preparation", {}))

    @cached_property
    def inputs(self) -> dict[str, InputSpec]:
        """Inputs by name."""
        return {
            item["name"]: InputSpec(
                item["name"],
                tuple(item["shape"]),
                item["dtype"],
                tuple(item.get("columns", ())),
            )
            for item in self.manifest["inputs"]
        }

    @cached_property
    def outputs(self) -> dict[str, Output]:
        """Outputs by name."""
        return {
            item["name"]: Output(item["name"], item["kind"], tuple(item.get("shape", ())))
            for item in self.manifest["outputs"]
        }

    @cached_property
    def members(self) -> dict[str, Member]:
        """Members by name, in the order of their columns."""
        members = (Member.parse(item) for item in self.manifest["members"])
        return {member.name: member for member in members}

    def member_inputs(self, name: str) -> tuple[InputSpec, ...]:
        """Return what a member looks at, in the order of the algorithm's inputs."""
        names = self.members[name].inputs
        return tuple(self.inputs[names.get(one, one)] for one in self.learner.inputs)

    def scorer(self, name: str, *, device: str = "cpu") -> Scorer:
        """Load a member for scoring.

        Raises
        ------
        ConfigError
            If there is no such member.
        BundleError
            If its file cannot be used.
        BackendError
            If the device is not there.
        """
        self.select([name])
        path = self.folder / self.members[name].file
        return self.learner.load(path, self.member_inputs(name), device=device)

    def select(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """Return those members that are asked for, in the bundle's order; None is all.

        Raises
        ------
        ConfigError
            If the bundle lacks one, or none is asked for.
        """
        return select_members(self.manifest, names)

    def read(self, name: str) -> bytes:
        """Return the content of a file of the bundle; its hash was checked on load.

        Raises
        ------
        BundleError
            If it is none.
        """
        if name not in self.manifest["files"]:
            raise BundleError(
                f"bundle {self.folder} without a file",
                value=name,
                allowed=list(self.manifest["files"]),
                todo="take the whole folder again from where it came from, or train it again",
            )
        return (self.folder / name).read_bytes()


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Return the content of ``bundle.json``, without a look at the other files.

    Raises
    ------
    BundleError
        If there is none, or it is of no kind that this version reads.
    """
    return parse_manifest(manifest_bytes(Path(folder)), Path(folder))


def select_members(manifest: Mapping[str, Any], names: Sequence[str] | None) -> tuple[str, ...]:
    """Return those of a bundle's members that are asked for, in its order; None is all.

    Raises
    ------
    ConfigError
        If the bundle lacks one, or none is asked for.
    """
    there = tuple(_name(member) for member in manifest["members"])
    if names is None:
        return there
    unknown = [name for name in names if name not in there]
    if unknown or not names:
        raise ConfigError(
            f"class that the {manifest['algorithm']} models of group {manifest['group']!r} "
            "do not have",
            value=", ".join(unknown) or "no class at all",
            allowed=there,
        )
    return tuple(name for name in there if name in names)


def _name(item: Mapping[str, Any]) -> str:
    """Return the name of a member of ``bundle.json``; older ones call it ``class``."""
    return str(item["name"] if "name" in item else item["class"])


def manifest_bytes(folder: Path) -> bytes:
    """Return the bytes of ``bundle.json``."""
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"model bundle without {MANIFEST}",
            value=str(folder),
            allowed="a folder models/<task>/<algorithm>/<group> as written by training",
            todo="name the folder of a bundle, or train one",
        ) from error


def parse_manifest(content: bytes, folder: Path) -> dict[str, Any]:
    """Return the content of a ``bundle.json``; BundleError if it is none that is read here."""
    try:
        manifest = parse_json(content)
        found = (manifest["kind"], manifest["schema_version"])
        missing = [name for name in NEEDED if name not in manifest]
        if found != (KIND, SCHEMA_VERSION):
            raise ValueError(f"{found[0]}, version {found[1]}")
        if missing or manifest["algorithm"] not in ALGORITHMS:
            raise ValueError(
                f"algorithm {manifest.get('algorithm')} "
                f"(known: {', '.join(ALGORITHMS)}), without {missing}"
            )
        names = [Member.parse(item).name for item in manifest["members"]]
        if not names or len(set(names)) < len(names):
            raise ValueError("no members, or one twice")
        for name in (*manifest["files"], *(item["file"] for item in manifest["members"])):
            if Path(name).name != name or name.startswith("."):
                raise ValueError(f"file {name!r} outside of the folder")
        {item["name"]: (item["shape"], item["dtype"]) for item in manifest["inputs"]}
        outputs = {item["name"]: item["kind"] for item in manifest["outputs"]}
        for item in manifest["members"]:
            if item["output"] not in outputs:
                raise ValueError(f"member with output {item['output']!r} that is none")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise foreign_bundle(folder, str(error)) from error
    return dict(manifest)


def foreign_bundle(folder: Path, found: str) -> BundleError:
    """Return the error for a manifest that this version does not read."""
    return BundleError(
        f"{folder / MANIFEST} is of no kind that this version reads",
        value=found,
        allowed=f"{KIND}, version {SCHEMA_VERSION}",
        todo="take the bundle again from where it came from, or train it with this version",
    )


def check_files(folder: Path, manifest: Mapping[str, Any], needed: Sequence[str] = ()) -> None:
    """Raise BundleError unless a folder holds the files of its manifest, and no other models.

    Parameters
    ----------
    needed : sequence of str
        Files that must be listed, beside the models.
    """
    listed: Mapping[str, str] = manifest["files"]
    wanted = [*(member["file"] for member in manifest["members"]), *needed]
    missing = [n for n in {**dict.fromkeys(wanted), **listed} if not (folder / n).is_file()]
    unlisted = [name for name in wanted if name not in listed]
    changed = [
        name
        for name, digest in listed.items()
        if name not in missing and sha256_of((folder / name).read_bytes()) != digest
    ]
    suffixes = {find_algorithm(name).suffix for name in ALGORITHMS}
    models = (path.name for path in folder.iterdir() if path.suffix in suffixes)
    foreign = sorted(set(models) - set(listed) - {MANIFEST})
    for what, names in (
        ("without files that it lists", missing),
        ("that does not list files it needs", unlisted),
        ("whose files have changed since training (another hash)", changed),
        ("with models that do not belong to it", foreign),
    ):
        if names:
            raise BundleError(
                f"bundle {folder} {what}",
                value=", ".join(names),
                allowed="the files and hashes of its bundle.json",
                todo="take the whole folder again from where it came from, or train it again",
            )


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
