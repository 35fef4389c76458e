"""Fetch the light curves of the best examples of each class."""

from scope.cli.job import job

with job(snakemake.log[0]):
    from scope.report import fetch_examples
    from scope.surveys.archive import Archive

    fetch_examples(
        snakemake.input.catalog,
        [Archive(**arguments) for arguments in snakemake.params.archives],
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        facts=snakemake.params.facts,
    )
