"""The witness: a program of its own that cosigns checkpoints of logs over HTTP (C2SP tlog-witness)."""
