"""Train one algorithm on a training set."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.tasks.variables.training.train_bundle import train_bundle

    train_bundle(
        snakemake.input[0],
        snakemake.output.bundle,
        scores_output=snakemake.output.scores,
        algorithm=snakemake.wildcards.algo,
        workers=snakemake.threads,
        **snakemake.params.settings,
    )
