"""Labelled data sets as they lie on a disk, and the report of what was measured on one."""
