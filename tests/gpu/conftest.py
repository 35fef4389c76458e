"""The devices that the kernels are tested on: a CUDA card, and this processor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scope.errors import BackendError
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.device import Device
from tests.gpu.host_device import COMPILER, HostDevice

NO_COMPILER = "needs g++, which builds the kernels for this processor"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> HostDevice:
    """The kernels, built once."""
    if COMPILER is None:
        pytest.skip(NO_COMPILER)
    return HostDevice(tmp_path_factory.mktemp("kernels"))


@pytest.fixture
def host(built: HostDevice, monkeypatch: pytest.MonkeyPatch) -> HostDevice:
    """This processor in the place of a card."""
    device = built.fresh()
    monkeypatch.setattr(devices, "open_device", lambda: device)
    return device


@pytest.fixture(params=["host", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> Device:
    """Each of the two in turn; a card only where there is one."""
    if request.param == "host":
        stand_in: HostDevice = request.getfixturevalue("host")
        return stand_in
    return open_card()


def open_card() -> Device:
    """The card; skips where there is none."""
    try:
        return devices.open_device()
    except BackendError as error:
        pytest.skip(f"needs a CUDA device: {error}")


@pytest.fixture
def reopened() -> Iterator[None]:
    """Forget which device was opened, before and after."""
    devices.open_device.cache_clear()
    yield
    devices.open_device.cache_clear()
