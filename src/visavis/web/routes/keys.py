"""Looking at the keys that everything is sealed with, and exchanging them while the server serves."""

from typing import Annotated

from fastapi import APIRouter, Depends

from visavis.model.access import ApiKey, Scope
from visavis.web.auth import Admin, Flows, key_with
from visavis.wire.keys import DestroyedAnswer, EpochAnswer, GalleryKeyAnswer, KeysAnswer

router = APIRouter(prefix="/v1", tags=["keys"])

_Seeing = Annotated[ApiKey, Depends(key_with(Scope.ADMIN, Scope.AUDIT))]


@router.get("/keys")
def show_keys(flows: Flows, _key: _Seeing) -> KeysAnswer:
    """Where the root key is, and the erasure epochs. No key is shown."""
    return _answer(flows)


@router.post("/keys/root/rotation")
def rotate_root(flows: Flows, key: Admin) -> KeysAnswer:
    """Exchange the root key in its file. Custodians exchange theirs by a ceremony (``root_with_custodians``)."""
    flows.rotate.root(by=key)
    return _answer(flows)


@router.post("/keys/epoch/rotation")
def rotate_epoch(flows: Flows, key: Admin) -> KeysAnswer:
    """Begin a new epoch now, and wrap every subject's key in it."""
    flows.epochs.turn(by=key)
    flows.epochs.look()
    return _answer(flows)


@router.post("/galleries/{gallery_id}/key/rotation")
def rotate_gallery(gallery_id: str, flows: Flows, key: Admin) -> GalleryKeyAnswer:
    """Exchange a gallery's key, and transform every reference with the new one; recognising goes on meanwhile."""
    return GalleryKeyAnswer(gallery_id=gallery_id, subjects=flows.rotate.gallery(gallery_id, by=key))


@router.post("/subjects/{subject_id}/key/rotation", status_code=204)
def rotate_subject(subject_id: str, flows: Flows, key: Admin) -> None:
    """Exchange a person's key, and seal everything that is kept of them with the new one."""
    flows.rotate.subject(subject_id, by=key)


def _answer(flows: Flows) -> KeysAnswer:
    tree, custody = flows.keyring.keys.tree, flows.keyring.keys.custody
    return KeysAnswer(
        mode=custody.mode,
        custodians=len(custody.custodians),
        custodians_needed=custody.threshold if custody.custodians else 0,
        generation=tree.generation,
        backup_window_days=flows.epochs.window.days,
        epochs=[EpochAnswer(number=e.number, made_at=e.made_at, emptied_at=e.emptied_at) for e in tree.epochs],
        destroyed=[
            DestroyedAnswer(number=d.number, made_at=d.made_at, destroyed_at=d.destroyed_at) for d in tree.destroyed
        ],
    )
