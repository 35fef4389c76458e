"""List the sources of one unit."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.fetch_sources import fetch_sources
    from scope.surveys.open import open_survey
    from scope.targets import parse_target

    fetch_sources(
        open_survey(snakemake.params.survey, snakemake.resources.kowalski),
        parse_target(snakemake.wildcards.target).field,
        snakemake.wildcards.unit,
        snakemake.output[0],
        bright_star=snakemake.params.bright_star,
        facts=snakemake.params.facts,
    )
