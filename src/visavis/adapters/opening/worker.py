"""A process that opens pages: ``python -m visavis.adapters.opening.worker``, its socket as standard input.

It ends when the server closes the socket, or dies; and for any fault of its own, which the server then meets itself.
"""

import gc
import signal
from contextlib import suppress
from multiprocessing.connection import Connection

from visavis.adapters.hardening import harden
from visavis.adapters.sql.store import SqlStore
from visavis.flows.loading import opened


def main() -> None:
    """Read and open one page after the other, until there is nobody to do it for."""
    harden()
    # Ctrl-C is meant for the server, which then closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A page is some ten thousand objects without a cycle among them, and the process lives for a minute.
    gc.disable()
    with Connection(0) as server, suppress(EOFError, OSError):
        store = SqlStore(server.recv())
        while True:
            span, gallery, wrapping, now = server.recv()
            with store.read() as tx:
                rows = tx.sealed_references(gallery.id, after=span.after, until=span.until, now=now)
            server.send(opened(rows, wrapping=wrapping, gallery=gallery))


if __name__ == "__main__":
    main()
