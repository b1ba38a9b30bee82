"""A world whose store breaks at the test's word, and at nothing else's."""

from sim.breaking_store import BreakingStore, put_under

from support.world import World
from visavis.adapters.sql.store import SqlStore


def breaking(world: World) -> BreakingStore:
    """Put a store that can break under a world's flows.

    The server's own tidying at its start is over by then: it would use up the write that is to break.
    """
    assert world.has_purged.wait(30)
    sql = world.services.store
    assert isinstance(sql, SqlStore)
    store = BreakingStore(sql)
    put_under(world.services, store)
    return store
