"""Fetch and clean the light curves of one unit."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.fetch_lightcurves import fetch_lightcurves
    from scope.surveys.open import open_survey
    from scope.targets import parse_target

    fetch_lightcurves(
        open_survey(snakemake.params.survey, snakemake.resources.kowalski),
        snakemake.input.sources,
        parse_target(snakemake.wildcards.target).field,
        snakemake.wildcards.unit,
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        facts=snakemake.params.facts,
    )
