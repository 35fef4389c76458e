"""What a configuration says of an algorithm of one's own is held against what it declares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pydantic
import pytest

from scope.config import load_config
from scope.config.algorithm_options import option_names, read_options
from scope.errors import ConfigError

TREES = "tests.workflow.my_trees:HGB"


@dataclass(frozen=True)
class Settings:
    rounds: int = 10
    rate: float = 0.1
    layers: tuple[int, ...] = (8,)

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError("rounds: 1 or more")


class Model(pydantic.BaseModel):
    rounds: int = 10


class Odd:
    """A type that pydantic does not know."""


@dataclass(frozen=True)
class WithOdd:
    odd: Odd | None = None


def test_values_become_what_the_fields_are_declared_as() -> None:
    found = read_options(Settings, {"rate": 1, "layers": [4, 2]}, "training.options.mine")
    assert found == Settings(rate=1.0, layers=(4, 2))
    assert read_options(Model, {"rounds": 3}, "x") == Model(rounds=3)
    odd = Odd()
    assert read_options(WithOdd, {"odd": odd}, "x").odd is odd
    assert option_names(Settings) == ("rounds", "rate", "layers")
    assert option_names(Model) == ("rounds",)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"round": 3}, r"training.options.mine .*'round'.*did you mean 'rounds'"),
        ({"colour": 3}, r"'colour'; allowed: rounds, rate, layers"),
        ({"rounds": "many"}, r"training.options.mine.rounds .*'many'.*integer"),
        ({"rounds": 2.5}, r"training.options.mine.rounds .*2.5.*integer"),
        ({"layers": 3}, r"training.options.mine.layers .*tuple"),
        ({"rounds": 0}, r"training.options.mine .*rounds: 1 or more"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(settings: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_options(Settings, settings, "training.options.mine")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("{hgb: {max_itr: 3}}", "did you mean 'max_iter'"),
        ("{hgb: {max_iter: soon}}", "training.options.hgb.max_iter"),
        ("{hbg: {max_iter: 3}}", "unknown algorithm .*did you mean 'hgb'"),
        ("{xgb: {max_depth: 3}}", "training.xgboost"),
    ],
)
def test_it_is_refused_when_the_configuration_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, words: str
) -> None:
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    path = tmp_path / "mine.yaml"
    path.write_text(f'algorithms: {{hgb: "{TREES}"}}\ntraining: {{options: {options}}}\n')
    with pytest.raises(ConfigError, match=words):
        load_config(config_path=path)


def test_what_can_be_used_stays_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCOPE_ALGORITHMS", "")
    path = tmp_path / "mine.yaml"
    path.write_text(
        f'algorithms: {{hgb: "{TREES}"}}\ntraining: {{options: {{hgb: {{max_iter: 3}}}}}}\n'
    )
    assert load_config(config_path=path).training.options == {"hgb": {"max_iter": 3}}
