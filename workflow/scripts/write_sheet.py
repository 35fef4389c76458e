"""Write the sheet of a round for people."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.loop import find_loop
    from scope.active.sheet import write_sheet

    write_sheet(
        snakemake.input.queries,
        snakemake.input.scores,
        snakemake.input.pool,
        snakemake.output.table,
        snakemake.output.page,
        find_loop(snakemake.wildcards.task, snakemake.params.settings),
    )
