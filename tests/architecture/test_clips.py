"""Where gradients flow, clips come from `ganoscope.clipping`: the gradient of `clamp` at a bound differs by version."""

import re
from pathlib import Path

import pytest

import ganoscope

SOURCE = Path(ganoscope.__file__).parent
ROOMS = ("objectives", "nets", "methods", "data/feeding")
WITHOUT_GRADIENT = {
    "objectives/hu_histogram.py": "below = place.detach().floor().clamp(max=bins.number - 2)",
    "nets/parts/running_histogram.py": "return counts / counts.sum().clamp_min(LEAST)",
    "data/feeding/feed.py": "return image.clamp_(-1.0, 1.0)[:, None]",
}
"""Clips of values that are detached, buffers or data."""


@pytest.mark.parametrize("room", ROOMS)
def test_no_clip_leaves_its_gradient_at_a_bound_to_the_version_of_torch(room):
    found = [
        (file.relative_to(SOURCE).as_posix(), line.strip())
        for file in sorted((SOURCE / room).rglob("*.py"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\.(clamp|clamp_|clamp_min|clamp_max|hardtanh|relu6|clip)\(", line)
    ]
    assert all(WITHOUT_GRADIENT.get(name) == line for name, line in found), found
