"""Take the answers of the round before into the ledger."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.ledger import Ledger
    from scope.active.loop import find_loop, merge_labels

    # None in the first round, nor where the ledger has all answers already.
    task = snakemake.wildcards.task
    answers = [path for path in snakemake.input.answers if path.endswith("answers.csv")]
    merge_labels(
        Ledger(snakemake.params.ledger),
        task,
        int(snakemake.wildcards.round),
        answers[0] if answers else None,
        snakemake.output[0],
        find_loop(task, snakemake.params.settings),
        snakemake.input.pool,
        snakemake.params.options,
    )
