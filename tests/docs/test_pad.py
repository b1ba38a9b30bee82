"""The card that the guide shows is one that can be read, once it names a network that is there."""

import hashlib
from pathlib import Path

from fixtures.networks import pad_network
from support.pages import ROOT, blocks

from visavis.adapters.cards import read_pad_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_pad

GUIDE = ROOT / "docs" / "guides" / "pad.md"


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
