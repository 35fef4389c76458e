"""Draw a sample of a target's light curves and make them null."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog.fetch_nulls import SampleOptions, fetch_nulls
    from scope.surveys.open import open_survey

    fetch_nulls(
        list(snakemake.input.features),
        [
            open_survey(settings, snakemake.resources.kowalski)
            for settings in snakemake.params.surveys
        ],
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        sample=SampleOptions(**snakemake.params.sample),
        facts=snakemake.params.facts,
    )
