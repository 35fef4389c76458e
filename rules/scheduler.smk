"""Keep the controller idle while jobs run: see scope.runs.clock; and let a run end whose jobs
SLURM does not take: see scope.runs.submissions."""

from snakemake.exceptions import WorkflowError
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake_executor_plugin_slurm import Executor

from scope.runs.clock import wake_once
from scope.runs.submissions import watch

JobScheduler._schedule_reevalutation = wake_once
REFUSALS = watch(Executor, JobScheduler, WorkflowError)
