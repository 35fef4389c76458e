"""The sections of the configuration that are about experiments: statistics, tracking, sweeps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from scope.config.base import WHOLE, Section, key

Value = bool | int | float | str


class FeatureStats(Section):
    """Statistics of one feature, to scale it by."""

    min: float | None = key(None, "smallest value; min_max needs it, and clipping")
    max: float | None = key(None, "largest value; min_max needs it, and clipping")
    median: float | None = key(None, "median; median_std needs it")
    mean: float | None = key(None, "mean; nothing is scaled by it")
    std: float | None = key(None, "standard deviation; median_std needs it", ge=0)


class SweepParameter(Section):
    """Values among which a sweep looks for one setting; as Weights & Biases writes it."""

    min: float | None = key(None, "smallest value")
    max: float | None = key(None, "largest value")
    distribution: Literal["uniform", "log_uniform_values"] = key(
        "uniform", "how values between min and max are drawn"
    )
    values: tuple[Value, ...] | None = key(None, "the values to try, instead", min_length=1)
    value: Value | None = key(None, "the only value, instead")

    @model_validator(mode="after")
    def _one_way(self) -> SweepParameter:
        ways = [self.min is not None, self.values is not None, self.value is not None]
        if sum(ways) != 1 or (self.min is None) != (self.max is None):
            raise ValueError("one of: min and max, values, value")
        if self.min is not None and self.max is not None:
            lowest = 0.0 if self.distribution == "log_uniform_values" else self.min - 1
            if not lowest < self.min < self.max:
                raise ValueError("min below max, and above 0 for log_uniform_values")
        return self


class SweepMetric(Section):
    """Figure that tells a good setting."""

    name: Literal["val_loss", "val_average_precision"] = key(
        "val_loss", "figure of the validation stars; test stars are never looked at"
    )
    goal: Literal["minimize", "maximize"] = key("minimize", "which way is better")


PARAMETERS = {
    "learning_rate": SweepParameter(min=3e-4, max=3e-2, distribution="log_uniform_values"),
    "epsilon": SweepParameter(min=1e-9, max=1e-7, distribution="log_uniform_values"),
    "amsgrad": SweepParameter(values=(True, False)),
    "epochs": SweepParameter(value=50),
    "patience": SweepParameter(value=20),
}
"""What a sweep searches where the configuration names nothing; the published ranges."""


class Sweep(Section):
    """A search for settings of the network of a class."""

    method: Literal["bayes", "random", "grid"] = key(
        "bayes",
        "where to look next: where a model of the results so far hopes for most, anywhere, "
        "or at each of the listed values",
    )
    metric: SweepMetric = key(SweepMetric, "what tells a good setting")
    run_cap: int = key(10, "trainings, at most", ge=1)
    parameters: Annotated[dict[str, SweepParameter], WHOLE] = key(
        dict,
        "settings of a class or of training.dnn, and where to look for each; none: learning_rate "
        "3e-4 to 3e-2, epsilon 1e-9 to 1e-7, amsgrad, at 50 epochs and a patience of 20; a map "
        "given here replaces this one",
    )


class Tracking(Section):
    """Experiment tracking with Weights & Biases. The API key comes from WANDB_API_KEY."""

    mode: Literal["auto", "offline", "online", "disabled"] = key(
        "auto",
        "offline: runs go to the folder wandb, for `wandb sync`; auto: offline where the package "
        "is installed, else disabled",
    )
    entity: str | None = key(None, "user or team that runs belong to", min_length=1)
    project: str = key("scope", "project that runs belong to", min_length=1)
    sweep_config_dnn: Sweep = key(Sweep, "what `scope train --run-sweeps` searches")
