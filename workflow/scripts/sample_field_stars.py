"""Draw quiet stars of real fields for training, as they are and with a signal."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.field_stars import FieldStarOptions, sample_field_stars
    from scope.surveys.open import open_archive

    sample_field_stars(
        open_archive(snakemake.input[0], snakemake.params.release),
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        options=FieldStarOptions(**snakemake.params.options),
        facts=snakemake.params.facts,
    )
