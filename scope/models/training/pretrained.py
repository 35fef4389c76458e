"""Trained models that another training goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scope.errors import BundleError, ConfigError, NotFoundError
from scope.models.algorithm import find_algorithm
from scope.plugins import ALGORITHMS
from scope.provenance import hash_file


def algorithms_with_weights() -> list[str]:
    """Return the algorithms whose weights another training can take."""
    return [name for name in ALGORITHMS if find_algorithm(name).has_weights]


@dataclass(frozen=True)
class Pretrained:
    """A trained model that another training goes on from.

    Attributes
    ----------
    path : Path
        A file of one of the algorithm's `start_suffixes`.
    weights_only : bool
        Put the weights of a network into one of the present settings; otherwise the network
        is taken as it is.
    """

    path: Path
    weights_only: bool = False

    @classmethod
    def find(cls, path: str | Path, algorithm: str, *, weights_only: bool = False) -> Pretrained:
        """Return the model of a path, which may lack its suffix.

        Raises
        ------
        NotFoundError
            If there is no such file.
        ConfigError
            If only weights of trees are asked for, which have none.
        """
        learner = find_algorithm(algorithm)
        if weights_only and not learner.has_weights:
            raise ConfigError(
                "weights of a model that has none",
                value=str(path),
                allowed=f"weights_only with algorithm {' or '.join(algorithms_with_weights())}",
            )
        # A name such as vnv.20210324_220331 has no suffix, though it has a dot.
        suffixes = learner.start_suffixes or (learner.suffix,)
        candidates = [Path(path), *(Path(f"{path}{suffix}") for suffix in suffixes)]
        for candidate in candidates:
            if candidate.is_file():
                return cls(candidate, weights_only)
        raise NotFoundError(
            f"no trained {algorithm} model to go on from",
            value=str(path),
            allowed=f"a file, or its name without {' or '.join(suffixes)}",
        )

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return hash_file(self.path)

    def error(self, value: str, allowed: str) -> BundleError:
        """Return the error for a model that does not fit."""
        return BundleError(
            f"trained model that training cannot go on from, {self.path}",
            value=value,
            allowed=allowed,
            todo="name a model that was trained on the same features and branches",
        )
