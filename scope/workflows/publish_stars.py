"""One row per star of the catalogues of one or several fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.checkout import SHIPPED_MODELS
from scope.errors import UsageError


def publish_stars(
    catalogs: Sequence[str],
    output: str,
    report: Callable[[str], None],
    *,
    features: Sequence[str] | None = None,
    radius: float = 1.5,
    models_dir: str | None = None,
    config_path: str | None = None,
) -> None:
    """Write the stars, and say how many there are.

    Parameters
    ----------
    catalogs : sequence of str
        Files of ``results/catalog``, one per field.
    output : str
        Table of stars to write.
    report : callable
        Gets what is to be said, line by line.
    features : sequence of str, optional
        Units of features; by default those beside each catalogue.
    radius : float
        Light curves this near are of one star, arcsec; above 0, at most 60.
    models_dir : str, optional
        Folder of the models; by default ./models, then those of the checkout.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If the radius, a file or the configuration cannot be used.
    """
    from scope.catalog.probabilities import prevalence_options
    from scope.config.load import load_config
    from scope.models.calibration.class_tree import ClassTree
    from scope.product import publish_stars as library
    from scope.product.star_fusion import star_fusion_in_use
    from scope.targets.paths import units_beside

    if not 0 < radius <= 60:
        raise UsageError("--radius", value=radius, allowed="above 0, at most 60 arcsec")
    config = load_config(config_path=config_path)
    places = [models_dir] if models_dir else [Path("models"), SHIPPED_MODELS]
    groups: dict[str, str] = {
        name: config.inference.group_of(name) for name in config.inference.algorithms
    }
    fusion = star_fusion_in_use(places, groups)
    units: Sequence[str | Path] = features or units_beside(catalogs, "features")
    count = library.publish_stars(
        catalogs,
        units,
        output,
        fusion=fusion,
        tree=ClassTree(
            config.class_parents(),
            frozenset(config.exclusive_classes()),
            frozenset(config.periodic_classes()),
        ),
        options=prevalence_options(config.probabilities.model_dump(), False),
        radius_arcsec=radius,
        facts={"config_hash": config.config_hash},
    )
    report(f"{count:,} stars in {output}")
    if not units:
        report("no features were found: the stars have no magnitudes (--features)")
    if fusion is None:
        report("the models in use have no fusion of light curves: no probabilities of stars")
