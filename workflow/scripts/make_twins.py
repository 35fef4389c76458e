"""Copy training light curves, so that no class is told from its cadence."""

from scope.runs.job import job

with job(snakemake.log[0]):
    from pathlib import Path

    from scope.surveys.twins import CopyOptions, make_twins

    folder = Path(snakemake.input.light_curves)
    make_twins(
        folder / "lightcurves.parquet" if folder.is_dir() else folder,
        f"{snakemake.input.truth}/truth.parquet",
        snakemake.output[0],
        cleaning=snakemake.params.cleaning,
        options=CopyOptions(**snakemake.params.options),
        facts=snakemake.params.facts,
    )
