"""How often a model errs, measured on labelled photos and told with its doubt (ISO/IEC 19795-1). Offline only."""
