"""Fetch the light curves of the best examples of each class."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.report import fetch_examples
    from scope.surveys.open import open_survey

    fetch_examples(
        snakemake.input.catalog,
        [
            open_survey(settings, snakemake.resources.kowalski)
            for settings in snakemake.params.surveys
        ],
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        strange_below=snakemake.params.strange_below,
        facts=snakemake.params.facts,
    )
