"""Join the predictions of all algorithms into the catalogue of a target."""

from scope.cli.job import job

with job(snakemake.log[0]):
    from scope.catalog import publish_catalog

    publish_catalog(list(snakemake.input.preds), snakemake.output[0], facts=snakemake.params.facts)
