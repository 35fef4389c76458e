"""Prepare what may be asked about."""

from pathlib import Path

from scope.cli.job import job

with job(snakemake.log[0]):
    from scope.active.loop import find_loop

    folder = Path(snakemake.output[0])
    folder.mkdir(parents=True, exist_ok=True)
    find_loop(snakemake.wildcards.task, snakemake.params.settings).prepare(folder)
