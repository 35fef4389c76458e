"""A batch script that computes the features of fields."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scope.errors import UsageError
from scope.runs.batch_scripts import BatchOptions, check_controller, write_controller
from scope.runs.controller import Workers
from scope.runs.run_workflow import write_json
from scope.workflows.generation import GenerationOptions, check_workflow_backend, generation_config


@dataclass(frozen=True, kw_only=True)
class FieldsRequest:
    """Fields whose features are computed, and where they are left.

    Attributes
    ----------
    field_list : sequence of int, optional
        Field numbers; by default the configured targets.
    dirname, filename : str
        Folder of the features and of the script, and how names of files begin there.
    do_not_save : bool
        Leave no features there, only in ``results``.
    """

    dirname: str
    field_list: Sequence[int] | None = None
    filename: str = "gen_features"
    do_not_save: bool = False


def generate_features_slurm(
    request: FieldsRequest,
    batch: BatchOptions,
    options: GenerationOptions,
    report: Callable[[str], None],
) -> None:
    """Write the batch script and its settings, and say how it is submitted.

    Raises
    ------
    UsageError
        If only first sources are asked for, or the reference backend.
    ScopeError
        If a field or the profile cannot be used.
    """
    from scope.targets.plan import Plan

    if options.stop_early:
        raise UsageError("--stop-early", todo="leave it out; it is for trying something")
    check_workflow_backend(options)
    fields = [f"field_{field}" for field in request.field_list or ()]
    config = generation_config(options, **({"targets": fields} if fields else {}))
    plan = Plan(config)
    products = {
        f"results/features/{target}/{unit}.parquet": _place(request, target, unit)
        for target in plan.targets()
        for unit in plan.units(target)
    }
    gpus = 0 if batch.gpus is None and config.backend() == "cpu" else batch.gpus
    asked = Workers(
        account=batch.account_name,
        gpus=gpus,
        cores=options.workers,
        memory_gb=batch.memory_gb,
        time=batch.time,
        partition=batch.partition_type if gpus == 0 else None,
        gpu_partition=None if gpus == 0 else batch.partition_type,
    )
    check_controller(batch)
    afterwards = []
    if not request.do_not_save:
        names = write_json(products, Path(request.dirname) / "slurm", "names")
        afterwards = [shlex.join([batch.interpreter(), "-m", "scope.cli.leave", str(names)])]
    write_controller(batch, config, asked, list(products), afterwards=afterwards, report=report)
    report(f"{len(products)} quadrants of {len(plan.targets())} targets")


def _place(request: FieldsRequest, target: str, unit: str) -> str:
    """Return where the documents look for the features of a unit."""
    from scope.surveys.base import parse_unit
    from scope.targets.names import FieldTarget, parse_target

    parsed = parse_target(target)
    if not isinstance(parsed, FieldTarget):
        return f"{request.dirname}/specific_ids/{request.filename}_{target}_{unit}.parquet"
    ccd, quad = parse_unit(unit)
    name = f"{request.filename}_field_{parsed.field}_ccd_{ccd}_quad_{quad}.parquet"
    return f"{request.dirname}/field_{parsed.field}/{name}"
