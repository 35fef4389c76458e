"""Train a member of an ensemble and let it speak of the pool."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.loop import find_loop, train_member

    task = snakemake.wildcards.task
    train_member(
        task,
        int(snakemake.wildcards.round),
        int(snakemake.wildcards.member),
        snakemake.input.labels,
        snakemake.input.pool,
        snakemake.output[0],
        find_loop(task, snakemake.params.settings),
        snakemake.params.options,
    )
