"""Score the image stamps of a night of alerts: real or bogus.

in   stamps.alerts.<night>          alert packets (Avro): a folder or a tar archive
     models/stamps/{algo}/{group}/  a model bundle
out  results/stamps/{night}.parquet every alert in order of candid: score, or why there is none;
                                    ra, dec [deg], jd [d], mag
"""


wildcard_constraints:
    night=r"[A-Za-z0-9][\w.-]*",


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
        mem_mb=memory("score_stamps"),
        runtime=minutes("score_stamps"),
    params:
        version=STAGES["stamp_scores"],
        chunk=CONFIG.stamps.chunk,
    script:
        "../workflow/scripts/score_stamps.py"
