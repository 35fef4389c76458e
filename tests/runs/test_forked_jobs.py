"""Scripts that run in copies of a process in which the library is loaded.

Expected: what an interpreter that was started for the script does (`subprocess`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.script import PythonScript

from scope.runs.forked_jobs import FRESH_JOBS, JobServer, fork_scripts, job_environment
from scope.runs.processes import leftover_scripts, process_mark

from .folders import write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux")

LOOK = """
import json, os, sys
from threadpoolctl import threadpool_info
import numpy
blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps([__name__, sys.argv, os.getcwd(), dict(os.environ), sys.path[0], blas[:1]]))
"""


@pytest.fixture
def server() -> Iterator[JobServer]:
    made = JobServer()
    yield made
    made.close()


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(folder: Path, text: str) -> str:
    """Write a script where Snakemake writes it."""
    return str(write(folder / ".snakemake/scripts/tmp0.infer.py", text))


def until(there: Any, seconds: float = 20.0) -> bool:
    """Wait for something to be true."""
    deadline = time.monotonic() + seconds
    while not there() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(there())


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_job_finds_what_an_interpreter_of_its_own_would(
    server: JobServer, run_folder: Path, threads: str
) -> None:
    path = script(run_folder, LOOK.replace("print(", "open('seen.json', 'w').write("))
    environment = {
        **{name: value for name, value in os.environ.items() if "NUM_THREADS" not in name},
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "ONLY_HERE": "é",
    }
    subprocess.run([sys.executable, path], env=environment, check=True)
    expected = json.loads((run_folder / "seen.json").read_text())
    (run_folder / "seen.json").unlink()
    assert server.run(path, environment).status == 0
    seen = json.loads((run_folder / "seen.json").read_text())
    assert seen == expected


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("pass", 0),
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('told')", 1),
        ("1 / 0", 1),
        ("import absent_module", 1),
        ("this is no Python", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import os; os._exit(7)", 7),
    ],
)
def test_the_status_is_that_of_an_interpreter(
    server: JobServer, run_folder: Path, text: str, status: int
) -> None:
    path = script(run_folder, text)
    found = subprocess.run([sys.executable, path], stderr=subprocess.DEVNULL, check=False)
    assert found.returncode == status
    assert server.run(path, os.environ).status == status


def test_an_interrupted_job_leaves_the_screen_to_its_command(
    server: JobServer, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = script(run_folder, "import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    assert server.run(path, os.environ).status == -signal.SIGINT
    assert capfd.readouterr() == ("", "")


def test_what_runs_at_the_end_of_an_interpreter_runs_at_the_end_of_a_job(
    server: JobServer, run_folder: Path
) -> None:
    text = """
import atexit, threading, time
from pathlib import Path
atexit.register(lambda: Path("at_exit").touch())
threading.Thread(target=lambda: (time.sleep(0.2), Path("thread").touch())).start()
"""
    assert server.run(script(run_folder, text), os.environ).status == 0
    assert Path("thread").exists()
    assert Path("at_exit").exists()


def test_jobs_share_nothing_but_what_was_loaded(server: JobServer, run_folder: Path) -> None:
    text = """
import os, random, scope
assert not hasattr(scope, "_left_by_another_job") and os.getpid() != os.getppid()
scope._left_by_another_job = True
import numpy
with open("drawn", "a") as stream:
    print(random.random(), numpy.random.random(), file=stream)
"""
    path = script(run_folder, text)
    assert [server.run(path, os.environ).status for _ in range(3)] == [0, 0, 0]
    assert len(set(Path("drawn").read_text().split())) == 6


def test_jobs_run_at_the_same_time(server: JobServer, run_folder: Path) -> None:
    text = """
import os, time
from pathlib import Path
Path(f"here_{os.environ['NUMBER']}").touch()
deadline = time.monotonic() + 30
while not (Path("here_0").exists() and Path("here_1").exists()):
    assert time.monotonic() < deadline
    time.sleep(0.01)
"""
    path, statuses = script(run_folder, text), []

    def run(number: int) -> None:
        statuses.append(server.run(path, {**os.environ, "NUMBER": str(number)}).status)

    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [0, 0]


SLEEP = """
import os, time
from pathlib import Path
Path("new").write_text(str(os.getpid()))
Path("new").rename("pid")
time.sleep(60)
"""


@contextmanager
def sleeping(server: JobServer, folder: Path) -> Iterator[tuple[int, list[int]]]:
    """Run a job that sleeps; yield its id and the list that gets its status."""
    statuses: list[int] = []
    path = script(folder, SLEEP)
    thread = threading.Thread(target=lambda: statuses.append(server.run(path, os.environ).status))
    thread.start()
    assert until(Path("pid").exists)
    yield int(Path("pid").read_text()), statuses
    thread.join(20)
    assert not thread.is_alive()


def test_a_job_ends_with_its_server_and_the_next_gets_another(
    server: JobServer, run_folder: Path
) -> None:
    with sleeping(server, run_folder) as (pid, statuses):
        found = leftover_scripts(run_folder)
        assert pid in found
        assert len(found) == 2
        (theirs,) = set(found) - {pid}
        os.kill(theirs, signal.SIGKILL)
        assert until(lambda: process_mark(pid) is None)
    assert statuses == [-signal.SIGKILL]
    assert server.run(script(run_folder, "pass"), os.environ).status == 0


def test_nothing_is_left_where_the_controller_was_killed(run_folder: Path) -> None:
    path = script(run_folder, SLEEP)
    text = "from scope.runs.forked_jobs import JobServer; import os\n"
    text += f"JobServer().run({path!r}, os.environ)"
    with subprocess.Popen([sys.executable, "-c", text], cwd=run_folder) as controller:
        assert until(Path("pid").exists)
        controller.kill()
    assert until(lambda: not leftover_scripts(run_folder))


def test_an_interrupt_of_the_group_ends_jobs_and_not_the_server(run_folder: Path) -> None:
    path = script(run_folder, SLEEP)
    ok = write(run_folder / "ok.py", "pass")
    text = f"""
import os, signal
from scope.runs.forked_jobs import JobServer
signal.signal(signal.SIGINT, lambda *_: None)
server = JobServer()
print(*(server.run(p, os.environ).status for p in ({path!r}, {str(ok)!r})), flush=True)
"""
    command = [sys.executable, "-c", text]
    with subprocess.Popen(
        command,
        cwd=run_folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as controller:
        assert until(Path("pid").exists)
        os.killpg(controller.pid, signal.SIGINT)
        output, _ = controller.communicate(timeout=20)
    assert output.split() == [str(-signal.SIGINT).encode(), b"0"]


def made_by_snakemake(**values: Any) -> Any:
    """Return what of ``PythonScript`` is looked at."""
    usual = dict.fromkeys(("container_img", "conda_env", "env_modules", "shadow_dir"))
    return SimpleNamespace(
        **{**usual, "bench_record": None, "threads": 3, "resources": {"tmpdir": "/t"}, **values}
    )


def test_snakemake_would_set_the_same_variables(run_folder: Path) -> None:
    from snakemake.shell import shell

    command = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    theirs = json.loads(shell(command, read=True, threads=3, resources={"tmpdir": "/t"}))
    ours = job_environment(made_by_snakemake())
    # Of the shell itself.
    for name in ("_", "SHLVL", "PWD", "OLDPWD", "LC_CTYPE"):
        theirs.pop(name, None)
        ours.pop(name, None)
    assert ours == theirs


def test_other_scripts_are_left_to_snakemake(run_folder: Path, server: JobServer) -> None:
    left: list[str] = []
    execute = fork_scripts(
        lambda self, fname, edit=False: left.append(fname), lambda *_: nullcontext(), server
    )
    for name in ("container_img", "conda_env", "env_modules", "shadow_dir"):
        execute(made_by_snakemake(**{name: "there"}), name)
    assert left == ["container_img", "conda_env", "env_modules", "shadow_dir"]


def test_a_failed_script_fails_its_job_and_is_measured(run_folder: Path, server: JobServer) -> None:
    @contextmanager
    def benchmarked(pid: int, record: Any) -> Iterator[None]:
        record.seen.append(pid)
        yield
        record.seen.append(0)

    execute = fork_scripts(lambda *_: None, benchmarked, server)
    path = script(run_folder, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    measured = SimpleNamespace(seen=[], cpu_time=0.0, max_rss=None)
    with pytest.raises(subprocess.CalledProcessError, match="exit status 143") as error:
        execute(made_by_snakemake(bench_record=measured), path)
    assert path in str(error.value)
    assert measured.seen[0] > 0
    assert measured.seen[1:] == [0]


def test_a_short_job_is_measured_whole(run_folder: Path, server: JobServer) -> None:
    from snakemake.benchmark import BenchmarkRecord, benchmarked

    record = BenchmarkRecord()
    execute = fork_scripts(lambda *_: None, benchmarked, server)
    text = "import time\nwhile time.process_time() < 0.3: pass\nheld = bytearray(300 << 20)"
    execute(made_by_snakemake(bench_record=record), script(run_folder, text))
    assert 0.3 <= record.cpu_time < 2
    assert 300 < record.max_rss < 1000


def nothing(*_: Any) -> Any:
    """Measure nothing."""
    return nullcontext()


def test_a_process_that_cannot_be_made_costs_no_other_job(
    run_folder: Path, server: JobServer
) -> None:
    left: list[str] = []
    execute = fork_scripts(lambda self, fname, edit=False: left.append(fname), nothing, server)
    break_fork = """
import os
from pathlib import Path
def fork(real=os.fork):
    if Path("refuse").exists():
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return real()
os.fork = fork
"""
    write(run_folder / "refusing.py", break_fork)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(run_folder))
        assert server.run(script(run_folder, "import refusing"), os.environ).status == 0
    with sleeping(server, run_folder) as (pid, statuses):
        Path("refuse").touch()
        execute(made_by_snakemake(), script(run_folder, "pass"))
        assert left == [script(run_folder, "pass")]
        Path("refuse").unlink()
        assert process_mark(pid) is not None
        assert server.run(script(run_folder, "pass"), os.environ).status == 0
        os.kill(pid, signal.SIGTERM)
    assert statuses == [-signal.SIGTERM]


def test_a_job_whose_folder_is_gone_fails_alone(
    run_folder: Path,
    server: JobServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = script(run_folder, "pass")
    gone = run_folder / "gone"
    gone.mkdir()
    assert server.run(path, os.environ).status == 0
    monkeypatch.setattr(os, "getcwd", lambda: str(gone))
    gone.rmdir()
    assert server.run(path, os.environ).status == 1
    # It says so, and does not go on as a second server.
    assert capfd.readouterr().err.splitlines()[-1].startswith("FileNotFoundError")
    monkeypatch.undo()
    assert len(leftover_scripts(run_folder)) == 1
    assert server.run(path, os.environ).status == 0


def test_a_module_that_ends_its_process_ends_its_job_alone(
    server: JobServer, run_folder: Path
) -> None:
    write(run_folder / ".snakemake/scripts/evil.py", "raise SystemExit(3)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(run_folder / ".snakemake/scripts"))
        assert server.run(script(run_folder, "import evil"), os.environ).status == 3
        assert server.run(script(run_folder, "pass"), os.environ).status == 0


def test_an_interrupt_reaches_a_job_that_waits_for_the_server(run_folder: Path) -> None:
    # The server is busy loading what the script names when the interrupt comes.
    write(run_folder / "slow.py", "import time; open('loading', 'w').close(); time.sleep(1.5)")
    path = script(run_folder, "import slow, time; time.sleep(30)")
    text = f"""
import os, signal
from scope.runs.forked_jobs import JobServer
signal.signal(signal.SIGINT, lambda *_: None)
print(JobServer().run({path!r}, os.environ).status, flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", text],
        env={**os.environ, "PYTHONPATH": str(run_folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        process_group=0,
    ) as controller:
        assert until(Path("loading").exists)
        os.killpg(controller.pid, signal.SIGINT)
        output, _ = controller.communicate(timeout=20)
    assert output.split() == [str(-signal.SIGINT).encode()]


def test_jobs_do_not_hear_interrupts_that_snakemake_ignores(run_folder: Path) -> None:
    text = "import signal; assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN"
    path = script(run_folder, text)
    run = f"""
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from scope.runs.forked_jobs import JobServer
raise SystemExit(JobServer().run({path!r}, os.environ).status)
"""
    assert subprocess.run([sys.executable, "-c", run], check=False).returncode == 0


def test_a_variable_gives_each_job_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FRESH_JOBS, "1")
    assert (
        fork_scripts(PythonScript.execute_script, lambda *_: nullcontext())
        is PythonScript.execute_script
    )


def test_no_thread_would_be_lost_in_a_fork(server: JobServer, run_folder: Path) -> None:
    text = """
import os, scope.features, pandas, numexpr
from pathlib import Path
tasks = Path(f"/proc/{os.getppid()}/task").iterdir()
Path("threads").write_text(" ".join((task / "comm").read_text().strip() for task in tasks))
"""
    assert server.run(script(run_folder, text), os.environ).status == 0
    # The thread of Arrow's memory pool knows of forks (jemalloc, background_thread).
    assert set(Path("threads").read_text().split()[1:]) <= {"jemalloc_bg_thd"}
