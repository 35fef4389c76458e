"""Keep the controller idle while jobs run: see scope.runs.clock; let a run end whose jobs SLURM
does not take: see scope.runs.submissions; let jobs start in an environment whose path has a
blank: see scope.runs.interpreter; and let them find the library loaded: see
scope.runs.forked_jobs."""

import sys

from snakemake.benchmark import benchmarked
from snakemake.exceptions import WorkflowError
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake.script import PythonScript
from snakemake_executor_plugin_slurm import Executor

from scope.runs.clock import wake_once
from scope.runs.forked_jobs import fork_scripts
from scope.runs.interpreter import plain_interpreter
from scope.runs.submissions import watch

JobScheduler._schedule_reevalutation = wake_once
REFUSALS = watch(Executor, JobScheduler, WorkflowError)
sys.executable = clearly(plain_interpreter)()
PythonScript.execute_script = fork_scripts(PythonScript.execute_script, benchmarked)
