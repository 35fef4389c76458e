"""Join features and labels into a training set."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.tasks.variables.training.train_bundle import assemble_training_set

    assemble_training_set(
        list(snakemake.input.features),
        [f"{folder}/truth.parquet" for folder in snakemake.input.truth],
        snakemake.output[0],
        without_matches=snakemake.params.without_matches,
        facts=snakemake.params.facts,
    )
