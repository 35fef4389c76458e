"""Train model bundles; `snakemake train` rebuilds the starter models from simulated stars.

in   results/features/{target}/{unit}.parquet    the training targets of the configuration
     results/simulation/{target}/{unit}/         with the truth of each simulated star
out  results/training/{group}.parquet            features, labels and the star of each row
     results/models/{algo}/{group}/              a model bundle; `make starter` installs it
     results/training_scores/{algo}/{group}.parquet   scores of the training set, out of fold
     results/models/fused/{group}/               how both algorithms make one probability
"""


rule train:
    """Bundles of all algorithms for the configured group, and their fusion."""
    input:
        trained_models(),


rule assemble_training_set:
    input:
        features=training_features,
        truth=training_truth,
    output:
        "results/training/{group}.parquet",
    log:
        "logs/assemble_training_set/{group}.log",
    benchmark:
        "benchmarks/assemble_training_set/{group}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory("assemble_training_set"),
        runtime=minutes("assemble_training_set"),
    params:
        version=STAGES["training_set"],
        facts=FACTS,
    script:
        "../workflow/scripts/assemble_training_set.py"


rule train_bundle:
    input:
        "results/training/{group}.parquet",
    output:
        bundle=directory("results/models/{algo}/{group}"),
        scores="results/training_scores/{algo}/{group}.parquet",
    log:
        "logs/train_bundle/{algo}/{group}.log",
    benchmark:
        "benchmarks/train_bundle/{algo}/{group}.tsv"
    conda:
        "../envs/cpu.yaml"
    threads: 8
    resources:
        mem_mb=memory("train_bundle"),
        runtime=minutes("train_bundle"),
        gpu=0,
    params:
        version=STAGES["bundle"],
        settings=bundle_settings,
    script:
        "../workflow/scripts/train_bundle.py"


rule fuse:
    input:
        bundles=expand("results/models/{algo}/{{group}}", algo=ALGORITHMS),
        scores=expand(
            "results/training_scores/{algo}/{{group}}.parquet", algo=ALGORITHMS
        ),
    output:
        directory("results/models/fused/{group}"),
    log:
        "logs/fuse/{group}.log",
    benchmark:
        "benchmarks/fuse/{group}.tsv"
    conda:
        "../envs/cpu.yaml"
    resources:
        mem_mb=memory("fuse"),
        runtime=minutes("fuse"),
    params:
        version=STAGES["fusion"],
    script:
        "../workflow/scripts/fuse.py"
