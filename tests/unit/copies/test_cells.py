"""Cells hold the same images as comparing all: what they find is among the nearest, with its true cosine and view."""

import sys

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ganoscope.copies import candidate_members, cells, matches, member_index
from ganoscope.errors import UserError

RNG = np.random.default_rng(4)


def make_images(number, seed):
    noise = np.random.default_rng(seed).normal(0, 1, (number, 64, 64))
    return np.tanh(gaussian_filter(noise, (0, 2.5, 2.5)) * 8).astype(np.float32)


def make_unit(number):
    vectors = RNG.normal(0, 1, (number, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_found_are_the_nearest_in_any_view_by_their_absolute_cosine():
    pytest.importorskip("faiss")
    real, queries = make_unit(2000).astype(np.float16), [make_unit(6), make_unit(6)]
    made = cells.make_cells(real, 512)
    made.lists.nprobe = 20
    positions, views, similarities = made.search(queries, 5)
    every = np.abs(np.stack(queries) @ real.astype(np.float32).T)
    for row in range(6):
        best = np.sort(every[:, row].max(axis=0))[::-1]
        np.testing.assert_allclose(similarities[row], best[:5], atol=2e-3)
        for position, view, similarity in zip(positions[row], views[row], similarities[row], strict=True):
            assert every[view, row, position] == pytest.approx(similarity, abs=2e-3)
        assert len(set(positions[row].tolist())) == 5


def test_an_image_that_two_views_find_counts_once():
    positions = np.array([[3, 1, 3, 1, 2]])
    similarities = np.array([[0.5, 0.9, 0.7, 0.8, 0.1]], np.float32)
    assert cells.find_repeated(positions, similarities).tolist() == [[True, False, False, True, False]]


def test_copies_are_found_in_cells_as_among_all(monkeypatch):
    pytest.importorskip("faiss")
    members = make_images(600, 0)
    images = np.concatenate([members[:6, :, ::-1], make_images(6, 1)])
    found = []
    for fewest in (10**6, 600):
        monkeypatch.setattr(member_index, "FEWEST_IMAGES", fewest)
        index = member_index.make_index(lambda at: members[at], np.arange(600))
        assert len(index.cells) == (len(index.whitenings) if fewest == 600 else 0)
        blocks = matches.find_matches(index, lambda at: images[at], np.arange(12), candidate_members.FEW_VIEWS)
        found.append(next(iter(blocks))["whole"])
    assert all(np.array_equal(one.position[:6], np.arange(6)) for one in found)
    np.testing.assert_allclose(found[1].score[:6], found[0].score[:6], rtol=0.1)


def test_without_faiss_the_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr(member_index, "FEWEST_IMAGES", 5)
    with pytest.raises(UserError, match=r'pip install "ganoscope\[index\]"'):
        member_index.make_index(lambda at: np.zeros((len(at), 64, 64), np.float32), np.arange(5))
