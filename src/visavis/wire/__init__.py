"""Requests and answers as they travel; shared by the web and the client, which know nothing else of ours."""
