"""The words: frozen values, enumerations and one tree of errors; imports nothing of ours."""
