"""A store that changes while it is in use is told in words, and neither a bus error nor a wrong result comes of it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from ganoscope.data.feeding.feed import read_pixels
from ganoscope.data.store import Store
from ganoscope.errors import UserError

ROWS = [{} for _ in range(12)]


@pytest.fixture
def store(make_store):
    return make_store(ROWS)


def shorten(path):
    os.truncate(path, path.stat().st_size - 700)


def lengthen(path):
    with path.open("ab") as file:
        file.write(b"more")


def overwrite(path, at=-300):
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_END)
        file.write(bytes(range(200)))


def keep_time(path, change):
    state = path.stat()
    change(path)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize("change", [shorten, lengthen, overwrite])
@pytest.mark.parametrize("name", ["images.npy", "manifest.csv"])
def test_every_access_notices_a_change(store, change, name):
    assert read_pixels(store, np.arange(12)).shape == (12, 16, 16)
    change(store.path / name)
    every = np.arange(12)
    for access in (lambda: read_pixels(store, every), lambda: store.load_images(every), store.refuse_change):
        with pytest.raises(UserError, match=r"was changed while it was in use: got .*Restore the store from a copy"):
            access()


def test_a_removed_file_is_noticed(store):
    (store.path / "images.npy").unlink()
    with pytest.raises(UserError, match="got no such file; allowed: 3,200 bytes"):
        _ = store.images


def test_a_restored_copy_is_no_change(store):
    path = store.path / "images.npy"
    content = path.read_bytes()
    path.write_bytes(content)
    os.utime(path, (1, 1))
    store.refuse_change()
    replaced = path.with_name("copy")
    replaced.write_bytes(content)
    replaced.replace(path)
    assert len(store.images) == 12
    store.refuse_change(whole=True)


def test_a_change_that_keeps_size_and_time_is_noticed_by_content(store):
    keep_time(store.path / "images.npy", overwrite)
    assert len(store.images) == 12
    for whole in (False, True):
        with pytest.raises(UserError, match="was changed while it was in use"):
            store.refuse_change(whole)


@pytest.mark.parametrize("change", [shorten, lengthen])
@pytest.mark.parametrize("name", ["images.npy", "masks.npy"])
def test_a_file_of_another_size_is_not_even_mapped(make_store, name, change):
    path = make_store(ROWS, masks=np.zeros((12, 16, 16), bool)).path
    change(path / name)
    with pytest.raises(UserError, match=rf"{name} (is damaged|does not fit its store)"):
        Store.open(path)


READ = """
import os, sys
from pathlib import Path
import numpy as np
from ganoscope.data.store import Store
from ganoscope.errors import UserError
store = Store.open(Path(sys.argv[1]))
os.truncate(store.path / "images.npy", 200)
try:
    np.asarray(store.images[:]).sum()
except UserError as error:
    print(error)
"""


def test_what_is_cut_off_after_the_look_is_noticed_by_the_access(store):
    images = store.images
    shorten(store.path / "images.npy")
    with pytest.raises(UserError, match="was changed while it was in use: got 2,500 bytes; allowed: 3,200 bytes"):
        images[[11]]


def test_no_bus_error_comes_of_it(store):
    done = subprocess.run([sys.executable, "-c", READ, store.path], capture_output=True, text=True, check=False)
    assert (done.returncode, "was changed while it was in use" in done.stdout) == (0, True), done
