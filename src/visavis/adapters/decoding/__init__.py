"""Photos decoded in worker processes that may crash, hang or be taken over without harm to the server."""
