"""Where a log's witnesses are, and the file that lists them."""

from pathlib import Path

import pytest
from support.submitting import SomeLog, cosigner_of

from visavis.adapters.witnesses import HttpWitness, read_witnesses
from visavis.model.audit import WitnessesUnreadable

LOG = SomeLog()
W1 = cosigner_of("witness.example/w1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "witness.example",
        "ftp://witness.example",
        "http://witness.example",
        "http://192.0.2.7:8653",
        "https://ann:word@witness.example",
        "https://witness.example/?x=1",
        "https://witness.example/#x",
    ],
)
def test_an_address_that_is_none_or_not_private_is_refused(url: str) -> None:
    with pytest.raises(WitnessesUnreadable):
        HttpWitness(url, W1.key)


def test_the_key_of_a_log_is_not_that_of_a_witness() -> None:
    with pytest.raises(WitnessesUnreadable):
        HttpWitness("https://witness.example", LOG.key)


def test_witnesses_are_listed_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "witnesses.txt"
    second = cosigner_of("witness.example/w2").key
    path.write_text(f"# ours\n\n{W1.key}  https://one.example/w # in the cellar\n{second}\thttp://127.0.0.1:8653\n")
    found = read_witnesses(path)
    assert [witness.key for witness in found] == [W1.key, second]
    for witness in found:
        witness.close()
    path.write_text("")
    assert read_witnesses(path) == []


@pytest.mark.parametrize(
    "bad",
    [
        "noise",
        str(W1.key),
        f"{W1.key} https://one.example more",
        f"{LOG.key} https://one.example",
        f"{W1.key} http://one.example",
        f"{str(W1.key)[:-4]}AAAA https://one.example",
        f"https://one.example {W1.key}",
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "witnesses.txt"
    path.write_text(f"# ours\n{W1.key} https://one.example\n{bad}\n")
    with pytest.raises(WitnessesUnreadable, match="line 3"):
        read_witnesses(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\xff")
    for path in (tmp_path / "none", tmp_path, tmp_path / "noise"):
        with pytest.raises(WitnessesUnreadable, match=str(path)):
            read_witnesses(path)
