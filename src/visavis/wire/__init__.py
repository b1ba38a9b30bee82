"""Requests and answers as they travel: what the web and the client share."""
