"""The only place that joins stages: one file a flow, I/O through ports."""
