"""How good a picture of a face is, in the components of ISO/IEC 29794-5:2025."""
