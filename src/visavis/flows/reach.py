"""How far an API key reaches: all galleries, or those it names."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from visavis.flows.ports import Rows, Store
from visavis.model.access import ApiKey, GalleryOutsideKey
from visavis.model.purpose import Gallery
from visavis.model.station import Station

T = TypeVar("T", bound=Any)

_GALLERY: Final = "gallery_id"
_LIE_IN_ONE: Final = {
    "subject_id": "subjects",
    "review_id": "reviews",
    "look_alike_id": "look_alikes",
    "station_id": "stations",
    "session_id": "sessions",
    "import_id": "imports",
    "export_id": "exports",
}
"""By which names a request speaks of what lies in one gallery, and the rows that tell in which."""

_NOTHING: Final = ""
"""An identifier that nothing has."""


class Reach:
    """Keeps a key that is for some galleries out of all others."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def require(self, key: ApiKey, named: Iterable[tuple[str, str]]) -> None:
        """Refuse what is not in the key's galleries.

        1. Something is named, and everything named lies in a gallery: what does not is for keys of all galleries.
        2. A gallery that is named is one of the key's.
        3. Anything else lies in one of them. If not, the answer is as if there were no such thing.

        :param named: names and values as they stand in a request, such as ``("subject_id", "sub_…")``.
        :raises GalleryOutsideKey: 1 and 2. :raises NotFound: 3.
        """
        if key.gallery_ids is None:
            return
        named = list(named)
        # 1
        if not named or not {name for name, _ in named} <= {_GALLERY, *_LIE_IN_ONE}:
            raise GalleryOutsideKey("This is for keys of all galleries.")
        with self._store.read() as tx:
            for name, value in named:
                # 2
                if name == _GALLERY:
                    if value not in key.gallery_ids:
                        raise GalleryOutsideKey
                    continue
                # 3
                rows: Rows[Any] = getattr(tx, _LIE_IN_ONE[name])
                if rows.get(value).gallery_id not in key.gallery_ids:
                    rows.get(_NOTHING)

    def galleries(self, key: ApiKey, *, after: str | None, limit: int) -> Sequence[Gallery]:
        """A page of the key's galleries."""
        with self._store.read() as tx:
            return page_within(tx.galleries, key, after=after, limit=limit, by="id")

    def stations(self, key: ApiKey, *, after: str | None, limit: int) -> Sequence[Station]:
        """A page of the stations of the key's galleries; those for document checks are for keys of all galleries."""
        with self._store.read() as tx:
            return page_within(tx.stations, key, after=after, limit=limit)


def page_within(rows: Rows[T], key: ApiKey, *, after: str | None, limit: int, by: str = _GALLERY) -> Sequence[T]:
    """A page of the rows that lie in a key's galleries.

    :param by: the field that says in which gallery a row lies.
    """
    if key.gallery_ids is None:
        return rows.page(after=after, limit=limit)
    pages = (rows.page(after=after, limit=limit, within=None, **{by: id_}) for id_ in key.gallery_ids)
    found = [row for page in pages for row in page]
    return sorted(found, key=lambda row: str(row.id))[:limit]
