"""Join the scores of one algorithm to the rows of a target."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog import merge
    from scope.catalog.field_check import CheckOptions

    merge(
        snakemake.input.gathered,
        list(snakemake.input.scores),
        snakemake.output[0],
        algorithm=snakemake.wildcards.algo,
        nulls=next(iter(snakemake.input.nulls), None),
        check=CheckOptions(**snakemake.params.check),
        facts=snakemake.params.facts,
    )
