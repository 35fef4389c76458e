"""Learn how the probabilities of a star's light curves become one."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.product.fuse_stars import fuse_stars
    from scope.tasks.variables.bundles.model_bundle import ModelBundle
    from scope.tasks.variables.training.fuse import Fusion

    fuse_stars(
        [ModelBundle.load(folder) for folder in snakemake.input.bundles],
        Fusion.load(snakemake.input.fusion),
        list(snakemake.input.scores),
        snakemake.input.training_set,
        snakemake.output[0],
    )
