"""Learn how the probabilities of a star's light curves become one."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.classifiers.bundle import ModelBundle
    from scope.classifiers.fusion import Fusion
    from scope.product.fuse_stars import fuse_stars

    fuse_stars(
        [ModelBundle.load(folder) for folder in snakemake.input.bundles],
        Fusion.load(snakemake.input.fusion),
        list(snakemake.input.scores),
        snakemake.input.training_set,
        snakemake.output[0],
    )
