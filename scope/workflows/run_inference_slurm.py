"""A batch script that scores fields by all classifiers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from scope.config.algorithms import known_algorithm
from scope.errors import UsageError
from scope.runs.batch_scripts import BatchOptions, submit_script, write_controller
from scope.runs.controller import Workers
from scope.workflows.create_inference_script import script_words
from scope.workflows.feature_files import SPECIFIC, feature_files
from scope.workflows.run_inference import (
    InferenceOptions,
    is_the_workflows,
    models_of,
    workflow_config,
)
from scope.workflows.scoring import check_scoring_options


def run_inference_slurm(
    scriptname: str,
    batch: BatchOptions,
    report: Callable[[str], None],
    *,
    parse: Callable[[Sequence[str]], InferenceOptions],
    fields: Sequence[int] | None = None,
    algorithm: str | None = None,
) -> None:
    """Write the batch script and its settings, and say how it is submitted.

    Parameters
    ----------
    scriptname : str
        Script of `create_inference_script`, which says by which models.
    batch : BatchOptions
        The algorithm is added to the names of its folder and its job.
    report : callable
        Gets what is to be said, line by line.
    parse : callable
        Reads the options of ``run-inference`` that stand in the script.
    fields : sequence of int, optional
        Field numbers; by default the configured targets.
    algorithm : str, optional
        Must be that of the script.

    Raises
    ------
    UsageError
        If the script is of another algorithm, or asks for what jobs of the workflow cannot do.
    """
    from scope.config.load import load_config, merge
    from scope.targets.plan import Plan

    # A script is of whole fields; which, its first argument says.
    options = parse([*script_words(scriptname), "--field", "1", "--whole-field"])
    if algorithm not in (None, options.algorithm):
        raise UsageError(
            "--algorithm other than that of the script",
            value=algorithm,
            allowed=options.algorithm,
            todo="leave it out, or name another --scriptname",
        )
    batch = replace(
        batch,
        dirname=f"{options.algorithm}_{batch.dirname}",
        job_name=f"{batch.job_name}_{options.algorithm}",
    )
    config = load_config(config_path=options.config_path)
    bundle, classes = models_of(options, config)
    check_scoring_options(options, [bundle])
    config = workflow_config(options, config, bundle, classes)
    if fields:
        targets = {"targets": [f"field_{field}" for field in fields]}
        config = load_config(overrides=merge(config.model_dump(), targets))
    names = {target: _field_name(target) for target in Plan(config).targets()}
    # Features that the script finds are scored by it, as on any machine.
    missing = [
        target for target, name in names.items() if not feature_files(options.place_of(name))
    ]
    if missing and (options.device != "cpu" or not is_the_workflows(bundle)):
        raise UsageError(
            f"models or device of {scriptname} that jobs of the workflow cannot use",
            value=f"{bundle.folder}, {options.device}",
            allowed="a group in ./models, ./models_<algorithm> or the checkout, on the cpu",
            todo="submit the script itself, on a node that has the device",
        )
    suffixes = ["parquet", "csv"] if options.write_csv else ["parquet"]
    products = [
        f"results/preds_{bundle.algorithm}/{target}.{suffix}"
        for target in missing
        for suffix in suffixes
    ]
    asked = Workers(
        partition=batch.partition_type,
        account=batch.account_name,
        gpus=batch.gpus,
        cores=batch.ncore,
        memory_gb=batch.memory_gb,
        time=batch.time,
    )
    script = Path(scriptname)
    call = str(script) if script.is_absolute() else f"./{script}"
    # It leaves what Snakemake has made where the documents look for it.
    afterwards = [shlex.join([call, name]) for name in names.values()]
    write_controller(batch, config, asked, products, afterwards=afterwards, report=report)
    report(f"{len(names)} fields by {len(classes or bundle.classes)} classifiers")


def submit_inference(
    algorithm: str,
    dirname: str,
    filetype: str,
    report: Callable[[str], None],
    *,
    max_jobs: int | None = None,
) -> None:
    """Submit the batch script of an algorithm, in ``<algorithm>_<dirname>``; see `submit_script`.

    Raises
    ------
    UsageError
        If the algorithm is not known.
    """
    folder = f"{known_algorithm(algorithm)}_{dirname}"
    submit_script(folder, filetype, report, max_jobs=max_jobs)


def _field_name(target: str) -> str:
    """Return what the script calls a target."""
    from scope.targets.names import FieldTarget, parse_target

    parsed = parse_target(target)
    if isinstance(parsed, FieldTarget):
        return str(parsed.field)
    name = target.removeprefix("ids_")
    return name if name.endswith(SPECIFIC) else f"{name}_{SPECIFIC}"
