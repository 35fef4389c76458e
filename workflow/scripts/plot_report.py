"""Draw the report of a target, and the pages of its examples."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.desk.example_pages import write_example_pages
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
        pages=f"stars/{snakemake.wildcards.target}.html",
    )
    write_example_pages(
        snakemake.input.stars,
        snakemake.input.examples,
        snakemake.output.stars,
        features=list(snakemake.input.features),
        labels=snakemake.params.classes,
    )
