"""Make labelled light curves of other surveys look as ZTF would have seen them."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.surveys.resample_labelled import resample_labelled

    resample_labelled(
        output=snakemake.output[0],
        label_map=snakemake.input.label_map,
        **snakemake.params.settings,
    )
