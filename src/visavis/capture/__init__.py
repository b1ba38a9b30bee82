"""From untrusted bytes to one aligned face: decode, detect, choose, align."""
