"""Put the units of a target into one file, in order of _id."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog import gather

    gather(list(snakemake.input), snakemake.output[0])
