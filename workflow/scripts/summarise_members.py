"""Sum up what the members of an ensemble say."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.active.loop import find_loop
    from scope.active.scoring import score_round

    score_round(
        snakemake.input.members,
        snakemake.input.labels,
        snakemake.output[0],
        find_loop(snakemake.wildcards.task, snakemake.params.settings).classes,
    )
