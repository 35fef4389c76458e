"""Find the light curves of a list of sources."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.open import open_survey
    from scope.targets.fetch_list import fetch_list

    fetch_list(
        open_survey(snakemake.params.survey, snakemake.resources.kowalski),
        snakemake.input[0],
        snakemake.output.listed,
        snakemake.output.rows,
        cone_radius_arcsec=snakemake.params.cone_radius_arcsec,
        facts=snakemake.params.facts,
    )
