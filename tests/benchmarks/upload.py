"""Upload 2,000 classifications under faults and three kills, and count what is on the server.

    python -m tests.benchmarks.upload [--scale 1]

With scale 1 the limiter, the waits, the server's limit and its faults have the times of real
life; with more all of them are that much faster.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.fritz.uploading import posted, star_rows, start_child
from tests.services.fritz_sky import furnish
from tests.services.fritz_stub import Fault, StubFritz
from tests.services.fritz_stub.faults import RATE

SOURCES, CLASSES, BATCH = 500, 4, 40
KILLS = 3


def main() -> None:
    """Run the trial, print what happened, and fail unless all is there once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    late = Fault("late", 504, 5.0 / scale)
    faults = (RATE, RATE, Fault("done", 504), Fault("cut"), Fault("half"), late)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, StubFritz(scale=scale) as stub:
        furnish(stub)
        stub.faults.at_random(0.03, faults, seed=5)
        stub.faults.next(Fault("down", 504), Fault("down", 504), of="POST /api/classification")
        chance = random.Random(7)
        status = None
        for kill in range(KILLS):
            child = start_child(stub, Path(folder), SOURCES, CLASSES, BATCH, scale)
            wanted = (SOURCES * CLASSES // BATCH) * (kill + 1) // (KILLS + 1)
            while len(stub.written("/api/classification")) < wanted and child.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.random() / scale)
            child.kill()
            status = child.wait()
            print(f"kill {kill + 1}: status {status}, {sum(posted(stub).values())} on the server")
        child = start_child(stub, Path(folder), SOURCES, CLASSES, BATCH, scale)
        status = child.wait()
        found = posted(stub)
        expected = {
            (row.obj_id, entry.fritz_label, entry.taxonomy_id, (4,))
            for row in star_rows(SOURCES, CLASSES)
            for entry in row.classes
        }
        print(f"last run: status {status}; {time.monotonic() - began:.0f} s in all")
        print(f"{len(stub.requests)} requests, {stub.limit_hits} over the server's limit")
        print("faults:", ", ".join(f"{n} {kind}" for kind, n in stub.faults.injected.items()))
        print(f"{sum(found.values())} on the server, {len(found)} different ones")
        assert status == 0, (Path(folder) / "child.err").read_text()[-2000:]
        assert set(found) == expected
        assert set(found.values()) == {1}


if __name__ == "__main__":
    main()
