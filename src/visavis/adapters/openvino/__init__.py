"""Detection and embedding with ONNX models on OpenVINO."""

import sys

# Importing OpenVINO's Python package reports the fact to its maker's analytics service and leaves an identity in the
# home directory, unless its telemetry client cannot be imported. Nothing of ours may speak to anybody, so it cannot;
# this stands here because it must come before the first import of the runtime. A test watches for connections.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # documented: None makes an import fail
