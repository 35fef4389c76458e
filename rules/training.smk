"""Train model bundles; `snakemake train` rebuilds the starter models from simulated stars.

in   results/features/{target}/{unit}.parquet    the training targets of the configuration
     results/simulation/{target}/{unit}/         with the truth of each simulated star
     {training.labelled.folder}/{set}/           light curves and labels of other surveys
     {training.field_stars.archive}              real fields, whose stars nobody labelled
     training.dataset, if set, in place of all
     {training.catalogues.tables}                published catalogues of variable stars
out  results/labelled/                           those, as ZTF would have seen them
     results/field_stars/                        quiet stars of fields, as they are and with
                                                 simulated signals
     results/catalogued/                         light curves of the archive that are stars of
                                                 the catalogues, and what became of all rows
     results/twins/{origin}/                     copies of all, on their epochs: without
                                                 variability, and with few epochs
     results/training/{group}.parquet            features, labels and the star of each row
     results/models/{algo}/{group}/              a model bundle; `make starter` installs it
     results/training_scores/{algo}/{group}.parquet   scores of the training set, out of fold
     results/models/fused/{group}/               how both algorithms make one probability
     results/models/stars/{group}/               how all light curves of a star make one
     results/report/models/{kind}_{group}.html   a page about each of the first three
"""


rule train:
    """Bundles of all algorithms for the configured group, their fusions, and a page each."""
    input:
        trained_models(),
        model_pages(),


rule resample_labelled:
    input:
        tables=labelled_tables,
        label_map=label_map,
    output:
        directory("results/labelled/lightcurves"),
    log:
        "logs/resample_labelled.log",
    benchmark:
        "benchmarks/resample_labelled.tsv"
    resources:
        mem_mb=memory("resample_labelled"),
        runtime=minutes("resample_labelled"),
    params:
        version=STAGES["labelled"],
        settings=CONFIG.training.labelled.model_dump(exclude={"label_map"}),
    script:
        "../workflow/scripts/resample_labelled.py"


rule sample_field_stars:
    input:
        field_star_archive,
    output:
        directory("results/field_stars/lightcurves"),
    log:
        "logs/sample_field_stars.log",
    benchmark:
        "benchmarks/sample_field_stars.tsv"
    resources:
        mem_mb=memory("sample_field_stars"),
        runtime=minutes("sample_field_stars"),
    params:
        version=STAGES["field_stars"],
        release=CONFIG.training.field_stars.data_release,
        cleaning=CONFIG.cleaning_options(),
        options=CONFIG.training.field_stars.options(),
        facts=FACTS,
    script:
        "../workflow/scripts/sample_field_stars.py"


rule label_light_curves:
    input:
        tables=catalogue_tables,
        label_map=label_map,
        archive=catalogued_archive,
    output:
        directory("results/catalogued/lightcurves"),
    log:
        "logs/label_light_curves.log",
    benchmark:
        "benchmarks/label_light_curves.tsv"
    resources:
        mem_mb=memory("label_light_curves"),
        runtime=minutes("label_light_curves"),
        kowalski=catalogued_queries,
    params:
        version=STAGES["labels"],
        survey=catalogued_survey,
        settings=CONFIG.training.catalogues.model_dump(),
        facts=FACTS,
    script:
        "../workflow/scripts/label_light_curves.py"


rule make_twins:
    input:
        unpack(twin_parents),
    output:
        directory("results/twins/{origin}/lightcurves"),
    log:
        "logs/make_twins/{origin}.log",
    benchmark:
        "benchmarks/make_twins/{origin}.tsv"
    resources:
        mem_mb=memory("make_twins"),
        runtime=minutes("make_twins"),
    params:
        version=STAGES["twins"],
        cleaning=CONFIG.cleaning_options(),
        options=CONFIG.training.copies(),
        facts=FACTS,
    script:
        "../workflow/scripts/make_twins.py"


rule generate_features:
    input:
        "results/{origin}/lightcurves",
    output:
        "results/{origin}/features.parquet",
    log:
        "logs/generate_features/{origin}.log",
    benchmark:
        "benchmarks/generate_features/{origin}.tsv"
    threads: 8
    resources:
        mem_mb=memory("generate_features"),
        runtime=minutes("generate_features"),
    params:
        version=STAGES["features"],
        cleaning=training_cleaning,
        options=CONFIG.feature_options(),
        facts=FACTS,
    script:
        "../workflow/scripts/generate_features.py"


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
    resources:
        mem_mb=memory("assemble_training_set"),
        runtime=minutes("assemble_training_set"),
    params:
        version=STAGES["training_set"],
        without_matches=CONFIG.training.without_matches,
        facts=FACTS,
    script:
        "../workflow/scripts/assemble_training_set.py"


rule train_bundle:
    input:
        training_set_file,
    output:
        bundle=directory("results/models/{algo}/{group}"),
        scores="results/training_scores/{algo}/{group}.parquet",
    log:
        "logs/train_bundle/{algo}/{group}.log",
    benchmark:
        "benchmarks/train_bundle/{algo}/{group}.tsv"
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
    resources:
        mem_mb=memory("fuse"),
        runtime=minutes("fuse"),
    params:
        version=STAGES["fusion"],
    script:
        "../workflow/scripts/fuse.py"


rule fuse_stars:
    input:
        bundles=expand("results/models/{algo}/{{group}}", algo=ALGORITHMS),
        fusion="results/models/fused/{group}",
        scores=expand(
            "results/training_scores/{algo}/{{group}}.parquet", algo=ALGORITHMS
        ),
        training_set=training_set_file,
    output:
        directory("results/models/stars/{group}"),
    log:
        "logs/fuse_stars/{group}.log",
    benchmark:
        "benchmarks/fuse_stars/{group}.tsv"
    resources:
        mem_mb=memory("fuse_stars"),
        runtime=minutes("fuse_stars"),
    params:
        version=STAGES["star_fusion"],
    script:
        "../workflow/scripts/fuse_stars.py"


rule plot_bundle:
    input:
        "results/models/{kind}/{group}",
    output:
        report(
            "results/report/models/{kind}_{group}.html",
            category="models",
            labels={"models": "{kind}", "group": "{group}"},
        ),
    log:
        "logs/plot_bundle/{kind}_{group}.log",
    benchmark:
        "benchmarks/plot_bundle/{kind}_{group}.tsv"
    resources:
        mem_mb=memory("plot_bundle"),
        runtime=minutes("plot_bundle"),
    params:
        version=STAGES["report"],
        labels=CONFIG.class_labels(),
    script:
        "../workflow/scripts/plot_bundle.py"
