"""Prepare what may be asked about."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.loop import prepare_pool

    prepare_pool(snakemake.wildcards.task, snakemake.params.settings, snakemake.output[0])
