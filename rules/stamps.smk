"""Score the image stamps of a night of alerts: real or bogus.

in   stamps.alerts.<night>          alert packets (Avro): a folder or a tar archive
     models/stamps/{algo}/{group}/  a model bundle
out  results/stamps/{night}.parquet every alert in order of candid: score, or why there is none;
                                    ra, dec [deg], jd [d], mag
"""

STAMPS = CONFIG.stamps


wildcard_constraints:
    night=r"[A-Za-z0-9][\w.-]*",


@clearly
def night_alerts(wildcards):
    """The packets of a configured night."""
    from scope.tasks.stamps.nights import alerts_of

    return alerts_of(wildcards.night, STAMPS.alerts)


@clearly
def stamp_bundle(wildcards):
    """The manifest of the model that scores stamps."""
    from scope.tasks.stamps.nights import stamp_bundle_folder

    roots = [Path("models"), Path(workflow.basedir) / "models"]
    return str(stamp_bundle_folder(roots, STAMPS.algorithm, STAMPS.group) / MANIFEST)


rule score_stamps:
    input:
        alerts=night_alerts,
        bundle=stamp_bundle,
    output:
        "results/stamps/{night}.parquet",
    log:
        "logs/score_stamps/{night}.log",
    benchmark:
        "benchmarks/score_stamps/{night}.tsv"
    resources:
        mem_mb=1500,
        runtime=120,
    params:
        version=STAGES["stamp_scores"],
        chunk=STAMPS.chunk,
    script:
        "../workflow/scripts/score_stamps.py"
