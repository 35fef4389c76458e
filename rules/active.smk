"""Rounds of questions to people; `snakemake active` goes as far as answers have come.

in   {active.tasks.<task>.options.data}           what may be asked about
     {active.ledger}/ledger.jsonl                  labels; those of before the first question too
     results/active/{task}/{round}/answers.csv     what people said; without it no further round
out  results/active/{task}/pool/                   rows that may be asked about, prepared once
     results/active/{task}/{round}/labels.parquet  settled labels of before the round
     results/active/{task}/{round}/members/{member}.parquet   probabilities of the whole pool
     results/active/{task}/{round}/scores.parquet  summary of the members, calibrated out of bag
     results/active/{task}/{round}/queries.parquet who is asked about; metadata: who is not
     results/active/{task}/{round}/sheet.csv       the same for people, and sheet.html

`snakemake simulated_curves` plays the same loop with labels that are known, to see whether asking helps:

in   {active.tasks.<task>.simulation.labels}       object, label; else the ledger
out  results/active/{task}/simulation/{split}.parquet    what is known after each round, by strategy
     results/active/{task}/simulation/curves.png   the same drawn, and gains.csv with intervals
"""


rule active:
    """Sheets of the round that waits for people, of each configured task."""
    input:
        waiting_sheets(),


rule prepare_pool:
    input:
        pool_data,
    output:
        directory("results/active/{task}/pool"),
    log:
        "logs/prepare_pool/{task}.log",
    benchmark:
        "benchmarks/prepare_pool/{task}.tsv"
    resources:
        mem_mb=memory("prepare_pool"),
        runtime=minutes("prepare_pool"),
    params:
        version=STAGES["active"],
        settings=loop_settings,
    script:
        "../workflow/scripts/prepare_pool.py"


rule merge_labels:
    input:
        pool="results/active/{task}/pool",
        answers=answers_before,
    output:
        "results/active/{task}/{round}/labels.parquet",
    log:
        "logs/merge_labels/{task}/{round}.log",
    benchmark:
        "benchmarks/merge_labels/{task}/{round}.tsv"
    resources:
        mem_mb=memory("merge_labels"),
        runtime=minutes("merge_labels"),
    params:
        version=STAGES["active"],
        settings=loop_settings,
        options=round_options,
        ledger=CONFIG.active.ledger,
    script:
        "../workflow/scripts/merge_labels.py"


rule train_member:
    input:
        pool="results/active/{task}/pool",
        labels="results/active/{task}/{round}/labels.parquet",
    output:
        "results/active/{task}/{round}/members/{member}.parquet",
    log:
        "logs/train_member/{task}/{round}/{member}.log",
    benchmark:
        "benchmarks/train_member/{task}/{round}/{member}.tsv"
    resources:
        mem_mb=memory("train_member"),
        runtime=minutes("train_member"),
        gpu=0,
    params:
        version=STAGES["active"],
        settings=loop_settings,
        options=round_options,
    script:
        "../workflow/scripts/train_member.py"


rule summarise_members:
    input:
        labels="results/active/{task}/{round}/labels.parquet",
        members=round_members,
    output:
        "results/active/{task}/{round}/scores.parquet",
    log:
        "logs/summarise_members/{task}/{round}.log",
    benchmark:
        "benchmarks/summarise_members/{task}/{round}.tsv"
    resources:
        mem_mb=memory("summarise_members"),
        runtime=minutes("summarise_members"),
    params:
        version=STAGES["active"],
        settings=loop_settings,
    script:
        "../workflow/scripts/summarise_members.py"


rule select_queries:
    input:
        pool="results/active/{task}/pool",
        labels="results/active/{task}/{round}/labels.parquet",
        members=round_members,
    output:
        "results/active/{task}/{round}/queries.parquet",
    log:
        "logs/select_queries/{task}/{round}.log",
    benchmark:
        "benchmarks/select_queries/{task}/{round}.tsv"
    resources:
        mem_mb=memory("select_queries"),
        runtime=minutes("select_queries"),
    params:
        version=STAGES["active"],
        settings=loop_settings,
        options=round_options,
        ledger=CONFIG.active.ledger,
    script:
        "../workflow/scripts/select_queries.py"


rule write_sheet:
    input:
        pool="results/active/{task}/pool",
        queries="results/active/{task}/{round}/queries.parquet",
        scores="results/active/{task}/{round}/scores.parquet",
    output:
        table="results/active/{task}/{round}/sheet.csv",
        page="results/active/{task}/{round}/sheet.html",
    log:
        "logs/write_sheet/{task}/{round}.log",
    benchmark:
        "benchmarks/write_sheet/{task}/{round}.tsv"
    resources:
        mem_mb=memory("write_sheet"),
        runtime=minutes("write_sheet"),
    params:
        version=STAGES["active"],
        settings=loop_settings,
    script:
        "../workflow/scripts/write_sheet.py"


rule simulated_curves:
    """Curves of the loop played with known labels, of each configured task."""
    input:
        simulated_curves(),


rule simulate_queries:
    input:
        pool="results/active/{task}/pool",
        labels=known_labels,
    output:
        "results/active/{task}/simulation/{split}.parquet",
    log:
        "logs/simulate_queries/{task}/{split}.log",
    benchmark:
        "benchmarks/simulate_queries/{task}/{split}.tsv"
    resources:
        mem_mb=memory("simulate_queries"),
        runtime=minutes("simulate_queries"),
        gpu=0,
    params:
        version=STAGES["active"],
        settings=loop_settings,
        options=simulation_settings_of,
    script:
        "../workflow/scripts/simulate_queries.py"


rule plot_queries:
    input:
        simulated_splits,
    output:
        figure="results/active/{task}/simulation/curves.png",
        gains="results/active/{task}/simulation/gains.csv",
    log:
        "logs/plot_queries/{task}.log",
    benchmark:
        "benchmarks/plot_queries/{task}.tsv"
    resources:
        mem_mb=memory("plot_queries"),
        runtime=minutes("plot_queries"),
    params:
        version=STAGES["active"],
    script:
        "../workflow/scripts/plot_queries.py"
