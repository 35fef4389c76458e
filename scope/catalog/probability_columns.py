"""The columns of probabilities in a catalogue, as data."""

from __future__ import annotations

from scope.schema import Column

SHIFT = Column(
    "tree_shift",
    "float32",
    "",
    True,
    "Largest difference of a <class>_p from <class>_p_field: what the class tree changed",
    "value",
    "stat.value",
)

PROBABILITY_UCD = "stat.probability;src.class"

IN_CLASS, NOT_IN_CLASS = 1, 2
"""Bits of a prediction set."""


def single_column(tag: str, algorithm: str) -> Column:
    """Return the column of the probability of a class by one algorithm."""
    name = algorithm.upper()
    return Column(
        f"{tag}_{algorithm}_p",
        "float32",
        "",
        True,
        f"Probability of {tag} by {name} at the frequencies of the training set",
        "probability",
        PROBABILITY_UCD,
    )


def final_columns(tag: str) -> list[Column]:
    """Return the columns of a class by all algorithms together."""
    meanings = {
        "p_train": f"Probability of {tag} by all algorithms, at training frequencies",
        "p_field": "The same at the frequencies of this target",
        "p": f"Probability of {tag} here, never above that of the class it is a kind of",
    }
    return [
        *(
            Column(f"{tag}_{end}", "float32", "", True, text, "probability", PROBABILITY_UCD)
            for end, text in meanings.items()
        ),
        Column(
            f"{tag}_set",
            "int8",
            "",
            True,
            f"Prediction set: {IN_CLASS} of {tag}, {NOT_IN_CLASS} not, 3 either, 0 neither",
            "set",
            "meta.code.class;src.class",
        ),
    ]
