"""One component of ISO/IEC 29794-5:2025 a file, under its name in the standard."""
