"""What a device is given to run, how much memory that takes, and what is said without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from scope.errors import BackendError, ConfigError
from scope.features import cuda as features
from scope.periods import PeriodOptions, search_periods
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.device import CudaDevice, WorkspaceFull, in_workspaces
from scope.periods.backends.cuda.replay import ValueRequest, search_together
from tests.gpu.conftest import NO_COMPILER
from tests.gpu.curves import Floats, curve, joined
from tests.gpu.fake_cupy import FakeCupy
from tests.gpu.host_device import COMPILER, HostDevice

STARS = joined([curve(50), curve(90, shape=1), curve(70, shape=2)])
OPTIONS = PeriodOptions(algorithms=("ELS_ECE_EAOV",), max_freq=1.0)


@pytest.mark.usefixtures("reopened")
def test_without_cupy_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendError, match=r"package that is not installed: 'cupy'.*extra gpu"):
        search_periods(STARS, OPTIONS, backend="cuda")


@pytest.mark.usefixtures("reopened")
@pytest.mark.parametrize("driver", [False, True])
def test_without_a_card_there_is_an_error_and_no_fallback(
    driver: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count() -> int:
        if driver:
            return 0
        raise RuntimeError("cudaErrorInsufficientDriver")

    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=RuntimeError)
    cupy = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    for compute in (
        lambda: search_periods(STARS, OPTIONS, backend="cuda"),
        lambda: features.statistics(STARS),
    ):
        with pytest.raises(BackendError, match=r"without a CUDA device.*CUDA_VISIBLE_DEVICES"):
            compute()


@pytest.mark.parametrize("text", ["0", "-5", "2 GB", "1e9"])
def test_a_memory_setting_that_is_no_number_of_bytes_is_an_error(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(devices.MEMORY_VARIABLE, text)
    with pytest.raises(ConfigError, match=devices.MEMORY_VARIABLE):
        devices.memory_limit()


def test_the_memory_setting_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.MEMORY_VARIABLE, "123456789")
    assert devices.memory_limit() == 123456789
    monkeypatch.delenv(devices.MEMORY_VARIABLE)
    assert devices.memory_limit() == devices.DEFAULT_MEMORY_BYTES


def test_cupy_is_asked_for_what_the_kernels_need(
    built: HostDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The stand-in for cupy checks types, alignment, shared memory and bounds.
    memory = 4 << 20
    cupy = FakeCupy(tmp_path, memory)
    monkeypatch.setattr(devices, "open_device", lambda: built.fresh())
    expected = search_periods(STARS, OPTIONS, backend="cuda").columns
    device = CudaDevice(cupy, memory)
    assert device.name == "NVIDIA Fake"
    monkeypatch.setattr(devices, "open_device", lambda: device)
    for _ in range(3):
        found = search_periods(STARS, OPTIONS, backend="cuda").columns
        for name, column in expected.items():
            np.testing.assert_array_equal(found[name], column, err_msg=name)
    np.testing.assert_allclose(features.statistics(STARS)[:, 0], [50, 90, 70])
    assert cupy.compiled == [devices.OPTIONS] * 2


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
def test_memory_that_the_card_does_not_have_is_an_error(tmp_path: Path) -> None:
    device = CudaDevice(FakeCupy(tmp_path, 1 << 20), 8 << 20)
    with pytest.raises(BackendError, match=devices.MEMORY_VARIABLE), device.workspace():
        pass


def test_a_workspace_holds_what_was_put_there_and_no_more(tmp_path: Path) -> None:
    device = CudaDevice(FakeCupy(tmp_path, 1 << 20), 1 << 14)
    for _ in range(2):
        with device.workspace() as workspace:
            first = workspace.put(np.arange(5.0))
            second = workspace.put(np.arange(12).reshape(3, 4)[:, ::2])
            np.testing.assert_array_equal(workspace.get(first), np.arange(5.0))
            np.testing.assert_array_equal(workspace.get(second), [0, 2, 4, 6, 8, 10])
            assert len(workspace.get(workspace.empty(0, np.int32))) == 0
            with pytest.raises(WorkspaceFull):
                workspace.empty(1 << 13, np.float64)


def test_batches_fill_a_workspace_and_are_halved_where_the_guess_was_too_low(
    built: HostDevice,
) -> None:
    device = built.fresh(memory_bytes=100)
    batches: list[list[int]] = []

    def answer(workspace: object, items: object) -> list[int]:
        batch = list(items)  # type: ignore[call-overload]
        if len(batch) > 2:
            raise WorkspaceFull
        batches.append(batch)
        return [10 * item for item in batch]

    sizes = {0: 40, 1: 40, 2: 40, 3: 120, 4: 30, 5: 30, 6: 30}
    assert in_workspaces(device, list(range(7)), sizes.__getitem__, answer) == [
        *(0, 10, 20, 30, 40, 50, 60)
    ]
    assert batches == [[0, 1], [2], [3], [4], [5, 6]]


def test_a_search_is_asked_again_until_all_its_questions_are_answered() -> None:
    rounds: list[list[float]] = []

    class Doubling:
        def answer(self, requests: list[ValueRequest]) -> list[Floats]:  # type: ignore[override]
            rounds.append([float(request.frequencies[0]) for request in requests])
            return [2 * request.frequencies for request in requests]

    def search(limit, backend):  # type: ignore[no-untyped-def]
        value = np.ones(1)
        while value[0] < limit:
            value = backend.evaluate("LS", limit, value, OPTIONS)
        return float(value[0])

    assert search_together([1, 3, 8], search, Doubling()) == [1.0, 4.0, 8.0]  # type: ignore[list-item, arg-type]
    assert rounds == [[1.0, 1.0], [2.0, 2.0], [4.0]]


def test_a_machine_with_a_card_needs_few_packages() -> None:
    # All that these tests and the benchmark import, with every other package hidden.
    script = """
import subprocess
import sys
allowed = {"numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "pytest", "scope", "tests"}
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(name)
hidden = {"nifty_ls", "finufft", "astropy", "pydantic", "yaml", "tensorflow", "xgboost", "sklearn",
          "onnx", "onnxruntime", "h5py", "tables", "snakemake", "matplotlib", "penquins"}
assert not hidden & allowed
sys.meta_path.insert(0, Hide())
import pkgutil, importlib
import tests.conftest, tests.gpu, tests.benchmarks.gpu
for module in pkgutil.iter_modules(tests.gpu.__path__):
    importlib.import_module(f"tests.gpu.{module.name}")
import scope.periods.backends.cuda, scope.periods.backends.reference, scope.features.cuda
import scope.features.batch
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
