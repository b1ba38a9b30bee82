"""Several photos of a person are compared together."""

from sim.faces import photo
from support.world import World


def test_s1_a_score_rests_on_every_reference_and_each_is_read_again(world: World) -> None:
    """One row that the database has given up ends the match, though memory has not heard of it."""
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"), photo("ann", 2), photo("ann", 3))
    station = world.station(gallery)
    assert world.identify(station, photo("ann", 4))["decision"] == "MATCH"
    world.sql('DELETE FROM "references" WHERE id = (SELECT min(id) FROM "references")')
    assert world.identify(station, photo("ann", 4))["decision"] == "NO_MATCH"
    world.services.live.refresh(ann.subject_id)
    assert world.identify(station, photo("ann", 4))["decision"] == "MATCH"


def test_a_gallery_counts_every_reference_and_not_what_stands_for_several(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"), photo("ann", 2), photo("ann", 3))
    world.active(gallery, "bob", photo("bob"))
    with world.services.store.read() as tx:
        index = world.services.live.index(tx.galleries.get(gallery))
        assert tx.references_in(gallery) == index.count() == 4
