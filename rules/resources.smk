"""What the jobs of a rule ask a cluster for; without a cluster it has no effect.

    resources:
        mem_mb=memory("impute"),
        runtime=minutes("impute"),

Both follow the light curves of the job's unit or target and double with each attempt. The
numbers are in scope/targets/needs.py; a profile bounds them with `resources: mem_mb, runtime`
or replaces them with `set-resources`.
"""

from contextlib import suppress
from functools import cache
from inspect import signature
from os.path import isfile

from scope.io import count_rows
from scope.targets.needs import (
    KOWALSKI_LIGHT_CURVES,
    LIGHT_CURVES_PER_ROW,
    NEEDS,
    estimated_light_curves,
    search_effort,
)
from scope.targets.plan import is_list


def light_curves_of_unit(target, unit):
    """Counted once the sources are listed; before that, estimated without reading a file."""
    sources = f"results/sources/{target}/{unit}.parquet"
    if isfile(sources):
        # Of a damaged file the job that reads it will say what is wrong.
        with suppress(ScopeError):
            return count_rows(sources)
    return estimate(target, unit)


@cache
def estimate(target, unit):
    if PLAN.is_simulated(target):
        settings = PLAN.simulation_settings(target, unit)
        return settings["n_stars"] * len(settings["bands"])
    if is_list(target):
        rows = PLAN.source_list(target).rows_per_chunk
        return rows * LIGHT_CURVES_PER_ROW
    if PLAN.is_downloaded(target):
        return KOWALSKI_LIGHT_CURVES
    return estimated_light_curves(PLAN.archive_inputs(target, unit))


def light_curves(wildcards):
    """How many light curves a job works on: of a unit, a target, or all training targets."""
    if {"task", "night"} & set(wildcards.keys()):
        return 0
    if "unit" in wildcards.keys():
        return light_curves_of_unit(wildcards.target, wildcards.unit)
    targets = (
        [wildcards.target] if "target" in wildcards.keys() else CONFIG.training.targets
    )
    return sum(
        light_curves_of_unit(target, unit)
        for target in targets
        for unit in PLAN.units(target)
    )


def memory(rule):
    """The memory that jobs of a rule ask for, in MB."""

    def megabytes(wildcards, attempt, threads):
        return NEEDS[rule].megabytes(
            light_curves(wildcards), threads=threads, attempt=attempt
        )

    # Snakemake asks for it at each call, and working it out takes longer than the call.
    megabytes.__signature__ = signature(megabytes)
    return megabytes


def minutes(rule):
    """The time that jobs of a rule ask for, in minutes."""
    effort = (
        search_effort(CONFIG.period_options()) if rule == "compute_features" else 1.0
    )

    def runtime(wildcards, attempt, threads):
        return NEEDS[rule].runtime(
            light_curves(wildcards), threads=threads, attempt=attempt, effort=effort
        )

    runtime.__signature__ = signature(runtime)
    return runtime
