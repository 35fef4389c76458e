"""Keep the controller idle while jobs run: see scope.runs.clock."""

from snakemake.scheduling.job_scheduler import JobScheduler

from scope.runs.clock import wake_once

JobScheduler._schedule_reevalutation = wake_once
