"""Match the sources of one unit with Gaia, AllWISE, PS1 and the alerts."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.fetch_crossmatch import fetch_crossmatch
    from scope.surveys.open import open_survey

    fetch_crossmatch(
        open_survey(snakemake.params.survey, snakemake.resources.kowalski),
        snakemake.input.sources,
        snakemake.output[0],
        radius_arcsec=snakemake.params.radius_arcsec,
        facts=snakemake.params.facts,
    )
