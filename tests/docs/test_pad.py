"""The card that the guide shows can be read, once it names a network that is there; what it keeps can be found."""

import hashlib
from pathlib import Path

import pytest
from fixtures.networks import pad_network
from support.kept_captures import taken
from support.pages import ROOT, blocks

from visavis.adapters.cards import read_pad_card
from visavis.adapters.evaluation.presentations import open_presentations
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_pad

GUIDE = ROOT / "docs" / "guides" / "pad.md"
"""Read by the name of "pad.md"."""


def test_the_card_of_the_guide_is_whole(tmp_path: Path) -> None:
    (shown,) = [block.text for block in blocks(GUIDE, "toml")]
    network = pad_network()
    text = shown.replace("0" * 64, hashlib.sha256(network).hexdigest()).replace("1849453", str(len(network)))
    assert text != shown
    text = text.replace('name = "logits"', 'name = "says"')
    (tmp_path / "card.toml").write_text(text, encoding="utf-8")
    (tmp_path / read_pad_card(tmp_path).file).write_bytes(network)
    report = open_pad(ModelStore(tmp_path), Runtime(), card_folder=tmp_path).report
    assert report.worst.name == "film on a telephone"
    assert report.riapar is not None


def test_what_the_guide_keeps_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = [block.text for block in blocks(GUIDE, "python")]
    film = taken("ann")
    names = {"asked": film.challenge, "began_ms": film.began_ms, "steps": film.steps, "frames": film.frames}
    monkeypatch.chdir(tmp_path)
    exec(shown, dict(names))  # noqa: S102 -- the guide's own words
    attack = Path("presented/attacks/mask/0001")
    attack.mkdir(parents=True)
    Path("presented/bona_fide/0001/first.bundle").rename(attack / "first.bundle")
    exec(shown, dict(names))  # noqa: S102 -- and once more, of somebody living
    kept = open_presentations(Path("presented"))
    assert kept.presentations.is_bona_fide.tolist() == [False, True]
    _, (_, _, *frames) = kept.read(1)
    assert frames == [frame for _, frame in film.frames]
