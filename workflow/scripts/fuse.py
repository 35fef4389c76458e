"""Learn how the probabilities of both algorithms become one."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.tasks.variables.bundles.model_bundle import ModelBundle
    from scope.tasks.variables.training.fuse import fuse

    fuse(
        [ModelBundle.load(folder) for folder in snakemake.input.bundles],
        list(snakemake.input.scores),
        snakemake.output[0],
    )
