"""Signed notes: what others signed is believed, and nothing that is only nearly so."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from visavis.audit.note import (
    COSIGNATURE,
    ED25519,
    MAX_NOTE,
    MAX_SIGNATURES,
    Cosigner,
    Note,
    NoteSigner,
    Signature,
    VerifierKey,
    cosigned_at,
    cosigned_message,
    from_base64,
    is_name,
    read_key,
    read_note,
    read_signatures,
    require_signed,
)
from visavis.model.audit import NoteMalformed, NoteUnsigned, VerifierKeyMalformed

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
PUBLISHED: Final[dict[str, Any]] = json.loads((FIXTURES / "published_log_vectors.json").read_text(encoding="ascii"))
NOTES: Final[list[dict[str, str]]] = PUBLISHED["notes"]
PETER: Final = NOTES[1]
TEXT, LINE = PETER["note"].split("\n\n")
DASH: Final = "\u2014"

SIGNER: Final = NoteSigner("log.example/one", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER: Final = NoteSigner("log.example/two", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
WITNESS: Final = Cosigner("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))))
BODY: Final = "log.example/one\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
MOMENT: Final = 1_800_000_000


def signed(*signatures: Signature) -> bytes:
    return str(Note(BODY, signatures)).encode()


def key_line(name: str, algorithm: int, material: bytes) -> str:
    """A key's line as it is made, whether or not anybody should take it."""
    key = VerifierKey(name, material, algorithm)
    return f"{name}+{key.key_id.hex()}+{b64encode(bytes([algorithm]) + material).decode()}"


@pytest.mark.parametrize("published", NOTES, ids=lambda published: str(published["key"]).partition("+")[0])
def test_notes_that_others_signed_check_out(published: dict[str, str]) -> None:
    note, key = read_note(published["note"].encode()), read_key(published["key"])
    require_signed(note, key)
    assert str(note) == published["note"]
    assert str(key) == published["key"]
    other = Note(note.text.replace("e", "E", 1), note.signatures)
    with pytest.raises(NoteUnsigned):
        require_signed(other, key)


def test_a_note_is_signed_as_others_sign_it() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(PETER["private_key"]))
    signer = NoteSigner("PeterNeumann", key)
    assert str(signer.key) == PETER["key"]
    text = f"{TEXT}\n"
    assert str(Note(text, (signer.sign(text),))) == PETER["note"]


def test_cosignatures_that_others_made_check_out() -> None:
    cosigned = PUBLISHED["cosigned"]
    note = read_note(cosigned["note"].encode())
    require_signed(note, read_key(cosigned["log"]))
    for line, moment in cosigned["witnesses"].items():
        key = read_key(line)
        assert cosigned_at(note, key) == moment
        with pytest.raises(NoteUnsigned):
            cosigned_at(Note(note.text.replace("1432088532", "1432088533"), note.signatures), key)


def test_a_key_is_its_whole_line_and_no_part_of_it() -> None:
    """The manglings that Go's own tests try."""
    line = PETER["key"]
    for begin in range(len(line)):
        for end in range(begin + 1, len(line) + 1):
            if (begin, end) != (0, len(line)):
                with pytest.raises(VerifierKeyMalformed):
                    read_key(line[begin:end])
    for at in range(len(line)):
        for change in (1, 2, 4, 32):
            with pytest.raises(VerifierKeyMalformed):
                read_key(line[:at] + chr(ord(line[at]) ^ change) + line[at + 1 :])


def test_white_space_around_a_key_is_not_part_of_it() -> None:
    assert read_key(f"  {PETER['key']}\n") == read_key(PETER["key"])


@pytest.mark.parametrize(
    "line",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER["key"].replace("c74f20a3", "C74F20A3"),
        PETER["key"].replace("c74f20a3", "0xc74f20a3"),
        f"{PETER['key']}=",
        PETER["key"].replace("/", "_"),
        "",
        "+",
        "++",
        "name",
        key_line("", ED25519, bytes(range(32))),
        key_line("a b", ED25519, bytes(range(32))),
        key_line("a\u00a0b", ED25519, bytes(range(32))),
        key_line("a\u2028b", ED25519, bytes(range(32))),
        key_line("a\x00b", ED25519, bytes(range(32))),
        key_line("a\x9bb", ED25519, bytes(range(32))),
        key_line("a\u202eb", ED25519, bytes(range(32))),
        key_line("name", 0x02, bytes(range(32))),
        key_line("name", 0x06, bytes(range(32))),
        key_line("name", 0xFF, bytes(range(32))),
        key_line("name", ED25519, bytes(range(31))),
        key_line("name", ED25519, bytes(range(33))),
        "name+00000000+\ud800",
        "\ud800+00000000+AA==",
    ],
)
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(VerifierKeyMalformed):
        read_key(line)


@pytest.mark.parametrize("algorithm", [ED25519, COSIGNATURE])
@pytest.mark.parametrize(
    "point",
    [
        bytes(32),
        b"\x01" + bytes(31),
        bytes(31) + b"\x80",
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
        bytes.fromhex("ec" + "ff" * 30 + "7f"),
    ],
)
def test_a_key_for_which_anybody_could_sign_is_refused(algorithm: int, point: bytes) -> None:
    with pytest.raises(VerifierKeyMalformed, match="Anybody"):
        read_key(key_line("name", algorithm, point))


@given(st.text(max_size=200))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    with pytest.raises(VerifierKeyMalformed):
        read_key(text)


@given(st.binary(min_size=32, max_size=32), st.sampled_from([ED25519, COSIGNATURE]))
def test_a_key_reads_as_it_was_written(seed: bytes, algorithm: int) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key = VerifierKey("name.example/ø", public, algorithm)
    assert read_key(str(key)) == key


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u2003b", "a\u00adb", "a\u200bb"])
def test_nobody_signs_under_a_name_that_cannot_be_read(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="name"):
        NoteSigner(name, SIGNER.private_key)
    with pytest.raises(ValueError, match="name"):
        Cosigner(name, SIGNER.private_key)


NOTE: Final = f"{TEXT}\n\n{LINE}"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n\n",
        f"{TEXT}\n\n\n",
        NOTE[:-1],
        f"\x01{NOTE}",
        f"{TEXT}\r\n\r\n{LINE}",
        NOTE.replace("\n", "\r\n"),
        f"{TEXT}\tx\n\n{LINE}",
        f"{NOTE}Unexpected line.\n",
        f"{NOTE}\n",
        f"\n\n{LINE}",
        f"{TEXT}\n\n{LINE.replace('PeterNeumann', 'Bad Name')}",
        f"{TEXT}\n\n{LINE.replace('PeterNeumann', 'Bad+Name')}",
        f"{TEXT}\n\n{LINE.replace('PeterNeumann', 'Bad' + chr(0x3000) + 'Name')}",
        f"{TEXT}\n\n{LINE.replace('PeterNeumann', '')}",
        f"{TEXT}\n\n{LINE.replace(DASH, '-')}",
        f"{TEXT}\n\n{LINE.replace(DASH + ' ', DASH)}",
        f"{TEXT}\n\n{LINE.replace(' ', chr(0xA0))}",
        f"{TEXT}\n\n{LINE.replace('=', '')}",
        f"{TEXT}\n\n{LINE.replace('=', '==')}",
        f"{TEXT}\n\n{LINE.replace('AM=', 'AN=')}",
        f"{TEXT}\n\n{LINE.replace('/', '_')}",
        f"{TEXT}\n\n{LINE[:-1]} \n",
        f"{TEXT}\n\n{DASH} name AAAA\n",
        f"{TEXT}\n\n{DASH} name AAAAAA==\n",
        f"{TEXT}\n\n{DASH} name\n",
        f"{TEXT}\n\n{LINE}{LINE}"[:-1],
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteMalformed):
        read_note(note.encode())


@pytest.mark.parametrize("data", [b"\xff" + NOTE.encode(), NOTE.encode("utf-16"), b"\xed\xa0\x80" + NOTE.encode()])
def test_what_is_not_utf8_is_refused(data: bytes) -> None:
    with pytest.raises(NoteMalformed, match="UTF-8"):
        read_note(data)


def test_the_last_empty_line_divides_a_note() -> None:
    text = "one\n\ntwo\n\n\n"
    note = read_note(f"{text}\n{LINE}".encode())
    assert note.text == text
    assert [signature.name for signature in note.signatures] == ["PeterNeumann"]


def test_sixteen_long_signatures_are_read() -> None:
    """C2SP signed-note: a reader takes at least 16, and a post-quantum one has nearly 5 kB."""
    long = Signature("witness.example/" + "w" * 50, b"\x00\x00\x00\x06", bytes(5000))
    note = read_note(signed(SIGNER.sign(BODY), *[long] * 16))
    require_signed(note, SIGNER.key)
    assert len(note.signatures) == 17


def test_more_signatures_or_bytes_than_anybody_needs_are_refused() -> None:
    line = SIGNER.sign(BODY)
    assert len(read_note(signed(*[line] * MAX_SIGNATURES)).signatures) == MAX_SIGNATURES
    with pytest.raises(NoteMalformed, match="too many"):
        read_note(signed(*[line] * (MAX_SIGNATURES + 1)))
    with pytest.raises(NoteMalformed, match="larger"):
        read_note(b"x" * (MAX_NOTE + 1))
    with pytest.raises(NoteMalformed, match="no signature lines"):
        read_signatures("")


def test_lines_of_unknown_keys_are_passed_over() -> None:
    """Even if they share the name or the id of a key that is known, or have a name that no key of ours could have."""
    mine = SIGNER.sign(BODY)
    id_ = SIGNER.key.key_id
    strangers = [
        Signature(SIGNER.name, b"\x00\x00\x00\x00", bytes(64)),
        Signature("somebody.else", id_, bytes(64)),
        Signature("zero\u200bwidth\u202e", b"\x01\x02\x03\x04", b"x"),
        OTHER.sign(BODY),
    ]
    require_signed(read_note(signed(*strangers, mine, *strangers)), SIGNER.key)
    with pytest.raises(NoteUnsigned, match="no signature"):
        require_signed(read_note(signed(*strangers)), SIGNER.key)


def test_one_false_signature_of_a_known_key_spoils_a_note() -> None:
    good = SIGNER.sign(BODY)
    require_signed(read_note(signed(good, good)), SIGNER.key)
    for false in (SIGNER.sign("x\n").signature, bytes(64), good.signature[:-1], good.signature + b"\x00", b"x"):
        bad = Signature(SIGNER.name, SIGNER.key.key_id, false)
        for order in ((good, bad), (bad, good), (bad,)):
            with pytest.raises(NoteUnsigned, match="does not check out"):
                require_signed(read_note(signed(*order)), SIGNER.key)


def test_a_signature_of_another_type_is_none() -> None:
    """One key can make both, and each is only what it was made as."""
    log = NoteSigner(WITNESS.name, WITNESS.private_key)
    plain, cosigned = log.sign(BODY), WITNESS.cosign(BODY, moment=MOMENT)
    assert plain.key_id != cosigned.key_id
    with pytest.raises(NoteUnsigned):
        require_signed(read_note(signed(cosigned)), log.key)
    with pytest.raises(NoteUnsigned):
        require_signed(read_note(signed(cosigned)), WITNESS.key)
    assert cosigned_at(read_note(signed(plain)), WITNESS.key) is None
    renamed = Signature(WITNESS.name, WITNESS.key.key_id, plain.signature)
    with pytest.raises(NoteUnsigned, match="not of the form"):
        cosigned_at(read_note(signed(renamed)), WITNESS.key)
    with pytest.raises(NoteUnsigned, match="no signature"):
        require_signed(read_note(signed(renamed)), WITNESS.key)


def test_every_changed_bit_of_a_note_is_refused() -> None:
    data = signed(SIGNER.sign(BODY))
    require_signed(read_note(data), SIGNER.key)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((NoteMalformed, NoteUnsigned)):
            require_signed(read_note(bytes(changed)), SIGNER.key)


def test_a_cosignature_says_when() -> None:
    early, late = WITNESS.cosign(BODY, moment=MOMENT), WITNESS.cosign(BODY, moment=MOMENT + 5)
    assert cosigned_at(read_note(signed(early)), WITNESS.key) == MOMENT
    assert cosigned_at(read_note(signed(late, early)), WITNESS.key) == MOMENT + 5
    assert cosigned_at(read_note(signed(WITNESS.cosign(BODY, moment=0))), WITNESS.key) == 0
    assert cosigned_message(BODY, MOMENT) == b"cosignature/v1\ntime 1800000000\n" + BODY.encode()


def test_a_cosignature_with_another_time_is_refused() -> None:
    line = WITNESS.cosign(BODY, moment=MOMENT)
    moved = Signature(line.name, line.key_id, (MOMENT + 1).to_bytes(8) + line.signature[8:])
    for order in ((moved,), (line, moved)):
        with pytest.raises(NoteUnsigned, match="does not check out"):
            cosigned_at(read_note(signed(*order)), WITNESS.key)


def test_a_time_that_no_clock_has_is_refused() -> None:
    last = (1 << 63) - 1
    assert cosigned_at(read_note(signed(WITNESS.cosign(BODY, moment=last))), WITNESS.key) == last
    with pytest.raises(NoteUnsigned, match="no time"):
        cosigned_at(read_note(signed(WITNESS.cosign(BODY, moment=last + 1))), WITNESS.key)


@pytest.mark.parametrize("length", [1, 63, 64, 71, 73])
def test_a_cosignature_of_another_length_is_refused(length: int) -> None:
    line = Signature(WITNESS.name, WITNESS.key.key_id, bytes(length))
    with pytest.raises(NoteUnsigned, match="not of the form"):
        cosigned_at(read_note(signed(line)), WITNESS.key)


PIECES: Final = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
NAMES: Final = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1)
LINES: Final = st.builds(Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))


@given(st.lists(PIECES, min_size=1).map(lambda lines: "x" + "\n".join(lines) + "\n"), st.lists(LINES, min_size=1))
def test_a_note_reads_as_it_was_written(text: str, lines: list[Signature]) -> None:
    note = Note(text, tuple(lines))
    assert read_note(str(note).encode()) == note


@given(st.binary(max_size=300) | st.text(alphabet=f"\n {DASH}abAB=/09").map(str.encode))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        note = read_note(data)
    except NoteMalformed:
        return
    assert str(note).encode() == data


@given(st.binary(max_size=80))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = b64encode(data).decode()
    assert from_base64(text) == data
    for other in (f"{text}\n", f" {text}", text.rstrip("=") + "=" * 3, f"{text}="):
        with pytest.raises(ValueError):  # noqa: PT011 -- what it says is the library's
            from_base64(other)


def test_bits_that_base64_does_not_need_are_zero() -> None:
    assert from_base64("QQ==") == b"A"
    for other in ("QR==", "Qf==", "QUJ="):
        with pytest.raises(ValueError, match="canonical"):
            from_base64(other)
