"""Draw the curves of the loop with known labels, and write the gains."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.plot_queries import plot_queries

    plot_queries(
        snakemake.input,
        snakemake.output.figure,
        snakemake.output.gains,
        snakemake.wildcards.task,
    )
