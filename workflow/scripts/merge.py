"""Join the scores of one algorithm to the rows of a target."""

from scope.cli.job import job

with job(snakemake.log[0]):
    from scope.catalog import merge

    merge(
        snakemake.input.gathered,
        list(snakemake.input.scores),
        snakemake.output[0],
        algorithm=snakemake.wildcards.algo,
        facts=snakemake.params.facts,
    )
