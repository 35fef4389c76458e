"""Draw the report of a target."""

from scope.cli.job import job

with job(snakemake.log[0]):
    from scope.report import plot_report

    plot_report(
        snakemake.input.catalog,
        list(snakemake.input.features),
        [snakemake.input.examples],
        snakemake.output[0],
        thresholds=snakemake.params.thresholds,
        classes=snakemake.params.classes,
        strange_below=snakemake.params.strange_below,
        stars=snakemake.input.stars,
    )
