"""Score the nulls of a target by the functions and models of its light curves."""

from pathlib import Path

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.catalog.score_nulls import score_nulls
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

    score_nulls(
        snakemake.input.nulls,
        snakemake.output[0],
        bundles=[ModelBundle.load(Path(path).parent) for path in snakemake.input.bundles],
        options=snakemake.params.options,
        backend=snakemake.params.backend,
        workers=snakemake.threads,
        classes=snakemake.params.classes,
        facts=snakemake.params.facts,
    )
