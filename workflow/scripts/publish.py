"""Join the predictions of all algorithms into the catalogue of a target."""

from pathlib import Path

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog import publish_catalog
    from scope.catalog.field_check import CheckOptions
    from scope.catalog.probabilities import load_probabilities

    fusion = [Path(path).parent for path in snakemake.input.fusion]
    publish_catalog(
        list(snakemake.input.preds),
        snakemake.output[0],
        facts=snakemake.params.facts,
        nulls=snakemake.input.nulls,
        check=CheckOptions(**snakemake.params.check),
        probabilities=load_probabilities(
            [Path(path).parent for path in snakemake.input.bundles],
            fusion[0] if fusion else None,
            snakemake.params.parents,
            snakemake.params.options,
            exclusive=snakemake.params.exclusive,
            periodic=snakemake.params.periodic,
            listed=snakemake.params.listed,
        ),
    )
