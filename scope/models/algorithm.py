"""Interface of an algorithm: name, file suffix, options, training, loading, scoring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from scope.config.algorithm_options import option_names, read_options
from scope.errors import ConfigError
from scope.plugins import ALGORITHMS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Batch = Mapping[str, "npt.NDArray[Any]"]
"""Named inputs of n rows: name -> (n, …), such as ``{"features": …, "dmdt": …}``."""


@dataclass(frozen=True)
class InputSpec:
    """One input of a model.

    Attributes
    ----------
    name : str
    shape : tuple of int or None
        Of a batch; None for what may vary, the number of rows first.
    dtype : str
    columns : tuple of str
        Names along the last axis, where they have names: their order is checked on load.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """Rows that a model learns from or is judged by.

    Attributes
    ----------
    inputs : mapping of name to (n, …) array
        Prepared as the task prepares them for scoring.
    target : (n, …) array
        What is to be found: (n,) bool for a class, anything that task and algorithm agree on
        otherwise.
    groups : (n,) int64
        Rows of one object (or image, or block of the sky) have the same: no split and no
        bootstrap takes them apart.
    weight : (n,) float or None
        How much a row counts; None: all alike.
    """

    inputs: Batch
    target: npt.NDArray[Any]
    groups: npt.NDArray[np.int64]
    weight: npt.NDArray[np.floating] | None = None

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: npt.NDArray[Any]) -> Rows:
        """Return the rows of a mask or of indices.

        `rows`: (n,) bool, or (m,) int.
        """
        inputs = {name: values[rows] for name, values in self.inputs.items()}
        weight = None if self.weight is None else self.weight[rows]
        return Rows(inputs, self.target[rows], self.groups[rows], weight)


@dataclass(frozen=True)
class TrainedModel:
    """A trained model.

    Attributes
    ----------
    content : bytes
        Of the model file; the same training gives the same bytes.
    report : dict
        How the training went; JSON. It goes to ``metrics.json``.
    """

    content: bytes
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingData:
    """Rows and settings that the training of one model is given.

    Attributes
    ----------
    train, validation : Rows
        Of different groups. What stops the training early looks at `validation`.
    inputs : tuple of InputSpec
        What the inputs are, in the order of the algorithm's `inputs`.
    member : mapping
        Facts about this member of the bundle that the task states: the settings of its class,
        its number in an ensemble.
    weigh_sides : bool
        Weigh rows so that positive and negative ones count alike.
    start : Path, optional
        Model file that training goes on from.
    start_weights_only : bool
        Take the weights of `start` and nothing of how it was trained.
    whole : TrainedModel, optional
        Where `train` lacks a fold: the model that was trained on all of it. What it found
        (parameters, number of epochs) holds here too.
    whole_rows : int
        Rows that this one was trained on.
    """

    train: Rows
    validation: Rows
    inputs: tuple[InputSpec, ...] = ()
    member: Mapping[str, Any] = field(default_factory=dict)
    weigh_sides: bool = False
    start: Path | None = None
    start_weights_only: bool = False
    whole: TrainedModel | None = None
    whole_rows: int = 0


class Scorer(Protocol):
    """A loaded model. It runs on one thread, and a row's score depends on that row alone."""

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        """Return what the model says of each row, (n, …) float32.

        (n,) from 0 to 1 for a score; further axes as the output in the bundle says.

        `batch` has an array of each input by name, with n rows: (n, …).
        """
        ...


class Algorithm(ABC):
    """Learner of rows that scores others: one object, in one file.

    Attributes
    ----------
    name : str
        Small letters and digits: ends the names of score columns, files and folders.
    title : str
        As figures and tables call it: ``DNN``.
    plural : str
        What its models are: ``neural networks``.
    suffix : str
        Of model files, with the dot.
    inputs : tuple of str
        Names of the inputs it looks at. It serves every task that has them all.
    options : type
        A dataclass or pydantic model: keyword arguments, with defaults, that raises on values
        which cannot be used.
    section : str
        Where the configuration has its options: ``training.<section>``; by default
        ``training.options.<name>``.
    packages : tuple of str
        Whose versions a bundle states.
    isolated : bool
        Whether models are trained in processes of their own, which `prepare` starts, and not
        on threads of one.
    start_suffixes : tuple of str
        Of files that `train` can go on from; by default its own alone.
    has_weights : bool
        Whether `train` can take the weights of a model and not its other settings; such
        algorithms report ``history`` and ``best_epoch``, which `scope train --run-sweeps` needs.
    published_suffix : str
        Of models in the form in which others published them; none if `import_published` reads
        none.
    few_stars_map : str
        How its scores become probabilities with few stars: ``platt`` or, for scores that are
        sigmoids of log-odds, ``temperature``.
    """

    name: str
    title: str
    plural: str
    suffix: str
    inputs: tuple[str, ...]
    options: type
    section: str = ""
    packages: tuple[str, ...] = ()
    isolated: bool = False
    start_suffixes: tuple[str, ...] = ()
    has_weights: bool = False
    published_suffix: str = ""
    few_stars_map: str = "platt"

    @abstractmethod
    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        """Train one model. The same arguments give the same bytes, on one thread.

        Raises
        ------
        InputError
            If the rows cannot be learnt from.
        BackendError
            If the device is not there.
        """

    @abstractmethod
    def load(self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu") -> Scorer:
        """Load a model file for scoring.

        Parameters
        ----------
        inputs : sequence of InputSpec
            What will be scored; a model that was trained on other columns or shapes is refused.

        Raises
        ------
        BundleError
            If the file cannot be used.
        BackendError
            If the device is not there.
        """

    def check(self, data: TrainingData, options: Any) -> None:  # noqa: B027
        """Raise InputError if `train` would refuse the rows; before hours of training others."""

    def check_device(self, device: str) -> None:
        """Raise BackendError unless models can be trained on `device`."""
        if device != "cpu":
            from scope.errors import BackendError

            raise BackendError(
                f"{self.title} was asked to use a device that it cannot use",
                value=device,
                allowed="cpu",
            )

    def import_published(self, path: Path, columns: Sequence[str]) -> tuple[bytes, list[str]]:
        """Return a published model in the algorithm's own form, and the columns that it takes.

        Parameters
        ----------
        columns : sequence of str
            Those that it should take, in the order of the configuration.

        Raises
        ------
        BundleError
            If it cannot be read, or takes others.
        """
        raise NotImplementedError

    def environment(self, device: str) -> dict[str, str]:
        """Return environment variables of a process that trains, if `isolated`."""
        return {}

    def prepare(self, device: str) -> None:  # noqa: B027
        """Set up a process that trains, if `isolated`; before anything else is imported."""


def make_options(algorithm: Algorithm, settings: Any) -> Any:
    """Return the options of an algorithm from settings by name, or as they are.

    Raises
    ------
    ConfigError
        If one is unknown or cannot be used; see `read_options`.
    """
    if isinstance(settings, algorithm.options):
        return settings
    place = f"training.{algorithm.section or f'options.{algorithm.name}'}"
    return read_options(algorithm.options, settings, place)


def options_record(options: Any) -> dict[str, Any]:
    """Return options by name, as a bundle and its card state them."""
    return {name: getattr(options, name) for name in option_names(type(options))}


def find_algorithm(name: str) -> Algorithm:
    """Return a registered algorithm.

    Raises
    ------
    ConfigError
        If it is unknown or is none.
    """
    found = ALGORITHMS.get(name)
    if not isinstance(found, Algorithm):
        raise ConfigError(
            f"algorithm {name!r} that is none",
            value=type(found).__name__,
            allowed="an object of a class that builds on scope.models.Algorithm",
        )
    return found


def algorithms_for(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the algorithms that need no more than these inputs."""
    there = set(inputs)
    return tuple(name for name in ALGORITHMS if there.issuperset(find_algorithm(name).inputs))
