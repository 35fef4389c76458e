"""Write one row per star of a catalogue, from all its light curves."""

from pathlib import Path

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog.prevalence_options import prevalence_options
    from scope.models.calibration.class_tree import ClassTree
    from scope.product.publish_stars import publish_stars
    from scope.product.star_fusion import StarFusion

    fusion = [Path(path).parent for path in snakemake.input.fusion]
    publish_stars(
        [snakemake.input.catalog],
        list(snakemake.input.features),
        snakemake.output[0],
        fusion=StarFusion.load(fusion[0]) if fusion else None,
        tree=ClassTree(
            snakemake.params.parents,
            frozenset(snakemake.params.exclusive),
            frozenset(snakemake.params.periodic),
        ),
        options=prevalence_options(snakemake.params.options, snakemake.params.listed),
        facts=snakemake.params.facts,
    )
