"""Join scores to rows: the product, the catalogue of both algorithms, the report.

in   results/gathered/{preprocessing}/{target}.parquet, results/scores_{algo}/{target}/{group}/
     results/nulls/scores/{target}.parquet   what the models find where nothing is
     models/{algo}/{group}/, models/fused/{group}/   what makes probabilities of scores
out  results/preds_{algo}/{target}.parquet    the product; .csv and .h5 beside it on request
     results/catalog/{target}.parquet         both algorithms, one row per light curve
     results/stars/{target}.parquet           one row per star, from all its light curves
     results/examples/{target}.parquet        light curves of the best examples of each class
     results/report/{target}.html             a self-contained page
     results/report/stars/{target}.html       the pages of the stars that it has for examples
"""


rule merge:
    input:
        gathered=gathered_file,
        scores=score_files,
        nulls=null_scores,
    output:
        "results/preds_{algo}/{target}.parquet",
    log:
        "logs/merge/{algo}/{target}.log",
    benchmark:
        "benchmarks/merge/{algo}/{target}.tsv"
    resources:
        mem_mb=memory("merge"),
        runtime=minutes("merge"),
    params:
        version=STAGES["preds"],
        check=CONFIG.check_limits(),
        facts=FACTS,
    script:
        "../workflow/scripts/merge.py"


rule export:
    input:
        "results/preds_{algo}/{target}.parquet",
    output:
        "results/preds_{algo}/{target}.{suffix}",
    log:
        "logs/export/{algo}/{target}.{suffix}.log",
    benchmark:
        "benchmarks/export/{algo}/{target}.{suffix}.tsv"
    wildcard_constraints:
        suffix="csv|h5",
    resources:
        mem_mb=memory("export"),
        runtime=minutes("export"),
    params:
        version=STAGES["preds"],
    script:
        "../workflow/scripts/export.py"


rule publish:
    input:
        preds=prediction_files,
        bundles=bundle_manifests,
        fusion=fusion_manifest,
        nulls="results/nulls/scores/{target}.parquet",
    output:
        "results/catalog/{target}.parquet",
    log:
        "logs/publish/{target}.log",
    benchmark:
        "benchmarks/publish/{target}.tsv"
    resources:
        mem_mb=memory("publish"),
        runtime=minutes("publish"),
    params:
        version=STAGES["catalog"],
        parents=CONFIG.class_parents(),
        exclusive=CONFIG.exclusive_classes(),
        periodic=CONFIG.periodic_classes(),
        listed=is_listed,
        options=CONFIG.probabilities.model_dump(),
        check=CONFIG.check_limits(),
        facts=FACTS,
    script:
        "../workflow/scripts/publish.py"


rule publish_stars:
    input:
        catalog="results/catalog/{target}.parquet",
        features=feature_units,
        fusion=star_fusion_manifest,
    output:
        "results/stars/{target}.parquet",
    log:
        "logs/publish_stars/{target}.log",
    benchmark:
        "benchmarks/publish_stars/{target}.tsv"
    resources:
        mem_mb=memory("publish_stars"),
        runtime=minutes("publish_stars"),
    params:
        version=STAGES["stars"],
        parents=CONFIG.class_parents(),
        exclusive=CONFIG.exclusive_classes(),
        periodic=CONFIG.periodic_classes(),
        listed=is_listed,
        options=CONFIG.probabilities.model_dump(),
        facts=FACTS,
    script:
        "../workflow/scripts/publish_stars.py"


rule fetch_examples:
    input:
        catalog="results/catalog/{target}.parquet",
        archive=target_archive_inputs,
    output:
        "results/examples/{target}.parquet",
    log:
        "logs/fetch_examples/{target}.log",
    benchmark:
        "benchmarks/fetch_examples/{target}.tsv"
    resources:
        mem_mb=memory("fetch_examples"),
        runtime=minutes("fetch_examples"),
        kowalski=queries,
    params:
        version=STAGES["report"],
        surveys=target_surveys,
        cleaning=CONFIG.cleaning_options(),
        strange_below=CONFIG.probabilities.strange_below,
        facts=FACTS,
    script:
        "../workflow/scripts/fetch_examples.py"


rule plot_report:
    input:
        catalog="results/catalog/{target}.parquet",
        stars="results/stars/{target}.parquet",
        features=feature_units,
        examples="results/examples/{target}.parquet",
    output:
        report(
            "results/report/{target}.html",
            category="targets",
            labels={"target": "{target}"},
        ),
        stars="results/report/stars/{target}.html",
    log:
        "logs/plot_report/{target}.log",
    benchmark:
        "benchmarks/plot_report/{target}.tsv"
    resources:
        mem_mb=memory("plot_report"),
        runtime=minutes("plot_report"),
    params:
        version=STAGES["report"],
        thresholds=CONFIG.thresholds_by_name(),
        classes=CONFIG.class_labels(),
        strange_below=CONFIG.probabilities.strange_below,
    script:
        "../workflow/scripts/plot_report.py"
