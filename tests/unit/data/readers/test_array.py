"""NumPy files: pictures, stacks and MedMNIST sets come out value for value; nothing is unpickled or held whole."""

import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ganoscope.data import file_limits
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers import array, read

RAMP = np.arange(480).reshape(20, 24)
STACK = np.arange(3 * 480).reshape(3, 20, 24)


@pytest.fixture
def save(tmp_path):
    def write(content, name="a.npy", compressed=True):
        path = tmp_path / name
        if isinstance(content, dict):
            (np.savez_compressed if compressed else np.savez)(path, **content)
        else:
            np.save(path, content)
        return path

    return write


def read_all(path, **options):
    return list(read(path, ReadOptions(**options)))


KINDS = [
    ("u1", RAMP % 256, "uint8", "grey 8 bit"),
    ("u2", RAMP * 136, "uint16", "grey 16 bit"),
    ("i2", RAMP * 100 - 20_000, "int16", "signal"),
    ("i1", RAMP % 100 - 50, "int16", "signal"),
    ("i8", RAMP * 100, "uint16", "signal"),
    ("u4", RAMP * 1000, "float32", "signal"),
    ("f2", RAMP / 8, "float32", "signal"),
    ("f4", RAMP / 8, "float32", "signal"),
    ("f8", RAMP / 8, "float32", "signal"),
    ("f8", RAMP * 2.0, "uint16", "signal"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_every_type_order_and_container_keeps_its_values(save, kind, byte_order, order, name):
    dtype, values, expected, unit = kind
    content = np.asarray(values, dtype=byte_order + dtype, order=order)
    (picture,) = read_all(save(content if name == "a.npy" else {"arr_0": content}, name))
    np.testing.assert_array_equal(picture.pixels, content)
    assert (picture.pixels.dtype, picture.unit) == (expected, unit)
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.dtype.isnative


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(3, 20, 24), (3, 20, 24, 1)])
def test_a_stack_gives_a_picture_each_in_order(save, order, shape):
    content = np.asarray(STACK.reshape(shape), dtype=np.uint16, order=order)
    pictures = read_all(save(content))
    assert [p.frame for p in pictures] == [0, 1, 2]
    np.testing.assert_array_equal([p.pixels for p in pictures], STACK)


@pytest.mark.parametrize("order", ["C", "F"])
def test_three_channels_of_8_bits_are_colour(save, order):
    colour = np.stack([RAMP % 256, RAMP % 100, 255 - RAMP % 256], axis=2).astype(np.uint8)
    expected = np.asarray(Image.fromarray(colour).convert("L"))
    (single,) = read_all(save(np.asarray(colour, order=order)))
    stack = read_all(save(np.asarray(np.stack([colour, colour[::-1].copy()]), order=order)))
    np.testing.assert_array_equal(single.pixels, expected)
    np.testing.assert_array_equal(stack[1].pixels, expected[::-1])
    assert single.coloured
    assert single.unit == "grey 8 bit"


@pytest.mark.parametrize("offset", [0, 1024])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32, np.int64])
def test_stated_hu_are_int16_less_the_offset(save, offset, dtype):
    hu = RAMP * 4 - 1000
    if dtype == np.uint16 and offset == 0:
        with pytest.raises(UnreadableError, match="no value below 0 HU"):
            read_all(save((hu + 1024).astype(dtype)), hu_offset=offset)
        return
    (picture,) = read_all(save((hu + offset).astype(dtype)), hu_offset=offset)
    np.testing.assert_array_equal(picture.pixels, hu)
    assert (picture.unit, picture.pixels.dtype) == ("HU", np.int16)


def test_8_bit_values_hold_no_hu(save):
    with pytest.raises(UnreadableError, match="8-bit values hold no Hounsfield units"):
        read_all(save(RAMP.astype(np.uint8)), hu_offset=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (np.array([{"a": 1}, None]), "Python objects"),
        (np.array(["text", "more"]), "no grey values"),
        (RAMP > 3, "no grey values"),
        (RAMP * 1j, "no grey values"),
        (np.zeros((4, 4), [("a", "f4"), ("b", "f4")]), "no grey values|named fields"),
        (np.zeros(7), "1 dimensions"),
        (np.float32(3), "0 dimensions"),
        (np.zeros((2, 8, 8, 8), np.uint8), "4 dimensions"),
        (np.zeros((2, 8, 8, 3), np.uint16), "4 dimensions"),
        (np.zeros((0, 8, 8)), "does not fit"),
        (np.full((8, 8), np.nan), "no numbers"),
        (np.full((8, 8), 1e300), "32-bit floats"),
    ],
)
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_what_is_no_picture_is_refused_with_the_reason(save, content, reason, name):
    with pytest.raises(UnreadableError, match=reason):
        read_all(save(content if name == "a.npy" else {"x": content}, name))


def make_medmnist(counts=(5, 3, 2), side=28, classes=2, **changes):
    draw = np.random.default_rng(0)
    content = {}
    for split, count in zip(("train", "val", "test"), counts, strict=True):
        content[f"{split}_images"] = draw.integers(0, 256, (count, side, side)).astype(np.uint8)
        content[f"{split}_labels"] = (np.arange(count) % classes).astype(np.uint8)[:, None]
    return content | changes


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("side", [28, 64])
def test_medmnist_gives_pictures_with_class_and_split(save, compressed, side):
    content = make_medmnist(side=side)
    pictures = read_all(save(content, "pneumoniamnist.npz", compressed))
    names = ["train"] * 5 + ["validation"] * 3 + ["test"] * 2
    assert [p.split for p in pictures] == names
    assert [p.frame for p in pictures] == list(range(10))
    labels = np.concatenate([content[f"{split}_labels"][:, 0] for split in ("train", "val", "test")])
    assert [p.label for p in pictures] == [("normal", "pneumonia")[label] for label in labels]
    truth = np.concatenate([content[f"{split}_images"] for split in ("train", "val", "test")])
    np.testing.assert_array_equal([p.pixels for p in pictures], truth)
    assert {(p.unit, p.modality) for p in pictures} == {("grey 8 bit", "DX")}


SETS = [
    ("breastmnist.npz", 2, {"malignant", "normal, benign"}, "US", ""),
    ("octmnist_64.npz", 4, {"normal", "drusen", "diabetic macular edema", "choroidal neovascularization"}, "OPT", ""),
    ("OrganCMNIST_224.npz", 2, {"bladder", "femur-left"}, "CT", "coronal"),
    ("organamnist.npz", 11, set(array.ORGANS), "CT", "axial"),
    ("organsmnist.npz", 11, set(array.ORGANS), "CT", "sagittal"),
    ("mine.npz", 3, {"class 0", "class 1", "class 2"}, "", ""),
    ("mymnist.npz", 2, {"class 0", "class 1"}, "", ""),
]


@pytest.mark.parametrize(("name", "classes", "labels", "modality", "view"), SETS)
def test_labels_are_named_by_the_sets_own_table(save, name, classes, labels, modality, view):
    pictures = read_all(save(make_medmnist((11, 1, 1), classes=classes), name))
    assert {p.label for p in pictures} == labels
    assert {(p.modality, p.view) for p in pictures} == {(modality, view)}


def test_colour_sets_are_reduced_to_grey(save):
    colour = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 3)).astype(np.uint8)
    pictures = read_all(save(make_medmnist(train_images=colour), "pathmnist.npz"))
    np.testing.assert_array_equal(pictures[4].pixels, np.asarray(Image.fromarray(colour[4]).convert("L")))
    assert pictures[4].coloured
    assert not pictures[5].coloured


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4"])
def test_labels_may_be_a_row_or_a_column_of_any_whole_type(save, shape, dtype):
    labels = np.array([1, 0, 1, 1, 0], dtype).reshape(shape)
    pictures = read_all(save(make_medmnist(train_labels=labels), "breastmnist.npz"))
    expected = ["normal, benign" if label else "malignant" for label in labels.ravel()]
    assert [p.label for p in pictures[:5]] == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"train_labels": np.zeros((5, 14), np.uint8)}, "14 labels per picture"),
        ({"val_labels": np.zeros((4, 1), np.uint8)}, "4 labels for 3 pictures"),
        ({"test_labels": np.array([[0], [2]])}, "no class of this data set"),
        ({"test_labels": np.array([[0], [-1]])}, "no class of this data set"),
        ({"train_labels": np.zeros((5, 1))}, "no whole numbers"),
        ({"train_labels": np.array(["a"] * 5)}, "no whole numbers"),
        ({"train_labels": np.array([None] * 5)}, "Python objects"),
        ({"val_images": np.zeros((3, 28, 28, 28), np.uint8)}, "4 dimensions"),
    ],
)
def test_labels_that_do_not_fit_are_refused_before_the_first_picture(save, changes, reason):
    pictures = read(save(make_medmnist(**changes), "pneumoniamnist.npz"))
    with pytest.raises(UnreadableError, match=reason):
        next(iter(pictures))


def test_labels_without_images_are_refused_and_images_without_labels_taken(save):
    content = make_medmnist()
    del content["val_images"]
    with pytest.raises(UnreadableError, match="labels without images in validation"):
        read_all(save(content, "a.npz"))
    content = make_medmnist()
    del content["test_labels"]
    assert [p.label for p in read_all(save(content, "a.npz"))[-3:]] == ["class 0", "", ""]
    content = {name: values for name, values in make_medmnist().items() if name.startswith("val")}
    assert {p.split for p in read_all(save(content, "a.npz"))} == {"validation"}


def test_images_and_labels_alone_are_understood_and_other_sets_of_arrays_refused(save):
    images, labels = STACK.astype(np.uint16), np.array([1, 0, 1])
    pictures = read_all(save({"images": images, "labels": labels}, "a.npz"))
    assert [(p.label, p.split) for p in pictures] == [("class 1", ""), ("class 0", ""), ("class 1", "")]
    assert len(read_all(save({"images": images}, "b.npz"))) == 3
    with pytest.raises(UnreadableError, match="2 arrays, and which are pictures is unclear"):
        read_all(save({"x": images, "y": images}, "c.npz"))


def test_memory_does_not_grow_with_the_number_of_pictures(save):
    path = save({"train_images": np.random.default_rng(0).integers(0, 256, (2000, 64, 64)).astype(np.uint8)}, "a.npz")
    tracemalloc.start()
    count = sum(1 for _ in read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2000
    assert peak < 2e6  # of 8.2e6 bytes of pixels


def test_a_stack_that_expands_like_a_bomb_is_refused_and_a_large_honest_one_taken(save, monkeypatch):
    monkeypatch.setattr(file_limits, "PROGRAM_BYTES", 0)
    small = {"max_file_gib": 60_000 / 2**30}
    honest = np.random.default_rng(0).integers(0, 256, (100, 28, 28)).astype(np.uint8)
    for path in (save(honest), save({"x": honest}, "a.npz"), save({"x": honest}, "b.npz", compressed=False)):
        assert len(read_all(path, **small)) == 100
    assert len(read_all(save(np.zeros_like(honest)), **small)) == 100  # not compressed: as large as it says
    with pytest.raises(UnreadableError, match="decompression bomb refused"):
        read_all(save({"x": np.zeros_like(honest)}, "c.npz"), **small)
    assert len(read_all(save({"x": np.zeros_like(honest)}, "c.npz"))) == 100
    for large in (np.zeros((200, 200), np.uint8), np.asfortranarray(honest)):  # read as a whole
        with pytest.raises(UnreadableError, match=r"needs .* decoded; .*--max-file-gib"):
            read_all(save(large), **small)


def test_limits_count_bytes_and_not_pixels(tmp_path):
    wide, header = tmp_path / "a.npy", make_npy((9000, 9000), "<f8")
    wide.write_bytes(header)
    os.truncate(wide, len(header) + 9000**2 * 8)  # takes no room on the disk
    with pytest.raises(UnreadableError, match=r"needs 2 GiB of memory decoded; at most 1 GiB .*--max-file-gib 2"):
        read_all(wide)


def test_a_header_nested_too_deeply_for_its_parser_is_damaged(save):
    path = save(np.zeros((2, 2), np.uint8))
    header = b"(" * 3000 + b")" * 3000
    path.write_bytes(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(4))
    with pytest.raises(UnreadableError, match="its header is damaged"):
        read_all(path)


def make_npy(shape, dtype="u1", data=b""):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": dtype})
    return file.getvalue() + data


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize(
    ("shape", "size", "reason"),
    [((10**6, 10**6), 64, "truncated: 64 of 1000000000000"), ((8, 8), 63, "truncated"), ((8, 8), 65, "does not fit")],
)
def test_a_header_that_does_not_fit_the_size_is_refused_before_values_are_read(tmp_path, name, shape, size, reason):
    content = make_npy(shape, data=bytes(size))
    if name == "a.npz":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("x.npy", content)
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableError, match=reason):
        read_all(tmp_path / name)


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("content", [b"text", b"\x93NUMPY\1\0", b"PK\3\4" + bytes(60), b"\x93NUMPY\7\0" + bytes(200)])
def test_other_content_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableError, match=r"no NumPy|named fields"):
        read_all(tmp_path / name)


def test_encrypted_and_empty_archives_are_refused(tmp_path, save):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(UnreadableError, match="0 arrays"):
        read_all(tmp_path / "a.npz")
    path = save({"x": RAMP.astype(np.uint8)}, "b.npz")
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="corrupt or truncated"):
        read_all(path)


VALID = {
    "plain.npy": STACK.astype(np.uint16),
    "real.npy": RAMP / 7,
    "packed.npz": make_medmnist((2, 1, 1)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("Miller_Anna")


@given(st.sampled_from(sorted(VALID)), st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_file_reads_or_is_refused_without_names(folder, name, data):
    path = folder / name
    (np.savez_compressed(path, **VALID[name]) if name.endswith("z") else np.save(path, VALID[name]))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content)) | st.just(len(content))) :]
    path.write_bytes(content)
    try:
        pictures = read_all(path)
    except UnreadableError as error:
        assert str(error)
        assert "Miller" not in str(error)
        assert name not in str(error)
    else:
        assert all(p.pixels.ndim == 2 for p in pictures)


def test_a_wrong_checksum_is_found(save):
    path = save({"x": RAMP.astype(np.uint16)}, "a.npz", compressed=False)
    content = bytearray(path.read_bytes())
    content[content.index(b"\x93NUMPY") + 300] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="corrupt or truncated"):
        read_all(path)
