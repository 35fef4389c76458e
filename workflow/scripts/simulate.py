"""Simulate one quadrant in the archive layout."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.simulation import simulate_quadrant

    simulate_quadrant(snakemake.output[0], **snakemake.params.settings)
