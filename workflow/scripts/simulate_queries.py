"""Play the loop of questions with known labels, in one split."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.loop import find_loop
    from scope.active.simulate_queries import simulate_queries

    task = snakemake.wildcards.task
    simulate_queries(
        task,
        int(snakemake.wildcards.split),
        snakemake.input.pool,
        snakemake.input.labels,
        snakemake.output[0],
        find_loop(task, snakemake.params.settings),
        snakemake.params.options,
    )
