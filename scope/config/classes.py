"""The classes of the light-curve classifiers, as data: 52 published ones and our own.

Each class is one binary classifier: a tag (the name in models, scores and options), the
column of the training set that holds its probability, the list of features it sees, and
how it is trained. Tags, labels, feature lists, batch sizes, class weights and epsilons
are those of the published SCoPe configuration (van Roestel et al. 2021, AJ 161, 267;
Healy et al. 2024, ApJS 272, 14).

The published configuration also lists a learning rate and a number for ``amsgrad`` per
class. Its code never used the rates (all networks were trained at 3e-4) and any number
other than zero switched AMSGrad on, so that 3e-4 and True stand here: the values which
made the published models.

Parents follow the definitions of the published taxonomy (a tree with a phenomenological and
an ontological branch), all under "variable". Classes that tell about the data and not the
star (bogus, blend, wrong period, …) are no kind of another one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from scope.errors import ConfigError

FeatureSet = Literal["phenomenological", "ontological"]

P: FeatureSet = "phenomenological"
O: FeatureSet = "ontological"  # noqa: E741


@dataclass(frozen=True)
class ClassDefinition:
    """One binary classifier.

    Attributes
    ----------
    tag : str
        Short name: letters, digits and underscores.
    label : str
        Column of the training set with the probability (0 to 1) of the class.
    features : {"phenomenological", "ontological"}
        Which list of features the classifier sees.
    threshold : float
        A row is a positive example if its label exceeds this (strictly).
    balance : float or None
        At most this many examples of the larger side per example of the smaller one
        are used for training; None uses all. Validation and test sets stay whole.
    weight_per_class : bool
        Weigh examples so that both sides count alike in the loss.
    batch_size, epochs, patience : int
        Of the network; `patience` is the number of epochs without a better
        validation loss after which training stops.
    learning_rate, beta_1, beta_2, epsilon, amsgrad
        Of the Adam optimiser.
    negative_label : str or None
        Column that must exceed `threshold` for a row to be a negative example; rows
        that are neither are left out. None: every row that is not positive.
    parent : str or None
        Class that this one is a kind of: a star of this class is of that one too.
    exclusive : bool
        No star is of this class and of another exclusive one of the same parent.
    periodic : bool
        Stars of this class, and so of all its kinds, are told by their period.
    released : bool
        Whether the class is among the 44 of the published DR16 catalogue.

    Raises
    ------
    ConfigError
        If a value cannot be used.
    """

    tag: str
    label: str
    features: FeatureSet
    threshold: float = 0.7
    balance: float | None = None
    weight_per_class: bool = False
    batch_size: int = 64
    epochs: int = 100
    patience: int = 20
    learning_rate: float = 3e-4
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = True
    negative_label: str | None = None
    parent: str | None = None
    exclusive: bool = False
    periodic: bool = False
    released: bool = True

    def __post_init__(self) -> None:
        checks = {
            "tag": (self.tag.isidentifier() and self.tag.isascii(), "letters, digits, underscores"),
            "features": (self.features in (P, O), f"{P}, {O}"),
            "threshold": (0 <= self.threshold < 1, "from 0 to below 1"),
            "balance": (self.balance is None or self.balance >= 1, "at least 1, or none"),
            "batch_size": (self.batch_size >= 1, "at least 1"),
            "epochs": (self.epochs >= 1, "at least 1"),
            "patience": (self.patience >= 1, "at least 1"),
            "learning_rate": (self.learning_rate > 0, "above 0"),
            "beta_1": (0 <= self.beta_1 < 1, "from 0 to below 1"),
            "beta_2": (0 <= self.beta_2 < 1, "from 0 to below 1"),
            "epsilon": (self.epsilon > 0, "above 0"),
            "amsgrad": (isinstance(self.amsgrad, bool), "true, false"),
        }
        for name, (good, allowed) in checks.items():
            if not good:
                raise ConfigError(
                    f"class {self.tag!r} with {name} that cannot be used",
                    value=getattr(self, name),
                    allowed=allowed,
                    todo=f"correct training.classes.{self.tag}.{name}",
                )


PUBLISHED: tuple[ClassDefinition, ...] = (
    ClassDefinition("vnv", "variable", P, negative_label="non-variable", epsilon=1.945e-08),
    ClassDefinition("pnp", "periodic", P, epsilon=4.624e-08, parent="vnv", periodic=True),
    ClassDefinition("sin", "sinusoidal", P, batch_size=32, epsilon=2.377e-09, parent="pnp"),
    ClassDefinition("el", "ellipsoidal", P, batch_size=16, epsilon=2.08e-08, parent="pnp"),
    ClassDefinition("saw", "sawtooth", P, batch_size=16, epsilon=2.617e-08, parent="pnp"),
    ClassDefinition("mp", "multi periodic", P, batch_size=4, epsilon=7.763e-08, parent="pnp"),
    ClassDefinition("longt", "long timescale", P, epsilon=7.828e-08, parent="vnv"),
    ClassDefinition("e", "eclipsing", P, epsilon=9.878e-08, parent="vnv", periodic=True),
    ClassDefinition(
        "ea",
        "EA",
        P,
        batch_size=32,
        weight_per_class=True,
        epsilon=3.393e-08,
        parent="e",
        exclusive=True,
    ),
    ClassDefinition("eb", "EB", P, batch_size=32, epsilon=2.91e-08, parent="e", exclusive=True),
    ClassDefinition("ew", "EW", P, epsilon=8.521e-08, parent="e", exclusive=True),
    ClassDefinition("wp", "wrong period", P, batch_size=8, epsilon=3.656e-09),
    ClassDefinition("hp", "half period", P, batch_size=4, epsilon=2.178e-08),
    ClassDefinition("dp", "double period", P, epsilon=3.069e-08),
    ClassDefinition("i", "irregular", P, epsilon=6.62e-08, parent="vnv"),
    ClassDefinition("fla", "flaring", P, batch_size=32, epsilon=1.414e-08, parent="vnv"),
    ClassDefinition("dip", "dipping", P, batch_size=2, epsilon=6.249e-08, parent="vnv"),
    ClassDefinition("bogus", "bogus", P, batch_size=16, epsilon=6.559e-08),
    ClassDefinition("ext", "extended", P, batch_size=2, epsilon=6.738e-09),
    ClassDefinition("blend", "blend", P, batch_size=4, epsilon=5.348e-08),
    ClassDefinition("bright", "bright star", P, batch_size=4, epsilon=3.367e-08),
    ClassDefinition("artfct", "ccd artifact", P, weight_per_class=True, released=False),
    ClassDefinition("agn", "AGN", O, batch_size=4, epsilon=2.791e-08, parent="vnv", exclusive=True),
    ClassDefinition(
        *("bis", "binary star", O),
        epsilon=4.453e-08,
        parent="vnv",
        exclusive=True,
        periodic=True,
    ),
    ClassDefinition(
        "blher", "BL Her", O, batch_size=2, epsilon=7.96e-08, parent="ceph2", exclusive=True
    ),
    ClassDefinition(
        "blyr", "Beta Lyr", O, batch_size=32, epsilon=5.096e-08, parent="bis", exclusive=True
    ),
    ClassDefinition(
        "cbin",
        "compact binary",
        O,
        weight_per_class=True,
        released=False,
        parent="bis",
        exclusive=True,
    ),
    ClassDefinition(
        "ceph", "Cepheid", O, batch_size=16, epsilon=6.115e-08, parent="puls", exclusive=True
    ),
    ClassDefinition(
        "ceph2",
        "Cepheid type-II",
        O,
        batch_size=4,
        epsilon=3.463e-08,
        parent="puls",
        exclusive=True,
    ),
    ClassDefinition("cv", "CV", O, epsilon=4.78e-08, parent="vnv", exclusive=True),
    ClassDefinition("dscu", "Delta Scu", O, epsilon=2.91e-09, parent="puls", exclusive=True),
    ClassDefinition(
        "emsms", "detached eclipsing MS-MS", O, epsilon=7.012e-08, parent="bis", exclusive=True
    ),
    ClassDefinition(
        "f", "F", O, weight_per_class=True, released=False, parent="ceph", exclusive=True
    ),
    ClassDefinition(
        "hwvir",
        "eclipsing sdB+dM (HW Vir)",
        O,
        weight_per_class=True,
        released=False,
        parent="cbin",
        exclusive=True,
    ),
    ClassDefinition("lpv", "LPV", O, epsilon=9.229e-08, parent="puls", exclusive=True),
    ClassDefinition(
        "mir", "Mira", O, batch_size=4, epsilon=9.688e-08, parent="lpv", exclusive=True
    ),
    ClassDefinition(
        "nnser",
        "eclipsing WD+dM (NN Ser)",
        O,
        weight_per_class=True,
        released=False,
        parent="cbin",
        exclusive=True,
    ),
    ClassDefinition(
        "o", "O", O, weight_per_class=True, released=False, parent="ceph", exclusive=True
    ),
    ClassDefinition(
        "osarg", "OSARG", O, batch_size=32, epsilon=8.725e-08, parent="lpv", exclusive=True
    ),
    ClassDefinition(
        *("puls", "pulsator", O),
        epsilon=3.289e-08,
        parent="vnv",
        exclusive=True,
        periodic=True,
    ),
    ClassDefinition(
        "rdbkp",
        "Redback pulsar",
        O,
        weight_per_class=True,
        released=False,
        parent="cbin",
        exclusive=True,
    ),
    ClassDefinition("rrlyr", "RR Lyrae", O, epsilon=4.84e-08, parent="puls", exclusive=True),
    ClassDefinition("rrab", "RR Lyrae ab", O, epsilon=4.307e-08, parent="rrlyr", exclusive=True),
    ClassDefinition("rrc", "RR Lyrae c", O, epsilon=7.619e-08, parent="rrlyr", exclusive=True),
    ClassDefinition(
        "rrd", "RR Lyrae d", O, batch_size=4, epsilon=8.316e-08, parent="rrlyr", exclusive=True
    ),
    ClassDefinition(
        "rrblz", "RR Lyrae Blazhko", O, batch_size=2, epsilon=1.744e-08, parent="rrlyr"
    ),
    ClassDefinition(
        "rscvn", "RS CVn", O, batch_size=16, epsilon=3.469e-08, parent="bis", exclusive=True
    ),
    ClassDefinition(
        "rvtau", "RV Tau", O, weight_per_class=True, released=False, parent="ceph2", exclusive=True
    ),
    ClassDefinition("srv", "SRV", O, batch_size=8, epsilon=7.951e-08, parent="lpv", exclusive=True),
    ClassDefinition("wuma", "W UMa", O, epsilon=4.736e-08, parent="bis", exclusive=True),
    ClassDefinition(
        "wvir", "W Virginis", O, batch_size=2, epsilon=8.731e-08, parent="ceph2", exclusive=True
    ),
    ClassDefinition("yso", "YSO", O, epsilon=3.372e-08, parent="vnv", exclusive=True),
)
"""The 52 classes, in the order of the published configuration."""

OWN: tuple[ClassDefinition, ...] = (
    ClassDefinition("transient", "transient", P, balance=None, released=False, parent="vnv"),
)
"""Classes that the published configuration lacks. Transient: what brightens once, or seldom, and
was or will be otherwise, whatever it is: supernovae, novae, lenses, eruptions of young stars."""

CLASSES: tuple[ClassDefinition, ...] = (*PUBLISHED, *OWN)
"""All classes; those of the published configuration come first."""

CLASS_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(ClassDefinition))


def class_definitions(tags: list[str] | None = None) -> list[ClassDefinition]:
    """Return the default definitions of `tags`, or all.

    Raises
    ------
    ConfigError
        If a tag is unknown.
    """
    table = {definition.tag: definition for definition in CLASSES}
    if tags is None:
        return list(table.values())
    unknown = [tag for tag in tags if tag not in table]
    if unknown:
        raise ConfigError("unknown class", value=", ".join(unknown), allowed=table)
    return [table[tag] for tag in tags]
