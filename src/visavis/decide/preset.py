"""A purpose's rates, from what is stated and what a standard asks for."""

from visavis.model.preset import Promised
from visavis.model.purpose import MAX_FNMR, PurposeInvalid, TargetKind


def settled(promised: Promised) -> tuple[TargetKind, float, float]:
    """The kind of the target, the target and the most misses; stricter than the preset may be stated, laxer not.

    :raises PurposeInvalid: a rate is laxer or of another kind than the preset's, or there is neither.
    """
    kind, target, max_fnmr = promised.target_kind, promised.target, promised.max_fnmr
    if promised.preset is None:
        if kind is None or target is None:
            raise PurposeInvalid("target_kind and target: state both, or a preset.")
        return kind, target, MAX_FNMR if max_fnmr is None else max_fnmr
    asked, name = promised.preset.asks, promised.preset.value
    if kind not in (None, asked.kind):
        raise PurposeInvalid(f"target_kind: {name} asks for '{asked.kind.value}' ({asked.source}).")
    if target is not None and not target <= asked.target:
        raise PurposeInvalid(f"target: {name} asks for at most {asked.target:g} ({asked.source}).")
    if asked.max_fnmr is not None and max_fnmr is not None and not max_fnmr <= asked.max_fnmr:
        raise PurposeInvalid(f"max_fnmr: {name} asks for at most {asked.max_fnmr:g} ({asked.source}).")
    follows = MAX_FNMR if asked.max_fnmr is None else asked.max_fnmr
    return asked.kind, asked.target if target is None else target, follows if max_fnmr is None else max_fnmr
