"""Write predictions as CSV or HDF5."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog import export

    export(snakemake.input[0], snakemake.output[0])
