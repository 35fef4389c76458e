"""Compute the features of labelled light curves."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.features.generate_features import generate_features

    generate_features(
        f"{snakemake.input[0]}/lightcurves.parquet",
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        options=snakemake.params.options,
        workers=snakemake.threads,
        facts=snakemake.params.facts,
    )
