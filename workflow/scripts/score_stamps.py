"""Score the alerts of a night."""

from pathlib import Path

from scope.runs.job import job

with job(snakemake.log[0]):
    from scope.tasks.stamps.score_alerts import score_alerts
    from scope.tasks.stamps.stamp_model import StampModel

    score_alerts(
        snakemake.input.alerts,
        snakemake.output[0],
        StampModel.load(Path(snakemake.input.bundle).parent),
        chunk=snakemake.params.chunk,
    )
