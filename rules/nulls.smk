"""Score light curves in which nothing can be found: a sample, shuffled and drawn as noise.

in   results/features/{target}/{unit}.parquet     which light curves have features; the survey
     models/{algo}/{group}/                       the bundles in use
out  results/nulls/lightcurves/{target}.parquet   null light curves [d, mag], a few per cent of
                                                  the target's
     results/nulls/scores/{target}.parquet        scores of all algorithms; what merge and
                                                  publish count beside those of the real rows
"""


rule fetch_nulls:
    input:
        features=feature_units,
        archive=target_archive_inputs,
    output:
        "results/nulls/lightcurves/{target}.parquet",
    log:
        "logs/fetch_nulls/{target}.log",
    benchmark:
        "benchmarks/fetch_nulls/{target}.tsv"
    resources:
        mem_mb=memory("fetch_nulls"),
        runtime=minutes("fetch_nulls"),
        kowalski=queries,
    params:
        version=STAGES["nulls"],
        surveys=target_surveys,
        cleaning=CONFIG.cleaning_options(),
        sample=CONFIG.field_check.sample(),
        facts=FACTS,
    script:
        "../workflow/scripts/fetch_nulls.py"


rule score_nulls:
    input:
        nulls="results/nulls/lightcurves/{target}.parquet",
        bundles=bundle_manifests,
    output:
        "results/nulls/scores/{target}.parquet",
    log:
        "logs/score_nulls/{target}.log",
    benchmark:
        "benchmarks/score_nulls/{target}.tsv"
    threads: 8
    resources:
        mem_mb=memory("score_nulls"),
        runtime=minutes("score_nulls"),
        gpu=0,
    params:
        version=(
            STAGES["features"],
            STAGES["imputed"],
            STAGES["scores"],
            STAGES["nulls"],
        ),
        options=CONFIG.feature_options(),
        backend=CONFIG.backend(),
        classes=CONFIG.inference.classes,
        facts=FACTS,
    script:
        "../workflow/scripts/score_nulls.py"
