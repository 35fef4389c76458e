"""The section of the configuration that says how models are trained."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, field_validator, model_validator

from scope.config.base import Section, key, matching
from scope.config.catalogues import Catalogues
from scope.config.classes import CLASSES
from scope.config.sections import FieldName, GroupName, Release, Simulation
from scope.errors import ConfigError

Tag = Annotated[
    str,
    matching(r"(?!all$)[a-z][a-z0-9_]*", "small letters, digits and underscores, and not `all`"),
]
TwinKind = Literal["shuffled", "shuffled_in_season", "noise", "systematics"]
Share = Annotated[float, Field(ge=0, le=1)]
IntGrid = tuple[int, int, int]
FloatGrid = tuple[float, float, float]


class ClassSetting(Section):
    """One binary classifier; the name of its entry is the class tag."""

    label: str = key(..., "column of the training set with the probability of the class")
    features: Literal["phenomenological", "ontological"] = key(
        ..., "the list of features that the classifier sees"
    )
    threshold: float = key(0.7, "a row is a positive example if its label exceeds this", ge=0, lt=1)
    balance: float | None = key(
        None,
        "examples of the larger side per one of the smaller, at most; null uses all",
        ge=1,
    )
    weight_per_class: bool = key(False, "weigh examples so that both sides count alike")
    batch_size: int = key(64, "examples per step of the network", ge=1)
    epochs: int = key(100, "passes over the training set, at most", ge=1)
    patience: int = key(20, "passes without a better validation loss until training stops", ge=1)
    learning_rate: float = key(3e-4, "step size of the Adam optimiser", gt=0)
    beta_1: float = key(0.9, "decay of the first moment of Adam", ge=0, lt=1)
    beta_2: float = key(0.999, "decay of the second moment of Adam", ge=0, lt=1)
    epsilon: float = key(1e-7, "constant in the denominator of Adam", gt=0)
    amsgrad: bool = key(True, "use the AMSGrad variant of Adam")
    negative_label: str | None = key(
        None, "column that must exceed the threshold in negative examples; null takes all others"
    )
    parent: str | None = key(
        None, "class that this is a kind of, whose probability it never exceeds; null for none"
    )
    exclusive: bool = key(
        False, "no star is of this class and of another exclusive one of the same parent"
    )
    periodic: bool = key(
        False,
        "stars of this class and of its kinds are told by their period: none is more probable than "
        "one half where the period may stand for a slow change",
    )


class Network(Section):
    """Settings that the neural networks of all classes have in common."""

    PER_CLASS: ClassVar[tuple[str, ...]] = ("batch_size", "epochs", "patience", "learning_rate")

    dense_branch: bool = key(True, "look at the features")
    conv_branch: bool = key(True, "look at the dmdt histogram; one of both must be on")
    loss: Literal["binary_crossentropy"] = key("binary_crossentropy", "what training lowers")
    optimizer: Literal["adam", "sgd"] = key(
        "adam", "Adam, or stochastic gradient descent with Nesterov momentum"
    )
    momentum: float = key(0.9, "of stochastic gradient descent", ge=0, lt=1)
    decay: float = key(
        0.0, "after n steps the step size has fallen to 1 / (1 + decay n) of its start", ge=0
    )
    monitor: Literal["val_loss", "loss"] = key("val_loss", "what the callbacks look at")
    callbacks: tuple[Literal["early_stopping", "reduce_lr_on_plateau"], ...] = key(
        ("early_stopping", "reduce_lr_on_plateau"), "what acts between passes"
    )
    shuffle_buffer_size: int | None = key(
        None, "rows among which the next one is drawn at random; null draws among all", ge=1
    )
    run_eagerly: bool = key(False, "compute step by step, to look at what goes wrong; slow")
    batch_size: int | None = key(None, "for every class; null takes that of the class", ge=1)
    epochs: int | None = key(None, "for every class; null takes those of the class", ge=1)
    patience: int | None = key(None, "for every class; null takes that of the class", ge=1)
    learning_rate: float | None = key(None, "for every class; null takes that of the class", gt=0)
    plateau_patience: int | None = key(
        None,
        "passes without a better validation loss until the step size falls to a tenth; "
        "null is half of the patience of the class",
        ge=1,
    )


class Trees(Section):
    """Settings of gradient-boosted trees, by XGBoost's names. Grids include both ends."""

    max_depth: int = key(3, "depth of a tree", ge=1)
    min_child_weight: float = key(1.0, "least sum of weights in a leaf", ge=0)
    eta: float = key(0.3, "shrinkage per tree", gt=0, le=1)
    subsample: float = key(0.6, "share of the rows that a tree sees", gt=0, le=1)
    colsample_bytree: float = key(0.6, "share of the features that a tree sees", gt=0, le=1)
    num_boost_round: int = key(999, "trees, at most", ge=1)
    early_stopping_rounds: int = key(
        10, "trees without a better validation eval_metric until boosting stops", ge=1
    )
    eval_metric: Literal["logloss", "auc", "aucpr"] = key(
        "logloss",
        "what stops boosting; by auc, as in the published models, scores stay closer to 0.5",
    )
    n_folds: int = key(5, "folds of the search, made of whole stars", ge=2)
    skip_cv: bool = key(True, "use the values above and do not search the grids below")
    max_depth_grid: IntGrid = key((3, 7, 2), "start, stop, step of the search")
    min_child_weight_grid: IntGrid = key((1, 5, 2), "start, stop, step of the search")
    subsample_grid: FloatGrid = key((0.6, 1.0, 0.2), "start, stop, step of the search")
    colsample_bytree_grid: FloatGrid = key((0.6, 1.0, 0.2), "start, stop, step of the search")
    eta_list: tuple[float, ...] = key((0.3, 0.2, 0.1, 0.05), "values of the search", min_length=1)


class Calibration(Section):
    """Settings of making probabilities of scores. Stars are those of the rarer side in training."""

    n_folds: int = key(
        5, "parts of the training stars, each scored by models trained on the others", ge=2
    )
    isotonic_from: int = key(500, "stars from which on the map has any rising form", ge=2)
    beta_from: int = key(100, "stars from which on it is a beta map, with three numbers", ge=2)
    probability_from: int = key(
        20, "with fewer stars the class has an order and no probability", ge=2
    )
    observed_from: int = key(
        100, "observed stars from which on simulated ones have no part in calibration", ge=2
    )
    coverage: float = key(0.9, "share of prediction sets that hold the truth", gt=0, lt=1)


class Labelled(Section):
    """Stars of other surveys whose class is known."""

    folder: str | None = key(
        None,
        "folder of labelled light curves, <set>/lightcurves.parquet and <set>/labels.parquet; "
        "null trains on simulated stars alone",
    )
    sets: tuple[str, ...] = key(
        ("asas_acvs", "asas_train", "eros_ramp", "s82_rrlyr", "kepler_tda"),
        "the sets of the folder that are used",
        min_length=1,
    )
    label_map: str = key(
        "labels.yaml",
        "what the classes of the sets mean: a file beside the default configuration, or any "
        "other by its whole path",
    )
    most_stars: int | None = key(
        None, "of a class of a set with more stars, these many are drawn; null takes all", ge=1
    )
    seed: int = key(
        1, "start of the random numbers by which light curves are made like those of ZTF", ge=0
    )


class Twins(Section):
    """Copies of training light curves that do not vary, on the same epochs."""

    per_light_curve: float = key(
        1.0,
        "twins of a light curve, on average; of variable stars of a survey with constant ones, as "
        "many fewer; 0 makes none, and models may then tell classes from the cadence",
        ge=0,
        le=20,
    )
    kinds: tuple[TwinKind, ...] = key(
        get_args(TwinKind),
        "kinds that are drawn from: magnitudes shuffled, or within seasons; white noise at the "
        "stated errors; and with the systematics of sky, neighbours and detector",
        min_length=1,
    )
    seed: int = key(1, "start of the random numbers of all copies", ge=0)


class Thinned(Section):
    """Copies of training light curves with few epochs."""

    share: Share = key(0.1, "share of the light curves that get such a copy")
    epochs: tuple[int, int] = key((20, 50), "fewest and most epochs of the copies")
    alerts: Share = key(
        0.3,
        "share of the copies that keep only epochs 5 sigma from the reference, as alerts do, "
        "where these are enough",
    )

    @field_validator("epochs")
    @classmethod
    def _rising(cls, epochs: tuple[int, int]) -> tuple[int, int]:
        if not 2 <= epochs[0] <= epochs[1]:
            raise ValueError(f"2 epochs or more, rising, not {epochs[0]} and {epochs[1]}")
        return epochs


class FieldStars(Section):
    """Unlabelled stars of real fields: quiet ones, each without and with a simulated signal."""

    archive: str | None = key(
        None,
        "folder of bulk light curves, as the key archive; null uses no real field. Fields that "
        "models shall be judged on must not be among them",
        min_length=1,
    )
    data_release: Release | None = key(None, "the data release, where the folder holds several")
    fields: tuple[int, ...] = key((), "numbers of the fields that are used; none: all that it has")
    most: int = key(1000, "light curves of a quadrant, at most", ge=1)
    least_epochs: int = key(20, "good epochs of a light curve, at least", ge=12)
    chance: float = key(
        0.02,
        "stars whose disjoint halves of epochs agree better than this share of shuffled light "
        "curves does are taken for variable, and left out",
        gt=0,
        lt=0.5,
    )
    constant: Literal["shuffled", "quiet"] = key(
        "shuffled", "the example that does not vary: the star in random order, or as it is"
    )
    seed: int = key(1, "start of the random numbers", ge=0)

    def options(self) -> dict[str, Any]:
        """Return the settings of `scope.surveys.field_stars.FieldStarOptions`."""
        return self.model_dump(exclude={"archive", "data_release"})


def _training_sky() -> Simulation:
    return Simulation(mix="balanced", n_stars=4000, seed=2)


class Training(Section):
    """Settings of the way from labelled light curves to model bundles."""

    group: GroupName = key("starter", "name of the trained bundles: models/<algorithm>/<group>")
    dataset: str | None = key(
        None,
        "labelled features to train on (.parquet, .h5, .csv); null assembles them from the targets",
        min_length=1,
    )
    targets: tuple[FieldName, ...] = key(
        ("field_701",),
        "simulated targets that make the training set; with stars of catalogues or of labelled "
        "sets there need be none: []",
    )
    simulation: Simulation = key(_training_sky, "the simulated sky of these targets")
    labelled: Labelled = key(Labelled, "labelled stars of other surveys, besides these targets")
    twins: Twins = key(Twins, "copies that do not vary, so that no class is told by its cadence")
    thinned: Thinned = key(Thinned, "copies with few epochs, as young surveys and alerts have them")
    field_stars: FieldStars = key(FieldStars, "stars of real fields, whose classes nobody knows")
    catalogues: Catalogues = key(
        Catalogues, "published catalogues that label stars of the archive, besides these targets"
    )
    without_matches: float = key(
        0.0,
        "share of the stars whose features from other catalogues and alerts are left out, so that "
        "models learn to do without",
        ge=0,
        le=1,
    )
    tags: tuple[Tag, ...] | None = key(
        None, "classes that are trained; null tries all of them", min_length=1
    )
    balance: float | None = key(
        None, "for every class, its balance; null takes that of the class", ge=1
    )
    min_count: int = key(100, "train a class only with more positive examples than this", ge=0)
    test_size: float = key(0.1, "share of the stars kept for the test", gt=0, lt=1)
    val_size: float = key(0.1, "share of the other stars kept for validation", gt=0, lt=1)
    sky_block_deg: float | None = key(
        None,
        "size of the blocks of the sky that are kept together in splits; null splits by star alone",
        unit="deg",
        gt=0,
        le=90,
    )
    random_state: int = key(42, "seed of splits and of training", ge=0, le=2**32 - 1)
    scale_features: Literal["min_max", "median_std", "quantile"] = key(
        "min_max", "how features are scaled; quantile: by ranks, onto the normal distribution"
    )
    feature_stats: Literal["dataset", "config"] = key(
        "dataset", "where scales come from: the training stars, or the section feature_stats"
    )
    dnn: Network = key(Network, "neural networks")
    xgboost: Trees = key(Trees, "gradient-boosted trees")
    options: dict[str, dict[str, Any]] = key(
        dict, "how models of other algorithms are trained, by algorithm"
    )
    calibration: Calibration = key(Calibration, "from scores to probabilities")
    classes: dict[Tag, ClassSetting] = Field(
        default_factory=lambda: default_classes(), description="the classifiers"
    )

    @model_validator(mode="after")
    def _stars_to_learn_from(self) -> Training:
        """Check that there is something to train on."""
        if not (self.targets or self.dataset or self.labelled.folder or self.catalogues.tables):
            raise ConfigError(
                "training.targets without a target, and no other stars to train on",
                value="[]",
                allowed="simulated targets, training.catalogues.tables, "
                "training.labelled.folder or training.dataset",
            )
        return self

    def copies(self) -> dict[str, Any]:
        """Return the settings of `scope.surveys.twins.CopyOptions`."""
        return {
            "twins": self.twins.per_light_curve,
            "kinds": list(self.twins.kinds),
            "thinned": self.thinned.share,
            "alerts": self.thinned.alerts,
            "few_epochs": list(self.thinned.epochs),
            "seed": self.twins.seed,
        }

    def for_all_classes(self) -> dict[str, float]:
        """Return the settings that stand in place of those of each class."""
        values = {name: getattr(self.dnn, name) for name in Network.PER_CLASS}
        values["balance"] = self.balance
        return {name: value for name, value in values.items() if value is not None}


def default_classes() -> dict[str, ClassSetting]:
    """Return the settings of the classes of the published configuration."""
    names = ClassSetting.model_fields
    return {
        definition.tag: ClassSetting(**{name: getattr(definition, name) for name in names})
        for definition in CLASSES
    }
