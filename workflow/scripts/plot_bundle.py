"""Draw the page about trained models."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.report.plot_bundle import plot_bundle

    plot_bundle(snakemake.input[0], snakemake.output[0], labels=snakemake.params.labels)
