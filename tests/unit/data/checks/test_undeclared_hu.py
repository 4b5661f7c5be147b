"""Undeclared HU: CT is recognised by air and soft tissue, and nothing else is."""

from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.data.checks.store_tables import SourceFacts
from ganoscope.data.checks.undeclared_hu import OFFSETS, find_hu_offset, find_undeclared


def draw_ct(seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64] - 32
    hu = np.where(y**2 + x**2 < 26**2, rng.normal(40, 30, (64, 64)), rng.normal(-995, 10, (64, 64)))
    hu[(y**2 + (abs(x) - 10) ** 2) < 60] = -850
    return np.rint(hu).astype(int)


@pytest.mark.parametrize("offset", OFFSETS)
def test_ct_is_recognised_with_its_offset(offset):
    assert find_hu_offset((draw_ct() + offset).clip(0).astype(np.uint16)) == offset


def test_other_16_bit_pictures_are_not():
    rng = np.random.default_rng(1)
    film = np.linspace(0, 4095, 64 * 64).reshape(64, 64)
    pictures = [film, film * 16, rng.integers(0, 65536, (64, 64)), np.where(film < 900, 0, 500 + film / 2)]
    assert [find_hu_offset(picture.astype(np.uint16)) for picture in pictures] == [None] * 4


def test_the_hint_names_the_option():
    store = SimpleNamespace(count=10)
    tables = SimpleNamespace(store=store, source=SourceFacts(undeclared_hu=6, undeclared_offset=1024))
    (alarm,) = find_undeclared(tables)
    assert "--hu-offset 1024" in alarm.message
    tables.source = SourceFacts(undeclared_hu=4, undeclared_offset=1024)
    assert list(find_undeclared(tables)) == []
