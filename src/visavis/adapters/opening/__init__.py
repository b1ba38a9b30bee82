"""Opening sealed references in a process beside the server's, while it takes a large gallery into memory."""
