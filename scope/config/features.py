"""The section of the configuration that says what models see of the features."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from scope.config.base import Section, key, one_of
from scope.features.registry import selectable


def _lower(value: object) -> object:
    """Return a strategy as it is spelled here; SCoPe's files have `None` for none."""
    return "none" if value is None else value.lower() if isinstance(value, str) else value


ImputeStrategy = Annotated[
    Literal["zero", "median", "mean", "regress", "none"], BeforeValidator(_lower)
]
Phenomenological = Annotated[str, one_of(f.name for f in selectable("phenomenological"))]
Ontological = Annotated[str, one_of(f.name for f in selectable("ontological"))]


class FeatureSetting(Section):
    """Whether models of this list see a feature."""

    include: bool = key(..., "whether the models see it")


class ImputedFeatureSetting(FeatureSetting):
    """Whether models see a feature and what replaces it where it is undefined."""

    impute_strategy: ImputeStrategy = key(
        "none", "what replaces an undefined value; with none the light curve is not classified"
    )


class FeatureInfo(Section):
    """Settings that hold for all features."""

    period_suffix: str = key(
        "LS_BIC",
        "period search whose columns the models see, one that is computed; BANDS: all bands of a "
        "star together, which needs feature_generation.bands_together.search and LS_BIC",
    )


class Features(Section):
    """Features that the models see. The order of their inputs is that of the feature registry."""

    info: FeatureInfo = key(FeatureInfo, "what holds for all features")
    phenomenological: dict[Phenomenological, FeatureSetting] = Field(
        default_factory=lambda: _default_phenomenological(),
        description="features for classes of light-curve shapes",
    )
    ontological: dict[Ontological, ImputedFeatureSetting] = Field(
        default_factory=lambda: _default_ontological(),
        description="features for classes of objects, and what replaces undefined values",
    )


def _default_phenomenological() -> dict[str, FeatureSetting]:
    return {
        feature.name: FeatureSetting(include=feature.include_phenomenological)
        for feature in selectable("phenomenological")
    }


def _default_ontological() -> dict[str, ImputedFeatureSetting]:
    return {
        feature.name: ImputedFeatureSetting(
            include=feature.include_ontological, impute_strategy=feature.impute
        )
        for feature in selectable("ontological")
    }
