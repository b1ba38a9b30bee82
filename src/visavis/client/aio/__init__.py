"""The asynchronous client, written by hand; ``visavis.client.sync`` is generated from it."""
