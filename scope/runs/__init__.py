"""The folder of a run: who works in it, what is done, and how to go on after a fault."""

from scope.runs.orphans import cancel_orphans, find_orphans
from scope.runs.processes import end_leftover_scripts
from scope.runs.records import RunRecord, begin_run, end_run, read_records, require_idle

__all__ = [
    "RunRecord",
    "begin_run",
    "cancel_orphans",
    "end_leftover_scripts",
    "end_run",
    "find_orphans",
    "read_records",
    "require_idle",
]
