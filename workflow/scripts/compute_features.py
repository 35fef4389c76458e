"""Compute the features of one unit."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.features.compute_features import compute_features

    compute_features(
        snakemake.input.lightcurves,
        snakemake.input.sources,
        snakemake.input.crossmatch,
        snakemake.output[0],
        options=snakemake.params.options,
        backend=snakemake.params.backend,
        workers=snakemake.threads,
        facts=snakemake.params.facts,
    )
