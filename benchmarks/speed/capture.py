"""What guidance before the camera costs a browser: bytes to fetch, and milliseconds for each look.

``make bench-capture``. Debian's Chromium, headless, one thread, no GPU.
"""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import structlog
from support.browser import STATIC, opened_browser
from support.embedding import opened, serving

from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.stages import open_face_finder

ROOT = Path(__file__).parents[2]
ROUNDS = 200

_RUN = """async (rounds) => {
  const { Finder } = await import("/static/js/capture/finder.js");
  const begun = performance.now();
  const finder = await Finder.load("/capture/face-finder");
  const loaded = performance.now() - begun;
  const pixels = new ImageData(320, 240);
  crypto.getRandomValues(pixels.data.subarray(0, 65536));
  const took = [];
  for (let n = 0; n < rounds; n++) {
    const at = performance.now();
    await finder.find(pixels);
    took.push(performance.now() - at);
  }
  took.sort((a, b) => a - b);
  const part = (share) => Math.round(10 * took[Math.floor(share * rounds)]) / 10;
  return { load_ms: Math.round(loaded), look_ms: part(0.5), look_p95_ms: part(0.95), look_best_ms: part(0) };
}"""


def measure() -> dict[str, Any]:
    """Milliseconds, and kB (1000 bytes) as they are sent: packed where they are."""
    network = open_face_finder(ModelStore(ROOT / ".work" / "models"))
    with serving(network) as base, opened_browser() as browser:
        page = browser.new_page()
        opened(page, base)
        before = sum(page.evaluate("performance.getEntriesByType('resource').map((one) => one.encodedBodySize)"))
        took = page.evaluate(_RUN, ROUNDS)
    vendor = STATIC / "js" / "vendor"
    [wasm] = vendor.glob("*.wasm.gz")
    [runtime] = vendor.glob("onnxruntime-web-*.js.gz")
    return {
        **took,
        "element_kb": _kb(before),
        "runtime_kb": _kb(runtime.stat().st_size),
        "wasm_kb": _kb(wasm.stat().st_size),
        "network_kb": _kb(len(network or b"")),
        "network_packed_kb": _kb(len(gzip.compress(network or b""))),
    }


def _kb(size: float) -> float:
    return round(size / 1000, 1)


def main() -> None:
    """Measure, and print the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
