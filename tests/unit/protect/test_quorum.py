"""Shares of the root key: any quorum gives it, nothing less does, and every fault has a name."""

import itertools
import os
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrage import decrypt, x25519
from shamir_mnemonic import generate_mnemonics
from shamir_mnemonic.share import Share as Mnemonic
from shamir_mnemonic.wordlist import WORDLIST

from visavis.model.custodians import (
    CustodianMisnamed,
    QuorumImpossible,
    RehearsalFailed,
    ShareForeign,
    ShareMalformed,
    ShareRepeated,
    SharesTooFew,
    SharesWrong,
)
from visavis.protect.quorum import (
    answer_challenge,
    approval_key_of,
    approval_public_of,
    combine,
    for_recipient,
    read_share,
    require_answer,
    require_own,
    split,
)

ROOT = bytes(range(32))
FIVE = split(ROOT, shares=5, threshold=3)
KEPT = (
    "declare single academic acid average index orbit guest hybrid herald loyalty "
    "body hunting gums fragment garbage should rescue drug arcade rival inherit "
    "sprinkle capital rebuild born armed pickup arena shame premium skunk calcium"
)
KEPT_KEY = "fde3c3651a05851c2bb06aaa3a730cf87c68905e5e617c0c2683723aa3e2fcee"
OTHERS = split(ROOT, shares=5, threshold=3)


def test_any_three_of_five_give_the_root_in_any_order() -> None:
    for some in itertools.permutations(FIVE, 3):
        assert combine(some) == ROOT


def test_more_than_enough_are_no_fault() -> None:
    assert combine(FIVE) == ROOT


@settings(max_examples=20, deadline=None)
@given(st.data(), st.binary(min_size=32, max_size=32))
def test_any_quorum_gives_the_root_and_one_fewer_nothing(data: st.DataObject, root: bytes) -> None:
    shares = data.draw(st.integers(2, 16))
    threshold = data.draw(st.integers(2, shares))
    made = split(root, shares=shares, threshold=threshold)
    chosen = data.draw(st.permutations(made))[:threshold]
    assert combine(chosen) == root
    with pytest.raises(SharesTooFew):
        combine(chosen[:-1])


def test_two_shares_that_claim_to_be_enough_give_nothing() -> None:
    claimed = [replace(Mnemonic.from_mnemonic(words), member_threshold=2).mnemonic() for words in FIVE]
    for two in itertools.combinations(claimed, 2):
        with pytest.raises(SharesWrong):
            combine(two)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4), st.integers(0, 32), st.sampled_from(WORDLIST))
def test_one_other_word_is_refused(share: int, place: int, word: str) -> None:
    words = FIVE[share].split()
    if words[place] == word:
        return
    words[place] = word
    with pytest.raises(ShareMalformed):
        read_share(" ".join(words))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda words: words[:-1],
        lambda words: [*words, words[0]],
        lambda words: [words[1], words[0], *words[2:]],
        lambda words: ["abandonned", *words[1:]],
        lambda _: [],
        lambda _: ["\0"],
    ],
)
def test_words_that_are_no_share_are_refused_without_repeating_one(
    spoil: Callable[[list[str]], list[str]],
) -> None:
    words = spoil(KEPT.split())
    with pytest.raises(ShareMalformed) as refused:
        read_share(" ".join(words))
    assert not set(KEPT.split()) & set(str(refused.value).replace(".", " ").split())
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_word_that_is_none_is_named_by_its_place() -> None:
    words = FIVE[0].split()
    words[6] = "abandonned"
    with pytest.raises(ShareMalformed, match=r"Word 7 is not in the list") as refused:
        read_share(" ".join(words))
    assert "abandonned" not in str(refused.value)


def test_spelling_makes_no_other_share() -> None:
    loud = f"  {FIVE[0].upper().replace(' ', chr(10))} "
    assert approval_public_of(loud) == approval_public_of(FIVE[0])
    assert combine([loud, *FIVE[1:3]]) == ROOT


def test_shares_of_two_ceremonies_do_not_count_together() -> None:
    with pytest.raises(ShareForeign):
        combine([*FIVE[:2], OTHERS[2]])


def test_shares_that_only_look_alike_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ceremonies may have one identifier: it has 15 bits."""
    monkeypatch.setattr("shamir_mnemonic.shamir._random_identifier", lambda: 4711)
    one, other = (split(os.urandom(32), shares=3, threshold=2) for _ in range(2))
    with pytest.raises(SharesWrong):
        combine([one[0], other[1]])


def test_the_same_share_twice_counts_once() -> None:
    with pytest.raises(ShareRepeated):
        combine([FIVE[0], FIVE[1], FIVE[0].upper()])


@pytest.mark.parametrize("some", [[], FIVE[:1], FIVE[:2]])
def test_too_few_are_refused(some: list[str]) -> None:
    with pytest.raises(SharesTooFew):
        combine(some)


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (3, 1), (3, 4), (17, 3), (0, 0), (5, 0)])
def test_a_quorum_that_cannot_be_is_refused(shares: int, threshold: int) -> None:
    with pytest.raises(QuorumImpossible):
        split(ROOT, shares=shares, threshold=threshold)


@pytest.mark.parametrize(
    ("groups", "group_threshold", "secret", "exponent"),
    [
        ([(2, 3), (2, 3)], 2, ROOT, 0),
        ([(1, 1)], 1, ROOT, 0),
        ([(2, 3)], 1, ROOT[:16], 0),
        ([(2, 3)], 1, ROOT, 1),
    ],
)
def test_shares_of_another_sort_are_refused(
    groups: list[tuple[int, int]], group_threshold: int, secret: bytes, exponent: int
) -> None:
    made = generate_mnemonics(group_threshold, groups, secret, iteration_exponent=exponent)
    with pytest.raises(ShareMalformed):
        read_share(made[0][0])


def test_a_share_that_would_take_minutes_to_open_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shamir_mnemonic.cipher.encrypt", lambda *_: ROOT)
    slow = generate_mnemonics(1, [(2, 3)], ROOT, iteration_exponent=15)[0]
    with pytest.raises(ShareMalformed):
        combine(slow[:2])


def test_every_custodian_has_an_approval_key_of_their_own() -> None:
    keys = {approval_public_of(words) for words in (*FIVE, *OTHERS)}
    assert len(keys) == 10


def test_an_approval_key_does_not_change() -> None:
    """Public halves are kept in key stores: the derivation is a format."""
    assert approval_public_of(KEPT).hex() == KEPT_KEY


def test_an_approval_key_signs_for_its_custodian_only() -> None:
    signed = approval_key_of(FIVE[0]).sign(b"request")
    approval_key_of(FIVE[0]).public_key().verify(signed, b"request")
    with pytest.raises(InvalidSignature):
        approval_key_of(FIVE[1]).public_key().verify(signed, b"request")


def test_a_share_that_was_not_given_to_anybody_here_is_refused() -> None:
    mine = [approval_public_of(words) for words in FIVE]
    assert require_own(FIVE[3], approval_keys=mine).number == 4
    with pytest.raises(ShareForeign):
        require_own(OTHERS[3], approval_keys=mine)


def test_a_rehearsal_shows_a_share_without_telling_it() -> None:
    answer = answer_challenge("x7Qe", words=FIVE[1])
    require_answer(answer, challenge="x7Qe", approval_key=approval_public_of(FIVE[1]))
    assert FIVE[1] not in answer


@pytest.mark.parametrize(
    ("answer", "challenge", "words"),
    [
        (answer_challenge("x7Qe", words=FIVE[1]), "another", FIVE[1]),
        (answer_challenge("x7Qe", words=FIVE[1]), "x7Qe", FIVE[2]),
        (answer_challenge("x7Qe", words=OTHERS[1]), "x7Qe", FIVE[1]),
        ("", "x7Qe", FIVE[1]),
        ("A" * 86, "x7Qe", FIVE[1]),
        ("ä", "x7Qe", FIVE[1]),
    ],
    ids=["another challenge", "another share", "of another ceremony", "nothing", "of the right length", "no ASCII"],
)
def test_another_answer_is_refused(answer: str, challenge: str, words: str) -> None:
    with pytest.raises(RehearsalFailed):
        require_answer(answer, challenge=challenge, approval_key=approval_public_of(words))


def test_an_answer_signs_nothing_but_a_rehearsal() -> None:
    raw = approval_key_of(FIVE[0])
    signed = answer_challenge("a request", words=FIVE[0])
    with pytest.raises(InvalidSignature):
        raw.public_key().verify(urlsafe_b64decode(signed + "=="), b"a request")


def test_a_sheet_for_somebody_opens_for_nobody_else() -> None:
    identity = x25519.Identity.generate()
    sealed = for_recipient(b"words", str(identity.to_public()))
    assert decrypt(sealed, [identity]) == b"words"
    assert for_recipient(b"words", None) == b"words"
    for wrong in ("age1", "ssh-ed25519 AAAA", ""):
        with pytest.raises(CustodianMisnamed):
            for_recipient(b"words", wrong)


def test_no_share_shows_itself() -> None:
    share = read_share(FIVE[0])
    assert str(share.value) not in repr(share)
