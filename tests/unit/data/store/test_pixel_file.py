"""A pixel file is indexed like an array, in any process, and a file that is cut off is told in words."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.data.store.pixel_file import PixelFile
from ganoscope.errors import UserError

COUNT = 9
NUMBERS = st.integers(-COUNT, COUNT - 1)
STEPS = st.integers(-3, 3).filter(bool)
KEYS = st.one_of(
    NUMBERS,
    st.builds(slice, st.none() | st.integers(-12, 12), st.none() | st.integers(-12, 12), st.none() | STEPS),
    st.lists(NUMBERS, min_size=1),
    st.lists(st.booleans(), min_size=COUNT, max_size=COUNT).map(np.array),
    st.lists(st.lists(NUMBERS, min_size=2, max_size=2), min_size=1).map(np.array),
)


@pytest.fixture(scope="module", params=["uint8", "uint16", "int16", "bool"])
def opened(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("pixels") / "images.npy"
    pixels = np.random.default_rng(0).integers(0, 2**16, (COUNT, 3, 5)).astype(request.param)
    np.save(path, pixels)
    return PixelFile.open(path), pixels


@pytest.fixture(params=["positioned reads", "seeking"])
def way(request, monkeypatch):
    if request.param == "seeking":  # Windows
        monkeypatch.delattr(os, "preadv")


@given(key=KEYS)
def test_every_index_gives_what_numpy_gives(opened, key):
    file, pixels = opened
    found = file[key]
    assert (found.dtype, found.shape) == (pixels.dtype, pixels[key].shape)
    assert np.array_equal(found, pixels[key])


def test_an_index_without_images_gives_none(opened):
    file, _ = opened
    assert file[np.array([], np.int64)].shape == file[4:4].shape == (0, 3, 5)


@pytest.mark.parametrize("key", [COUNT, -COUNT - 1, [0, COUNT], np.zeros(COUNT + 1, bool), "a", 1.5])
def test_an_index_that_numpy_refuses_is_refused(opened, key):
    file, pixels = opened
    for array in (file, pixels):
        with pytest.raises(IndexError):
            array[key]


def test_it_is_an_array_where_one_is_wanted(opened, way):
    file, pixels = opened
    assert np.array_equal(np.asarray(file), pixels)
    assert np.asarray(file, np.float32).dtype == np.float32
    assert np.array_equal(np.stack(list(file)), pixels)
    assert (len(file), file.shape, file.dtype) == (COUNT, pixels.shape, pixels.dtype)
    with pytest.raises(ValueError, match="without a copy"):
        file.__array__(copy=False)


def test_what_is_changed_in_memory_stays_there(opened):
    file, pixels = opened
    file[0][:] = 0
    assert np.array_equal(file[0], pixels[0])


def test_another_process_opens_the_file_itself(opened):
    file, pixels = opened
    again = pickle.loads(pickle.dumps(file))
    assert again._descriptor != file._descriptor
    assert np.array_equal(again[:], pixels)


def test_threads_read_side_by_side(opened, way):
    file, pixels = opened
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(file.__getitem__, [index % COUNT for index in range(2000)]))
    assert all(np.array_equal(one, pixels[index % COUNT]) for index, one in enumerate(found))


@pytest.mark.parametrize("key", [slice(None), [8], -1, [0, 8]])
def test_a_file_that_is_cut_off_ends_in_words(tmp_path, way, key):
    np.save(tmp_path / "images.npy", np.ones((COUNT, 3, 5), np.uint8))
    file = PixelFile.open(tmp_path / "images.npy")
    os.truncate(tmp_path / "images.npy", 128 + 14 * 9)  # in the middle of the last image
    assert np.array_equal(file[[0, 7]], np.ones((2, 3, 5)))
    with pytest.raises(UserError, match=r"was changed while it was in use: got 254 bytes; allowed: 263 bytes.*Restore"):
        file[key]


def test_a_file_that_another_replaced_is_read_to_the_end(tmp_path):
    np.save(tmp_path / "images.npy", np.ones((COUNT, 3, 5), np.uint8))
    file = PixelFile.open(tmp_path / "images.npy")
    np.save(tmp_path / "new.npy", np.zeros((1, 3, 5), np.uint8))
    (tmp_path / "new.npy").replace(tmp_path / "images.npy")
    assert np.asarray(file).all()


def test_the_file_is_closed_with_the_last_use(tmp_path):
    np.save(tmp_path / "images.npy", np.ones((COUNT, 3, 5), np.uint8))
    file = PixelFile.open(tmp_path / "images.npy")
    number = file._descriptor
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
