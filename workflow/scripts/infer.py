"""Score one class, or all, for a target."""

from pathlib import Path

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.inference import infer
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

    classes = snakemake.wildcards.classes
    infer(
        snakemake.input.gathered,
        snakemake.output[0],
        bundle=ModelBundle.load(Path(snakemake.input.bundle).parent),
        classes=None if classes == "all" else [classes],
        rows=snakemake.params.rows,
        workers=snakemake.threads,
    )
