"""Thumbnails: boxes and outlines lie where they belong."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.made_up_stores import write_store

from ganoscope.reports.store.artefacts import read_evidence
from ganoscope.reports.store.marked_pictures import draw_thumbnail, scale_box
from ganoscope.workflows.inspect import inspect


def test_outline_of_a_mask_is_drawn_on_the_thumbnail(tmp_path):
    masks = np.zeros((6, 16, 16), bool)
    masks[2, 4:8, 4:8] = True
    store = write_store(tmp_path / "store", [{} for _ in range(6)], masks=masks)
    evidence = read_evidence(store, inspect(store.path).data)
    assert draw_thumbnail(evidence, 0).mode == "L"
    drawn = np.all(np.asarray(draw_thumbnail(evidence, 2, 64)) == (255, 176, 0), axis=2)
    assert drawn.sum() == 4 * 16 - 4
    assert drawn[16, 16:32].all()


@given(st.tuples(*[st.floats(-5, 80)] * 4), st.integers(16, 256))
def test_a_scaled_box_stays_on_the_picture(box, side):
    left, top, right, bottom = scale_box(box, side / 64, side)
    assert 0 <= left <= max(right, left)
    assert 0 <= top <= bottom
    assert right <= max(side - 1, left)
