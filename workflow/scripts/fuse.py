"""Learn how the probabilities of both algorithms become one."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.classifiers.bundle import ModelBundle
    from scope.classifiers.fusion import fuse

    fuse(
        [ModelBundle.load(folder) for folder in snakemake.input.bundles],
        list(snakemake.input.scores),
        snakemake.output[0],
    )
