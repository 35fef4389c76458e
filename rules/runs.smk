"""Leave a record of each run in .snakemake/scope: who runs, which jobs, how it ended.

`scope status`, `scope resume` and `scope cancel-orphans` read it.
"""

import shlex
import sys

from scope.runs.records import Job, begin_run, end_run


def job_record(job):
    wildcards = job.wildcards_dict
    return Job(
        job.rule.name,
        wildcards.get("target"),
        wildcards.get("unit"),
        str(job.output[0]),
        str(job.log[0]) if job.log else None,
        str(job.benchmark) if job.benchmark else None,
        workflow.dag.needrun(job),
        bool(job.temp_output),
    )


def record_begin(log):
    jobs = [job_record(job) for job in workflow.dag.jobs if job.output]
    RUN_RECORD.append(
        begin_run(jobs, command=shlex.join(sys.argv), logs=[str(path) for path in log])
    )


# Empty where nothing was to be done, or the run ended before its first job.
RUN_RECORD = []


def record_end(outcome):
    for record in RUN_RECORD:
        end_run(record, outcome)
    if outcome == "failed" and not REFUSALS.stopped:
        for line in REFUSALS.lines():
            print(f"error: {line}", file=sys.stderr)


onstart:
    record_begin(log)


onsuccess:
    record_end("succeeded")


onerror:
    record_end("failed")
