"""Turn cleaned light curves into features.

in   results/sources, results/lightcurves, results/crossmatch   one unit
out  results/features/{target}/{unit}.parquet   every row of sources; features or the reason
                                                for having none
"""


rule compute_features:
    input:
        sources="results/sources/{target}/{unit}.parquet",
        lightcurves="results/lightcurves/{target}/{unit}.parquet",
        crossmatch="results/crossmatch/{target}/{unit}.parquet",
    output:
        "results/features/{target}/{unit}.parquet",
    log:
        "logs/compute_features/{target}/{unit}.log",
    benchmark:
        "benchmarks/compute_features/{target}/{unit}.tsv"
    threads: 8
    resources:
        mem_mb=memory("compute_features"),
        runtime=minutes("compute_features"),
        gpu=0,
    params:
        version=STAGES["features"],
        options=CONFIG.feature_options(),
        backend=CONFIG.backend(),
        facts=FACTS,
    script:
        "../workflow/scripts/compute_features.py"
