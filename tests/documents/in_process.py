"""The stages of the workflow one after the other in this process, for tests of commands.

What the rules do, file by file; that Snakemake does the same with them is seen in
tests/workflow and in `test_run_scope_local`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scope.catalog import export, gather, merge
from scope.config.model import Config
from scope.features.compute_features import compute_features
from scope.inference import infer
from scope.preprocessing import impute
from scope.surveys.fetch_crossmatch import fetch_crossmatch
from scope.surveys.fetch_lightcurves import fetch_lightcurves
from scope.surveys.fetch_sources import fetch_sources
from scope.surveys.open import open_survey
from scope.targets import parse_target
from scope.targets.fetch_list import fetch_list
from scope.targets.plan import Plan, is_list, listed_file
from scope.tasks.variables.bundles.model_bundle import PREPROCESSING
from scope.workflows.scoring import load_groups


def run_workflow(products: Sequence[str | Path], config: Config, *, cores: int = 1) -> None:
    """Make products below ``results``: features of units, and predictions."""
    plan = Plan(config)
    for product in map(Path, products):
        kind = product.parts[1]
        if kind == "features":
            _features(plan, product.parts[2], product.stem, cores)
        elif kind.startswith("preds_"):
            _predictions(plan, product, kind.removeprefix("preds_"), cores)
        else:
            raise AssertionError(product)


def _features(plan: Plan, target: str, unit: str, cores: int) -> Path:
    if is_list(target) and not Path(listed_file(target)).is_file():
        section = plan.source_list(target)
        fetch_list(
            open_survey(plan.list_survey(target)),
            section.path,
            listed_file(target),
            Path(listed_file(target)).with_name("rows.parquet"),
            cone_radius_arcsec=section.cone_radius_arcsec,
        )
    config, field = plan.config, parse_target(target).field
    survey = open_survey(plan.survey_settings(target, unit))
    sources, curves, matches, features = (
        Path(f"results/{stage}/{target}/{unit}.parquet")
        for stage in ("sources", "lightcurves", "crossmatch", "features")
    )
    fetch_sources(survey, field, unit, sources, bright_star=config.bright_star_options())
    fetch_lightcurves(survey, sources, field, unit, curves, cleaning=config.cleaning_options())
    fetch_crossmatch(survey, sources, matches, radius_arcsec=config.xmatch_radius_arcsec())
    compute_features(
        curves,
        sources,
        matches,
        features,
        options=config.feature_options(),
        backend=config.backend(),
        workers=cores,
    )
    return features


def _predictions(plan: Plan, product: Path, algorithm: str, cores: int) -> None:
    if product.suffix != ".parquet":
        export(product.with_suffix(".parquet"), product)
        return
    target = product.stem
    group = plan.config.inference.group_of(algorithm)
    (bundle,) = load_groups({algorithm: group})
    imputed = []
    for unit in plan.units(target):
        imputed.append(Path(f"results/imputed/{target}/{unit}.parquet"))
        features = _features(plan, target, unit, cores)
        impute(features, imputed[-1], bundle.folder / PREPROCESSING)
    gathered, scores = (Path(f"results/{name}/{target}.parquet") for name in ("gathered", "scores"))
    gather(imputed, gathered)
    infer(gathered, scores, bundle=bundle, classes=plan.config.inference.classes)
    merge(gathered, [scores], product, algorithm=algorithm)
