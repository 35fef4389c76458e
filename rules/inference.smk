"""Fill and scale features as the models were trained, and score every class.

in   results/features/{target}/{unit}.parquet
     models/{algo}/{group}/                     a model bundle
out  results/imputed/{preprocessing}/{target}/{unit}.parquet   model-ready columns and what was
                                                               filled; {preprocessing} = first 12
                                                               hex of the frozen preprocessing
     results/gathered/{preprocessing}/{target}.parquet         all units, in order of _id
     results/scores_{algo}/{target}/{group}/{classes}.parquet  one class, or `all`
"""


rule impute:
    input:
        features="results/features/{target}/{unit}.parquet",
        preprocessing=preprocessing_file,
    output:
        "results/imputed/{preprocessing}/{target}/{unit}.parquet",
    log:
        "logs/impute/{preprocessing}/{target}/{unit}.log",
    benchmark:
        "benchmarks/impute/{preprocessing}/{target}/{unit}.tsv"
    resources:
        mem_mb=memory("impute"),
        runtime=minutes("impute"),
    params:
        version=STAGES["imputed"],
        facts=FACTS,
    script:
        "../workflow/scripts/impute.py"


rule gather:
    input:
        imputed_units,
    output:
        "results/gathered/{preprocessing}/{target}.parquet",
    log:
        "logs/gather/{preprocessing}/{target}.log",
    benchmark:
        "benchmarks/gather/{preprocessing}/{target}.tsv"
    resources:
        mem_mb=memory("gather"),
        runtime=minutes("gather"),
    params:
        version=STAGES["gathered"],
    script:
        "../workflow/scripts/gather.py"


rule infer:
    input:
        gathered=gathered_file,
        bundle=bundle_manifest,
    output:
        "results/scores_{algo}/{target}/{group}/{classes}.parquet",
    log:
        "logs/infer/{algo}/{target}/{group}/{classes}.log",
    benchmark:
        "benchmarks/infer/{algo}/{target}/{group}/{classes}.tsv"
    threads: 8
    resources:
        mem_mb=memory("infer"),
        runtime=minutes("infer"),
        gpu=0,
    params:
        version=STAGES["scores"],
        rows=CONFIG.inference.batch_rows,
    script:
        "../workflow/scripts/infer.py"
