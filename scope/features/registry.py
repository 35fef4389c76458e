"""The registry of features: the one source of their names, units, types and order.

Schemas, the configuration, the inputs of the models and the documentation come from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from scope.errors import ConfigError
from scope.features import definitions
from scope.features.crossmatch_catalogues import CATALOGUES, crossmatch_columns
from scope.features.definitions import DMDT, OPTIONAL_GROUPS, Feature, FeatureSet, FourierForm
from scope.schema import KEY_COLUMNS, N_EPOCHS, REASON, Column

if TYPE_CHECKING:
    from scope.features.options import FeatureOptions

__all__ = [
    "OPTIONAL_GROUPS",
    "REGISTRY",
    "Feature",
    "FeatureSet",
    "FourierForm",
    "feature_columns",
    "light_curve_columns",
    "model_features",
    "names_of",
    "product_columns",
    "selectable",
    "star_columns",
]

REGISTRY: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        *definitions.statistics(),
        *definitions.periods(),
        *definitions.fourier(),
        DMDT,
        *definitions.alerts(),
        *definitions.catalogues(),
        *definitions.positions(),
    )
}
"""All features by name, in the order of the columns; periodic ones without suffix."""


def names_of(group: str) -> tuple[str, ...]:
    """Return the names of the features of a group, in order."""
    return tuple(feature.name for feature in REGISTRY.values() if feature.group == group)


def selectable(kind: FeatureSet) -> tuple[Feature, ...]:
    """Return the features that a model of a list can be given, in the order of its inputs.

    First what comes from the light curve and the alerts, by name (ASCII order), then the
    catalogues one after the other, each by name: the order of the published models.

    Parameters
    ----------
    kind : {"phenomenological", "ontological"}
        Phenomenological models, which tell shapes of light curves, see no catalogue.

    Raises
    ------
    ConfigError
        If `kind` is neither.
    """
    if kind not in get_args(FeatureSet):
        raise ConfigError("list of features", value=kind, allowed=get_args(FeatureSet))
    catalogues = list(CATALOGUES)
    rank = {name: 1 + position for position, name in enumerate(catalogues)}
    chosen = [
        feature
        for feature in REGISTRY.values()
        if feature.dtype in ("float64", "int64", "int32")
        and (kind == "ontological" or feature.group not in rank)
    ]
    return tuple(sorted(chosen, key=lambda feature: (rank.get(feature.group, 0), feature.name)))


def model_features(
    kind: FeatureSet,
    period_suffix: str | None,
    include: Mapping[str, bool] | None = None,
) -> list[str]:
    """Return the columns that models of a list see, in the order of their inputs.

    Parameters
    ----------
    kind : {"phenomenological", "ontological"}
        35 or 61 features by default.
    period_suffix : str or None
        Period search whose columns they see; None leaves the names without suffix.
    include : mapping of str to bool, optional
        Features, by name without suffix, to see or not to see other than by default.

    Raises
    ------
    ConfigError
        If `kind` is neither, or `include` names a feature that the list or the period
        search cannot have.
    """
    from scope.periods.columns import JUDGED

    features = selectable(kind)
    chosen = {feature.name: getattr(feature, f"include_{kind}") for feature in features}
    for name, wanted in (include or {}).items():
        if name not in chosen:
            raise ConfigError(
                f"feature that {kind} models cannot be given", value=name, allowed=chosen
            )
        chosen[name] = wanted
    if chosen["log10_fap"] and period_suffix not in (None, *JUDGED):
        raise ConfigError(
            "false-alarm probability (log10_fap) of a period search that has none",
            value=period_suffix,
            allowed=JUDGED,
            todo="leave log10_fap out, or choose another features.info.period_suffix",
        )
    return [feature.column_name(period_suffix) for feature in features if chosen[feature.name]]


def light_curve_columns(options: FeatureOptions) -> list[Column]:
    """Return the columns that are computed from the light curve, in order."""
    from scope.periods import period_columns, suffixes

    columns = [_column(REGISTRY[name]) for name in names_of("statistics")]
    columns += period_columns(options.search)
    for suffix in suffixes(options.search):
        columns += [_fourier_column(REGISTRY[n], suffix, options) for n in names_of("fourier")]
    columns.append(_column(DMDT))
    return columns


def star_columns(options: FeatureOptions) -> list[Column]:
    """Return the columns that are computed from all light curves of a star, in order.

    With Fourier features at the joint period where models see it.
    """
    from scope.periods.columns import JOINT, joint_columns

    if options.bands_radius_arcsec is None:
        return []
    names = names_of("fourier") if options.joint_models else ()
    return [*joint_columns(), *(_fourier_column(REGISTRY[n], JOINT, options) for n in names)]


def feature_columns(options: FeatureOptions) -> list[Column]:
    """Return the columns of features in a product, in order.

    Statistics, periods, Fourier features, dmdt, where asked for the joint periods of stars,
    alerts, catalogues and the flags of the cross-match.
    """
    return [*light_curve_columns(options), *star_columns(options), *crossmatch_columns()]


def product_columns(options: FeatureOptions, keys: Sequence[Column] = KEY_COLUMNS) -> list[Column]:
    """Return all columns of a file of features, in order: keys, epochs, reason, features."""
    return [
        *keys,
        N_EPOCHS.required(),
        REASON,
        *feature_columns(options),
    ]


def _column(feature: Feature) -> Column:
    return Column(
        feature.name,
        feature.dtype,
        feature.unit,
        True,
        f"{feature.description}: {feature.source}",
        feature.kind,
        feature.ucd,
    )


def _fourier_column(feature: Feature, suffix: str, options: FeatureOptions) -> Column:
    """Return a column whose unit says which form it has."""
    raw, _, polar = feature.unit.partition(" or ")
    unit = polar if polar and options.fourier == "polar" else raw
    return Column(
        feature.column_name(suffix),
        feature.dtype,
        "" if unit == "1" else unit,
        True,
        f"{feature.description}, at period_{suffix}: {feature.source}",
        feature.kind,
        feature.ucd,
    )
