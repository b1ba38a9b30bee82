"""Loading and running a network speaks to nobody."""

import subprocess
import sys
from pathlib import Path

from fixtures.networks import EMBEDDER_CARD, mean_embedder, place

SCRIPT = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(event) if event.startswith("socket.") else None)
from pathlib import Path
import numpy as np
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_embedder
folder = Path(sys.argv[1])
embedder = open_embedder(ModelStore(folder), Runtime(), card_folder=folder / "tiny-embedder")
embedder.embed([np.zeros((112, 112, 3), np.uint8)])
calls = {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind", "socket.__new__"}
print(sorted(calls & set(opened)))
"""


def test_importing_compiling_and_running_open_no_connection(tmp_path: Path) -> None:
    place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    paths = {"PYTHONPATH": ":".join(path for path in sys.path if path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env=paths,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "[]"
    # OpenVINO's telemetry client would have left its identity here.
    assert {path.name for path in tmp_path.iterdir()} == {"tiny-embedder", "tiny-embedder.onnx"}
