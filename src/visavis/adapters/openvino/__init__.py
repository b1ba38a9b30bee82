"""Detection and embedding with ONNX models on OpenVINO."""
