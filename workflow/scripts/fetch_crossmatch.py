"""Match the sources of one unit with Gaia, AllWISE, PS1 and the alerts."""

from scope.cli.job import job

with job(snakemake.log[0]):
    from scope.surveys.archive import Archive
    from scope.surveys.fetch import fetch_crossmatch

    fetch_crossmatch(
        Archive(**snakemake.params.archive),
        snakemake.input.sources,
        snakemake.output[0],
        radius_arcsec=snakemake.params.radius_arcsec,
        facts=snakemake.params.facts,
    )
