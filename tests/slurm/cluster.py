"""A throw-away SLURM of two nodes on this machine, for tests and for trying a profile.

    python -m tests.slurm.cluster start FOLDER      then: . FOLDER/env.sh
    python -m tests.slurm.cluster stop FOLDER

Everything lies in FOLDER: configuration, keys, sockets, logs. No other file is touched, no
rights are needed, nothing is installed. The nodes are two `slurmd` under two names. They
promise more memory and cores than there may be, and a GPU that is none: SLURM only hands
them out.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PACKAGES = "slurmctld slurmd slurm-client munge"
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "squeue", "scancel")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin")

SETTINGS = """\
ClusterName=throwaway
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.socket
CredType=cred/munge
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
# No control groups: processes are found through /proc, memory is polled each second.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
# The nodes have what is written below, whatever the machine has.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=200
# What no node can serve is refused at once and does not wait for ever.
EnforcePartLimits=ALL
GresTypes=gpu
# No accounting: the states of ended jobs stay long enough for squeue to tell them.
AccountingStorageType=accounting_storage/none
MinJobAge=600
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SlurmctldTimeout=30
SlurmdTimeout=30
KillWait=2
CompleteWait=0
InactiveLimit=0
Waittime=0
PropagateResourceLimits=NONE
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first_port} CPUs={cpus} \
RealMemory={memory_mb} Gres=gpu:1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second_port} CPUs={cpus} \
RealMemory={memory_mb}
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=1-0 DefaultTime=10 State=UP
PartitionName=gpu Nodes=n1 MaxTime=1-0 DefaultTime=10 State=UP
PartitionName=long Nodes=n2 MaxTime=INFINITE DefaultTime=10 State=UP
"""

GPUS = "NodeName=n1 Name=gpu File=/dev/null\n"


def missing_programs() -> list[str]:
    """Return the programs of SLURM that this machine lacks."""
    return [name for name in PROGRAMS if _which(name) is None]


@dataclass
class Cluster:
    """A SLURM whose files all lie in one folder.

    Attributes
    ----------
    folder : Path
        Must be short: the path of a socket may have at most 107 characters.
    cpus, memory_mb : int
        What each of the two nodes promises.
    """

    folder: Path
    cpus: int = 2
    memory_mb: int = 8000

    def start(self) -> None:
        """Start the daemons and wait until both nodes are idle.

        Raises
        ------
        RuntimeError
            If programs are missing, or the cluster is not up within a minute.
        """
        missing = missing_programs()
        if missing:
            raise RuntimeError(
                f"SLURM is not installed (no {', '.join(missing)}); "
                f"on Debian or Ubuntu: sudo apt-get install {PACKAGES}"
            )
        self._write_files()
        self._start_munge()
        # As daemons: they leave this process's group and outlive it.
        self.call("slurmctld", "-c", "-f", str(self._settings))
        for node in ("n1", "n2"):
            self.call("slurmd", "-f", str(self._settings), "-N", node)
        self._wait_until_idle()

    def stop(self) -> None:
        """End all jobs, then the daemons, each by the id that it wrote down."""
        with suppress(OSError, subprocess.SubprocessError):
            self.call("scancel", "--user", _user(), check=False, timeout=10)
            self._wait_until_empty()
        for name in ("slurmd.n1", "slurmd.n2", "slurmctld", "munged"):
            _end(self.folder / "run" / f"{name}.pid", name.partition(".")[0])

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a process finds this cluster."""
        return {
            "SLURM_CONF": str(self._settings),
            "PATH": f"{self.folder / 'bin'}:{os.environ.get('PATH', '')}",
        }

    def call(self, program: str, *arguments: str, check: bool = True, timeout: float = 60) -> str:
        """Run a program of SLURM against this cluster and return what it prints."""
        path = _which(program) or program
        done = subprocess.run(
            [path, *arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    @property
    def _settings(self) -> Path:
        return self.folder / "etc" / "slurm.conf"

    def _write_files(self) -> None:
        for name in ("etc", "run", "log", "state", "spool/n1", "spool/n2", "munge", "bin"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "munge").chmod(0o700)
        key = self.folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        controller, first, second = _free_ports(3)
        self._settings.write_text(
            SETTINGS.format(
                folder=self.folder,
                host=socket.gethostname().partition(".")[0],
                user=_user(),
                controller_port=controller,
                first_port=first,
                second_port=second,
                cpus=self.cpus,
                memory_mb=self.memory_mb,
            )
        )
        (self.folder / "etc" / "gres.conf").write_text(GPUS)
        # Inside a job Snakemake removes all variables of SLURM before it calls srun, and
        # with them the place of a configuration that is not the system's.
        wrapper = self.folder / "bin" / "srun"
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={self._settings} exec {_which("srun")} "$@"\n')
        wrapper.chmod(0o755)
        (self.folder / "env.sh").write_text(
            f"export SLURM_CONF={self._settings} PATH={self.folder / 'bin'}:$PATH\n"
        )

    def _start_munge(self) -> None:
        run, munge = self.folder / "run", self.folder / "munge"
        self.call(
            *("munged", "--force", "--num-threads=2"),
            *(f"--key-file={munge / 'key'}", f"--seed-file={munge / 'seed'}"),
            *(f"--socket={run / 'munge.socket'}", f"--pid-file={run / 'munged.pid'}"),
            f"--log-file={self.folder / 'log' / 'munged.log'}",
        )

    def _wait_until_idle(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            nodes = self.call(
                "sinfo", "-h", "-N", "-p", "cpu", "-t", "idle", "-o", "%N", check=False
            )
            if nodes.split() == ["n1", "n2"]:
                return
            time.sleep(0.2)
        logs = [path.read_text()[-1000:] for path in sorted((self.folder / "log").glob("*.log"))]
        raise RuntimeError("SLURM is not up after a minute:\n" + "\n".join(logs))

    def _wait_until_empty(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.call("squeue", "-h", check=False).strip():
            time.sleep(0.2)


def _which(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path=":".join(SYSTEM_FOLDERS))


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _end(pid_file: Path, name: str) -> None:
    """End a daemon, if the process of that id still is this daemon."""
    with suppress(OSError, ValueError):
        pid = int(pid_file.read_text())
        for attempt in range(100):
            if not Path(f"/proc/{pid}/comm").read_text().startswith(name):
                break
            os.kill(pid, signal.SIGKILL if attempt == 80 else signal.SIGTERM)
            time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Start or stop a cluster from the command line."""
    parser = argparse.ArgumentParser(description="A throw-away SLURM of two nodes.")
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(argv)
    cluster = Cluster(options.folder.resolve())
    if options.action == "stop":
        cluster.stop()
        return 0
    try:
        cluster.start()
    except RuntimeError as error:
        cluster.stop()
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(cluster.call("sinfo", "-N", "-o", "%N %P %T %c %m %G"), end="")
    print(f"now: . {options.folder}/env.sh")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
