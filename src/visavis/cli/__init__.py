"""The command line: a person's hands on the REST doors, and what is done to an installation itself."""
