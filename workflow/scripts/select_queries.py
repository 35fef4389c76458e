"""Choose the objects that people are asked about."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.ledger import Ledger
    from scope.active.loop import find_loop, query_round

    task = snakemake.wildcards.task
    query_round(
        task,
        int(snakemake.wildcards.round),
        snakemake.input.members,
        snakemake.input.labels,
        snakemake.input.pool,
        snakemake.output[0],
        Ledger(snakemake.params.ledger),
        find_loop(task, snakemake.params.settings),
        snakemake.params.options,
    )
