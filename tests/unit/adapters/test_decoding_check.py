"""What the doctor is told of decoding, and that the server decodes in workers and nowhere else."""

from pathlib import Path

import pytest
from fixtures.images import FORMATS

from visavis import bootstrap, bootstrap_models
from visavis.adapters.decoding import check
from visavis.adapters.decoding.pool import DecodingPool
from visavis.adapters.decoding.samples import COLOUR, SAMPLES
from visavis.capture.decode import decode
from visavis.capture.formats import Format
from visavis.model.errors import StartupError
from visavis.model.image import DecoderUnavailable
from visavis.settings import Settings


def test_every_format_is_checked_in_a_worker() -> None:
    found = check.check_decoding()
    assert [one.format for one in found] == FORMATS == [form.value for form in Format]
    assert all(one.ok and not one.mend for one in found)


def test_the_samples_are_what_they_should_be() -> None:
    assert set(SAMPLES) == set(Format)
    for sample in SAMPLES.values():
        assert len(sample) < 1000
        frame = decode(sample)
        assert frame.pixels.shape == (16, 16, 3)
        assert abs(frame.pixels.astype(int) - COLOUR).max() <= 3


@pytest.mark.parametrize(("sample", "said"), [(b"\xff\xd8\xff", "image_unreadable"), (None, "other colours")])
def test_a_format_that_is_not_decoded_is_told(monkeypatch: pytest.MonkeyPatch, sample: bytes | None, said: str) -> None:
    monkeypatch.setitem(SAMPLES, Format.JPEG, sample or SAMPLES[Format.JPEG])
    if sample is None:
        monkeypatch.setattr(check, "COLOUR", (0, 0, 0))
    first, *_ = check.check_decoding()
    assert not first.ok
    assert said in first.message
    assert first.mend


def test_without_workers_every_format_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "DecodingPool", lambda at_once: DecodingPool(at_once=at_once, command=("/nothing",)))
    found = check.check_decoding()
    assert not any(one.ok for one in found)
    assert all(one.mend for one in found)


def test_the_server_decodes_in_workers_and_ends_them(weights: Path) -> None:
    stages = bootstrap.open_stages(Settings(models=weights))
    pool = stages.extractor._decoder
    assert isinstance(pool, DecodingPool)
    assert pool(SAMPLES[Format.HEIC]).width == 16
    stages.close()
    with pytest.raises(DecoderUnavailable):
        pool(SAMPLES[Format.HEIC])
    assert pool.pids() == []


def test_stages_that_do_not_open_leave_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[DecodingPool] = []

    def noted() -> DecodingPool:
        opened.append(DecodingPool())
        return opened[0]

    monkeypatch.setattr(bootstrap_models, "DecodingPool", noted)
    with pytest.raises(StartupError):
        bootstrap.open_stages(Settings(models=tmp_path))
    assert opened[0].pids() == []
    with pytest.raises(DecoderUnavailable):
        opened[0](SAMPLES[Format.PNG])
