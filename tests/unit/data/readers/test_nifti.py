"""NIfTI: every orientation comes out as radiologists look at it, in the right unit, or the volume is refused."""

import gzip
import itertools
import os
import struct
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import aff2axcodes

from ganoscope.data import file_limits
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers import nifti, read
from ganoscope.data.readers._content import HEADER_BYTES

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[4] / "../shared/data")
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")

PLANES = ("axial", "coronal", "sagittal")
SIZES_MM = np.array([1.5, 2.0, 3.0])
"""Of a voxel along right-left, front-back and head-foot."""
SHAPE = (4, 5, 6)
"""Voxels along the same."""
ORIENTATIONS = [
    tuple(pairs[axis][sign] for axis, sign in zip(order, signs, strict=True))
    for pairs in [(("R", "L"), ("A", "P"), ("S", "I"))]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((0, 1), repeat=3)
]
RAS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}


def make_body(shape=SHAPE):
    """A body in RAS voxels, all values different, some below zero."""
    return (np.arange(np.prod(shape)).reshape(shape) * 3 - 100).astype(np.int16)


def store_as(body, codes, sizes_mm=SIZES_MM, origin=(10.0, -20.0, 30.0)):
    """Returns the body as it is stored with axes that grow to `codes`, and its affine: by hand, voxel by voxel."""
    axes = [RAS[code] for code in codes]
    stored = np.empty([body.shape[axis] for axis, _ in axes], body.dtype)
    for index in np.ndindex(*stored.shape):
        at = [0, 0, 0]
        for (axis, sign), i in zip(axes, index, strict=True):
            at[axis] = i if sign > 0 else body.shape[axis] - 1 - i
        stored[index] = body[tuple(at)]
    affine = np.eye(4)
    affine[:3, :3] = 0
    affine[:3, 3] = origin
    for column, (axis, sign) in enumerate(axes):
        affine[axis, column] = sign * sizes_mm[axis]
        if sign < 0:
            affine[axis, 3] += (body.shape[axis] - 1) * sizes_mm[axis]
    return stored, affine


@pytest.fixture
def save(tmp_path):
    def write(values, affine=None, name="scan.nii", kind=nibabel.Nifti1Image, codes=(0, 2), change=None):
        affine = np.eye(4) if affine is None else affine
        image = kind(values, affine, dtype=values.dtype)
        image.set_qform(affine if codes[0] else None, code=codes[0])
        image.set_sform(affine if codes[1] else None, code=codes[1])
        image.to_filename(tmp_path / name)
        if change:  # behind nibabel's back, which makes headers sound when it saves
            content = (tmp_path / name).read_bytes()
            header = nibabel.Nifti1Header(content[:348])
            change(header)
            (tmp_path / name).write_bytes(header.binaryblock + content[348:])
        return tmp_path / name

    return write


def read_all(path, **options):
    return list(read(path, ReadOptions(**options)))


def test_the_48_orientations_are_all_there():
    assert len(set(ORIENTATIONS)) == 48


@pytest.mark.parametrize("codes", ORIENTATIONS, ids="".join)
def test_every_orientation_shows_the_patient_the_same_way(save, codes):
    body = make_body()
    stored, affine = store_as(body, codes)
    assert aff2axcodes(affine) == codes
    path = save(stored, affine)
    assert np.array_equal(nibabel.as_closest_canonical(nibabel.load(path)).get_fdata(), body)
    # axial: rows from front to back, columns from the patient's right to left, slices from foot to head
    for k, picture in enumerate(read_all(path, plane="axial")):
        np.testing.assert_array_equal(picture.pixels, [[body[x, y, k] for x in (3, 2, 1, 0)] for y in (4, 3, 2, 1, 0)])
        assert (picture.frame, picture.view) == (k, "axial")
        assert picture.spacing_mm == pytest.approx((2.0, 1.5))
        assert picture.position_mm == pytest.approx(30 + 3 * k)
        assert picture.thickness_mm == pytest.approx(3.0)
    # coronal: rows from head to foot, columns from right to left, slices from front to back
    for k, picture in enumerate(read_all(path, plane="coronal")):
        expected = [[body[x, 4 - k, z] for x in (3, 2, 1, 0)] for z in (5, 4, 3, 2, 1, 0)]
        np.testing.assert_array_equal(picture.pixels, expected)
        assert (picture.frame, picture.view) == (k, "coronal")
        assert picture.spacing_mm == pytest.approx((3.0, 1.5))
        assert picture.position_mm == pytest.approx(-(-20 + 2 * (4 - k)))  # to the back, as DICOM's normal
    # sagittal: rows from head to foot, columns from front to back, slices from left to right
    for k, picture in enumerate(read_all(path, plane="sagittal")):
        expected = [[body[k, y, z] for y in (4, 3, 2, 1, 0)] for z in (5, 4, 3, 2, 1, 0)]
        np.testing.assert_array_equal(picture.pixels, expected)
        assert (picture.frame, picture.view) == (k, "sagittal")
        assert picture.spacing_mm == pytest.approx((3.0, 2.0))
        assert picture.position_mm == pytest.approx(10 + 1.5 * k)


def test_positions_ascend_by_the_distance_of_slices_in_every_plane(save):
    path = save(*store_as(make_body(), ("L", "P", "S")))
    for plane, distance in zip(PLANES, (3.0, 2.0, 1.5), strict=True):
        positions = [picture.position_mm for picture in read_all(path, plane=plane)]
        np.testing.assert_allclose(np.diff(positions), distance, rtol=1e-6)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.NII.GZ"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_both_versions_packed_or_not_give_the_same(save, tmp_path, name, kind):
    path = save(*store_as(make_body(), ("R", "P", "I")), name=name.lower(), kind=kind)
    path = path.rename(tmp_path / name)
    assert [p.pixels.tolist() for p in read_all(path)] == [
        make_body()[::-1, ::-1, k].T.tolist() for k in range(SHAPE[2])
    ]


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_every_type_and_byte_order_agrees_with_nibabel(save, dtype, order, name):
    values = (make_body() + (100 if "u" in dtype else 0)).astype(np.int64)
    values = (values % 100 if dtype.endswith("1") else values).astype(dtype)
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(values.dtype.newbyteorder(order))
    image = nibabel.Nifti1Image(values, np.diag([-1, -1, 1, 1]), header, dtype=values.dtype)
    path = save(values, name=name)
    image.to_filename(path)
    pictures = read_all(path)
    truth = nibabel.load(path).get_fdata()
    for k, picture in enumerate(pictures):
        np.testing.assert_array_equal(picture.pixels, truth[..., k].T)
        assert picture.pixels.dtype == (np.uint16 if truth.min() >= 0 else np.int16)
        assert picture.pixels.flags.c_contiguous
        assert picture.unit == "signal"


def set_scale(slope, intercept):
    def change(header):
        header.set_slope_inter(slope, intercept)

    return change


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"),
    [
        (1, 0, "int16"),
        (2, 150, "int16"),
        (2, 300, "uint16"),
        (0.5, 0, "float32"),
        (-1, 0, "int16"),
        (1e6, 0, "float32"),
    ],
)
def test_slope_and_intercept_are_applied_and_the_smallest_exact_type_chosen(save, slope, intercept, dtype):
    body = make_body()
    path = save(body, np.diag([-1, -1, 1, 1]))
    content = bytearray(path.read_bytes())
    content[112:120] = struct.pack("<ff", slope, intercept)
    path.write_bytes(content)
    truth = nibabel.load(path).get_fdata()
    assert truth.min() != body.min() or (slope, intercept) == (1, 0)
    for k, picture in enumerate(read_all(path)):
        np.testing.assert_array_equal(picture.pixels, truth[..., k].T.astype(np.float32))
        assert picture.pixels.dtype == dtype


@pytest.mark.parametrize(("slope", "intercept"), [(0, 5), (np.nan, np.nan), (np.nan, 7), (np.inf, 0)])
def test_no_slope_means_values_as_stored(save, slope, intercept):
    path = save(make_body(), np.diag([-1, -1, 1, 1]))
    content = bytearray(path.read_bytes())
    content[112:120] = struct.pack("<ff", slope, intercept)
    path.write_bytes(content)
    np.testing.assert_array_equal(read_all(path)[2].pixels, make_body()[..., 2].T)


def test_all_slices_have_one_type_whichever_are_chosen(save):
    body = make_body().astype(np.float32)
    body[0, 0, 0] = 0.5
    path = save(body)
    assert {p.pixels.dtype for p in read_all(path)} == {np.dtype("float32")}
    assert read_all(path, slices="middle")[0].pixels.dtype == np.float32


def test_chosen_slices_keep_their_numbers_and_positions(save):
    path = save(*store_as(make_body(), ("L", "P", "S")))
    every = read_all(path)
    some = read_all(path, slices="every:3")
    assert [p.frame for p in some] == [1, 4]
    assert [p.position_mm for p in some] == [every[1].position_mm, every[4].position_mm]


CT = (np.arange(120).reshape(SHAPE) * 20 - 1024).astype(np.int16)


@pytest.mark.parametrize("offset", [0, 1024, -500])
def test_stated_hu_are_int16_less_the_offset(save, offset):
    path = save((CT + offset).astype(np.int16), np.diag([-1, -1, 1, 1]))
    for k, picture in enumerate(read_all(path, hu_offset=offset)):
        np.testing.assert_array_equal(picture.pixels, CT[..., k].T)
        assert (picture.unit, picture.pixels.dtype) == ("HU", np.int16)


def test_fractions_of_hu_are_rounded(save):
    path = save(CT.astype(np.float32) + 0.4, np.diag([-1, -1, 1, 1]))
    np.testing.assert_array_equal(read_all(path, hu_offset=0)[3].pixels, CT[..., 3].T)


def test_without_a_statement_nothing_is_hu(save):
    assert {p.unit for p in read_all(save(CT))} == {"signal"}


@pytest.mark.parametrize("padding", [-3024, -32768, -2049])
def test_one_value_below_everything_is_padding(save, padding):
    values = CT.copy()
    values[0, :, :] = padding
    pictures = read_all(save(values, np.diag([-1, -1, 1, 1])), hu_offset=0)
    expected = np.where(values == padding, -2048, values)
    np.testing.assert_array_equal(pictures[1].pixels, expected[..., 1].T)


def with_value(*values):
    content = CT.astype(np.float32)
    content.ravel()[: len(values)] = values
    return content


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.abs(CT), "no value below 0 HU after the offset"),
        (np.full(SHAPE, -3000, np.int16), "nothing but padding"),
    ],
    ids=["no air", "padding"],
)
def test_values_that_cannot_be_hu_are_refused_with_the_reason(save, values, reason):
    path = save(values)
    with pytest.raises(UnreadableError, match=reason):
        read_all(path, hu_offset=0)
    assert read_all(path)  # as a signal they are fine


def test_values_below_and_above_the_range_of_hu_are_padding_and_clipped_and_counted(save):
    values = CT.astype(np.float32)
    values[0, 0, 0], values[0, 1, 0], values[1, 0, 0] = -3402, -2500.4, 43_030
    pictures = read_all(save(values, np.diag([-1, -1, 1, 1])), hu_offset=0)
    np.testing.assert_array_equal(pictures[0].pixels, np.clip(np.rint(values[..., 0].T), -2048, 32767))
    assert [(p.padded_px, p.clipped_px) for p in pictures[:2]] == [(2, 1), (0, 0)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_values_that_are_no_numbers_are_refused(save, value, dtype, name):
    with pytest.raises(UnreadableError, match="no numbers"):
        read_all(save(with_value(0, value).astype(dtype), name=name))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_values_beyond_32_bit_floats_are_refused(save, name):
    with pytest.raises(UnreadableError, match=r"no numbers|32-bit floats"):
        read_all(save(with_value(0, 0).astype(np.float64) * 1e300, name=name))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((4, 4, 4, 3), np.int16), "3 volumes in one file .*split it"),
        (np.zeros((4, 4, 4, 1, 2), np.int16), "2 volumes"),
        (np.zeros((4, 4, 4), np.complex64), "complex"),
        (np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "RGB"),
    ],
)
def test_what_is_no_single_volume_of_real_values_is_refused(save, values, reason):
    with pytest.raises(UnreadableError, match=reason):
        read_all(save(values))


@pytest.mark.parametrize("shape", [(4, 5, 6, 1), (4, 5, 6, 1, 1)])
def test_trailing_axes_of_length_1_do_no_harm(save, shape):
    assert len(read_all(save(make_body().reshape(shape)))) == 6


def test_a_single_slice_is_a_volume_of_one(save):
    assert [p.pixels.shape for p in read_all(save(make_body()[..., 0]))] == [(5, 4)]


def test_label_maps_are_refused_by_their_intent(save):
    with pytest.raises(UnreadableError, match="label map"):
        read_all(save(make_body(), change=lambda header: header.set_intent("label")))


def test_without_orientation_it_is_taken_as_stored_with_an_unknown_view(save):
    def set_sizes(header):
        header["pixdim"][1:4] = (0.5, 0.7, 2.5)

    body = make_body()
    path = save(body, codes=(0, 0), change=set_sizes)
    pictures = read_all(path)
    for k, picture in enumerate(pictures):
        np.testing.assert_array_equal(picture.pixels, body[..., k].T)
        assert picture.view == ""
        assert picture.spacing_mm == pytest.approx((0.7, 0.5))
        assert picture.position_mm == pytest.approx(2.5 * k)
    for plane in ("coronal", "sagittal"):
        with pytest.raises(UnreadableError, match="no orientation"):
            read_all(path, plane=plane)


def turn(degrees, axis):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [k for k in range(3) if k != axis]
    matrix = np.eye(4)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


@pytest.mark.parametrize(("degrees", "view"), [(5, "axial"), (20, "axial"), (30, "oblique"), (40, "oblique")])
def test_tilted_volumes_are_oblique_from_26_degrees(save, degrees, view):
    affine = turn(degrees, 0) @ np.diag([-1.5, -2.0, 3.0, 1.0])
    pictures = read_all(save(make_body(), affine))
    assert {p.view for p in pictures} == {view}
    assert pictures[0].spacing_mm == pytest.approx((2.0, 1.5))
    assert pictures[0].thickness_mm == pytest.approx(3.0)
    assert np.diff([p.position_mm for p in pictures]) == pytest.approx([3.0] * 5)
    np.testing.assert_array_equal(pictures[0].pixels, make_body()[..., 0].T)


def test_thickness_of_a_sheared_volume_is_that_along_the_normal(save):
    affine = np.diag([-1.0, -1.0, 2.0, 1.0])
    affine[1, 2] = 1.0  # a tilted gantry: slices are shifted, not turned
    pictures = read_all(save(make_body(), affine))
    assert pictures[0].thickness_mm == pytest.approx(2.0)
    assert np.diff([p.position_mm for p in pictures]) == pytest.approx([2.0] * 5)
    assert pictures[0].view == "axial"


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1), ("meter", 1000), ("micron", 0.001), ("unknown", 1)])
def test_stated_units_of_length_become_mm(save, unit, factor):
    pictures = read_all(save(make_body(), np.diag([-2.0, -3.0, 4.0, 1]), change=lambda h: h.set_xyzt_units(unit)))
    assert pictures[1].spacing_mm == pytest.approx((3 * factor, 2 * factor))
    assert pictures[1].position_mm == pytest.approx(4 * factor)


def test_contradictory_orientations_are_refused(save):
    def mirror(header):
        header.set_qform(np.diag([1.0, -1.0, 1.0, 1.0]), code=1)

    with pytest.raises(UnreadableError, match="sform and qform name different axes"):
        read_all(save(make_body(), np.diag([-1.0, -1.0, 1.0, 1.0]), codes=(1, 1), change=mirror))


def test_qform_alone_is_enough(save):
    stored, affine = store_as(make_body(), ("A", "S", "R"))
    assert read_all(save(stored, affine, codes=(1, 0)))[2].pixels.tolist() == make_body()[::-1, ::-1, 2].T.tolist()


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.diag([1.0, 1.0, 0.0, 1.0]), np.ones((4, 4))])
def test_impossible_axes_are_refused(save, affine):
    def break_it(header):
        header["srow_x"], header["srow_y"], header["srow_z"] = affine[:3]

    with pytest.raises(UnreadableError, match="axes or voxel sizes are impossible"):
        read_all(save(make_body(), change=break_it))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("codes", ORIENTATIONS[::7], ids="".join)
def test_a_volume_beyond_memory_is_read_piece_by_piece_to_the_same_slices(save, monkeypatch, name, codes):
    stored, affine = store_as(make_body(), codes)
    path = save(stored.astype(np.float64) / 3, affine, name)
    monkeypatch.setattr(file_limits, "PROGRAM_BYTES", 0)
    for plane, slices in itertools.product(PLANES, ("all", "20:80", "middle")):
        whole, pieces = (read_all(path, plane=plane, slices=slices, **kind) for kind in ({}, {"max_file_gib": 7e-7}))
        assert len(whole) == len(pieces) > 0
        for one, other in zip(whole, pieces, strict=True):
            assert replace(one, pixels=None) == replace(other, pixels=None)
            np.testing.assert_allclose(one.pixels, other.pixels, rtol=1e-7)  # mapped values keep their 64 bits


def test_a_truncated_volume_beyond_memory_is_refused(save, monkeypatch):
    monkeypatch.setattr(file_limits, "PROGRAM_BYTES", 0)
    path = save(make_body(), name="a.nii.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-2]))
    with pytest.raises(UnreadableError, match="truncated: 238 of 240 bytes"):
        read_all(path, max_file_gib=7e-7)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_huge_volume_is_refused_before_it_is_unpacked(save, name, monkeypatch):
    path = save(make_body(), name=name)
    content = bytearray(gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes())
    content[40:56] = struct.pack("<8h", 3, 20_000, 20_000, 20_000, 1, 1, 1, 1)
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    monkeypatch.setattr(nifti, "open_volume", lambda *_: pytest.fail("values were read"))
    reason = (
        r"needs 6.89 GiB .*; at most 1 GiB .*--max-file-gib 6\.9" if name.endswith("gz") else "truncated: 240 of 1600"
    )
    with pytest.raises(UnreadableError, match=reason):
        read_all(path)


def test_content_beyond_the_header_is_refused_and_not_unpacked(save, monkeypatch):
    path = save(make_body(), name="a.nii.gz")
    honest = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(honest + bytes(1 << 26)))
    unpacked = []
    original = gzip.GzipFile.read

    def count(self, size=-1):
        block = original(self, size)
        unpacked.append(len(block))
        return block

    monkeypatch.setattr(gzip.GzipFile, "read", count)
    with pytest.raises(UnreadableError, match="more values than it states"):
        read_all(path)
    assert sum(unpacked) == HEADER_BYTES + len(honest) + 1  # the header is read once more to tell the format


@pytest.mark.parametrize("kind", ["nii", "nii.gz"])
def test_truncated_anywhere_is_refused(save, kind):
    path = save(make_body(), name=f"a.{kind}")
    content = path.read_bytes()
    for length in range(1, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(UnreadableError):
            read_all(path)


def test_a_wrong_checksum_is_found(save):
    path = save(make_body(), name="a.nii.gz")
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="corrupt or truncated"):
        read_all(path)


def test_names_that_lie_about_compression_or_format_change_nothing(save, tmp_path):
    known = [picture.pixels.tobytes() for picture in read_all(save(make_body(), name="a.nii"))]
    packed = save(make_body(), name="c.nii.gz").read_bytes()
    for name, content in (
        ("b.nii.gz", (tmp_path / "a.nii").read_bytes()),
        ("d.nii", packed),
        ("e.img", packed),
        ("f.dcm", packed),
        ("g", (tmp_path / "a.nii").read_bytes()),
    ):
        (tmp_path / name).write_bytes(content)
        assert [picture.pixels.tobytes() for picture in read_all(tmp_path / name)] == known


@pytest.mark.parametrize("start", [b"text, not a volume" * 40, struct.pack("<i", 348) + bytes(400)])
def test_what_is_no_nifti_is_refused(tmp_path, start):
    (tmp_path / "a.nii").write_bytes(start)
    with pytest.raises(UnreadableError, match="no NIfTI"):
        read_all(tmp_path / "a.nii")


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "Miller_Anna.nii"
    nibabel.Nifti1Image(make_body(), np.diag([-1.0, -1.0, 1.0, 1.0])).to_filename(path)
    return path, path.read_bytes()


@given(st.lists(st.tuples(st.integers(0, 360), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_damaged_header_reads_or_is_refused_without_names(volume, changes):
    path, original = volume
    content = bytearray(original)
    for at, value in changes:
        content[at] = value
    path.write_bytes(content)
    try:
        pictures = read_all(path)
    except UnreadableError as error:
        assert str(error)
        assert "Miller" not in str(error)
    else:
        assert all(p.pixels.ndim == 2 and np.isfinite(p.pixels).all() for p in pictures)


REAL = {
    "ACRIN-FLT-Breast_001_petct_5mm": (128, 128, 55),
    "CMB-CRC-MSB-01068_lung_2.5mm": (128, 128, 100),
    "LungFCP-01-0001_thorax_2mm": (128, 128, 98),
    "RIDER-0117_chest_1.25mm": (128, 128, 95),
    "totalsegmentator_example_ct_3mm": (122, 101, 112),
}


@needs_shared
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("plane", PLANES)
def test_real_ct_agrees_with_nibabel_in_every_plane(name, plane):
    path = SHARED / "ct_nifti" / f"{name}.nii.gz"
    image = nibabel.as_closest_canonical(nibabel.load(path))
    truth = image.get_fdata()[::-1, ::-1]  # left, back, head
    truth = {
        "axial": truth.transpose(1, 0, 2),
        "coronal": truth.transpose(2, 0, 1)[::-1],
        "sagittal": truth.transpose(2, 1, 0)[::-1, :, ::-1],
    }[plane]
    pictures = read_all(path, plane=plane, hu_offset=0)
    assert len(pictures) == truth.shape[2]
    np.testing.assert_array_equal(np.stack([p.pixels for p in pictures], axis=2), truth)
    assert {(p.unit, p.view) for p in pictures} == {("HU", plane)}
    zooms = np.array(image.header.get_zooms())
    expected = {"axial": zooms[[1, 0]], "coronal": zooms[[2, 0]], "sagittal": zooms[[2, 1]]}[plane]
    assert pictures[0].spacing_mm == pytest.approx(expected, rel=1e-5)


@needs_shared
def test_real_mr_is_a_signal():
    pictures = read_all(SHARED / "formats/nifti/totalsegmentator_example_mr_sm.nii.gz")
    assert len(pictures) == 20
    assert {(p.unit, p.pixels.dtype) for p in pictures} == {("signal", np.dtype("int16"))}


@needs_shared
def test_real_truncated_volume_is_refused():
    with pytest.raises(UnreadableError, match="corrupt or truncated"):
        read_all(SHARED / "formats/made_malformed/volume_truncated.nii.gz")
