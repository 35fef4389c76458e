"""Fill and scale the features of one unit as the models were trained."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.preprocessing import impute

    impute(
        snakemake.input.features,
        snakemake.output[0],
        snakemake.input.preprocessing,
        facts=snakemake.params.facts,
    )
