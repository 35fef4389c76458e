"""Ask a survey what there is: sources, their cleaned light curves, their matches.

in   the survey: a folder of bulk Parquet, the database Kowalski, or the built-in simulation
out  results/simulation/{target}/{unit}/            a simulated quadrant (archive layout)
     results/lists/{target}/light_curves.parquet    those of a list of sources
     results/lists/{target}/rows.parquet            what became of each row of the list
     results/sources/{target}/{unit}.parquet        ids, positions [deg], kept or why not
     results/lightcurves/{target}/{unit}.parquet    cleaned light curves [d, mag], temporary
                                                    where they can be read again from files
     results/crossmatch/{target}/{unit}.parquet     Gaia, AllWISE, PS1 and alerts per source
"""


rule simulate:
    output:
        directory("results/simulation/{target}/{unit}"),
    log:
        "logs/simulate/{target}/{unit}.log",
    benchmark:
        "benchmarks/simulate/{target}/{unit}.tsv"
    resources:
        mem_mb=memory("simulate"),
        runtime=minutes("simulate"),
    params:
        version=STAGES["simulation"],
        settings=simulation_settings,
    script:
        "../workflow/scripts/simulate.py"


rule fetch_list:
    input:
        list_inputs,
    output:
        listed="results/lists/{target}/light_curves.parquet",
        rows="results/lists/{target}/rows.parquet",
    log:
        "logs/fetch_list/{target}.log",
    benchmark:
        "benchmarks/fetch_list/{target}.tsv"
    resources:
        mem_mb=memory("fetch_list"),
        runtime=minutes("fetch_list"),
        kowalski=queries,
    params:
        version=STAGES["sources"],
        survey=list_survey,
        cone_radius_arcsec=cone_radius_arcsec,
        facts=FACTS,
    script:
        "../workflow/scripts/fetch_list.py"


rule fetch_sources:
    input:
        archive=archive_inputs,
        gaia=bright_star_inputs,
    output:
        "results/sources/{target}/{unit}.parquet",
    log:
        "logs/fetch_sources/{target}/{unit}.log",
    benchmark:
        "benchmarks/fetch_sources/{target}/{unit}.tsv"
    resources:
        mem_mb=memory("fetch_sources"),
        runtime=minutes("fetch_sources"),
        kowalski=queries,
    params:
        version=STAGES["sources"],
        survey=survey_settings,
        bright_star=CONFIG.bright_star_options(),
        facts=FACTS,
    script:
        "../workflow/scripts/fetch_sources.py"


rule fetch_lightcurves:
    input:
        sources="results/sources/{target}/{unit}.parquet",
        archive=archive_inputs,
    output:
        unless_downloaded("results/lightcurves/{target}/{unit}.parquet"),
    log:
        "logs/fetch_lightcurves/{target}/{unit}.log",
    benchmark:
        "benchmarks/fetch_lightcurves/{target}/{unit}.tsv"
    resources:
        mem_mb=memory("fetch_lightcurves"),
        runtime=minutes("fetch_lightcurves"),
        kowalski=queries,
    params:
        version=STAGES["lightcurves"],
        survey=survey_settings,
        cleaning=CONFIG.cleaning_options(),
        facts=FACTS,
    script:
        "../workflow/scripts/fetch_lightcurves.py"


rule fetch_crossmatch:
    input:
        sources="results/sources/{target}/{unit}.parquet",
        catalogues=crossmatch_inputs,
    output:
        "results/crossmatch/{target}/{unit}.parquet",
    log:
        "logs/fetch_crossmatch/{target}/{unit}.log",
    benchmark:
        "benchmarks/fetch_crossmatch/{target}/{unit}.tsv"
    resources:
        mem_mb=memory("fetch_crossmatch"),
        runtime=minutes("fetch_crossmatch"),
        kowalski=queries,
    params:
        version=STAGES["crossmatch"],
        survey=survey_settings,
        radius_arcsec=CONFIG.xmatch_radius_arcsec(),
        facts=FACTS,
    script:
        "../workflow/scripts/fetch_crossmatch.py"
