"""All files of the shared `formats` folder: each gives the values of an independent decoder, or is refused with reason.

DICOM frames are taken apart and decoded here a second time, by imagecodecs, struct and NumPy alone; their meaning is
written out naively. NIfTI is compared with nibabel's own array, pictures with Pillow.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image

from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers import read

imagecodecs = pytest.importorskip("imagecodecs")

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[2] / "../shared/data")
FORMATS = SHARED / "formats"
pytestmark = pytest.mark.skipif(not FORMATS.is_dir(), reason=f"no shared data at {SHARED}")


@dataclass(frozen=True)
class Decodes:
    """The expected outcome of a sound file; `atol` above 0 only where two JPEG decoders may round differently."""

    shape: tuple[int, int]
    unit: str
    frames: int = 1
    atol: int = 0
    coloured: bool = False


GREY, SIGNAL, HU = "grey 8 bit", "signal", "HU"
MR = Decodes((64, 64), SIGNAL)
ENHANCED_MR = Decodes((64, 64), SIGNAL, frames=10)
WHOLE_BODY = Decodes((1024, 256), SIGNAL)
COLOUR = Decodes((100, 100), GREY, coloured=True)

EXPECTED = {
    "dicom_compressed/J2K_pixelrep_mismatch.dcm": Decodes((512, 512), HU),
    "dicom_compressed/JLSL_16_15_1_1F.dcm": Decodes((128, 128), SIGNAL),
    "dicom_compressed/JPEG-LL.dcm": WHOLE_BODY,
    "dicom_compressed/JPEG2000.dcm": WHOLE_BODY,
    "dicom_compressed/JPEGLSNearLossless_16.dcm": Decodes((50, 10), SIGNAL),
    "dicom_compressed/JPGExtended.dcm": WHOLE_BODY,
    "dicom_compressed/JPGLosslessP14SV1_1s_1f_8b.dcm": Decodes((768, 1024), GREY),
    "dicom_compressed/MR_small_RLE.dcm": MR,
    "dicom_compressed/MR_small_jp2klossless.dcm": MR,
    "dicom_compressed/MR_small_jpeg_ls_lossless.dcm": MR,
    "dicom_compressed/SC_rgb_jpeg.dcm": Decodes((256, 256), GREY, atol=1, coloured=True),
    "dicom_compressed/SC_rgb_jpeg_gdcm.dcm": COLOUR,
    "dicom_compressed/SC_rgb_rle.dcm": COLOUR,
    "dicom_compressed/SC_rgb_rle_16bit.dcm": Decodes((100, 100), SIGNAL, coloured=True),
    "dicom_compressed/explicit_VR-UN.dcm": Decodes((512, 512), HU),
    "dicom_malformed/ExplVR_LitEndNoMeta.dcm": "no pixel data: it is a radiotherapy plan",
    "dicom_malformed/JPEG-lossy.dcm": WHOLE_BODY,  # its scan header is wrong, in bytes that sequential JPEG ignores
    "dicom_malformed/JPEG2000-embedded-sequence-delimiter.dcm": "damaged: a compressed frame is 3722445056 x 1024",
    "dicom_malformed/MR_truncated.dcm": "truncated: 8130 of 8192 bytes of pixel data are there",
    "dicom_malformed/OT-PAL-8-face.dcm": Decodes((480, 640), GREY, coloured=True),  # no meta header, but sound
    "dicom_malformed/UN_sequence.dcm": "no pixel data",
    "dicom_malformed/badVR.dcm": "a radiotherapy dose map is no image of anatomy",
    "dicom_malformed/bad_sequence.dcm": Decodes((512, 512), HU),
    "dicom_malformed/empty_charset_LEI.dcm": "no pixel data",
    "dicom_malformed/emri_small_jpeg_2k_lossless_too_short.dcm": "truncated: the file ends in the middle",
    "dicom_malformed/meta_missing_tsyntax.dcm": "its meta header lacks the transfer syntax",
    "dicom_malformed/no_meta.dcm": "no DICOM: neither DICOM's mark nor a sound data set",  # shifted by a stray byte
    "dicom_malformed/no_meta_group_length.dcm": "no pixel data",
    "dicom_monochrome1/RG3_J2KI.dcm": Decodes((1760, 1760), SIGNAL),
    "dicom_multiframe/SC_rgb_2frame.dcm": Decodes((100, 100), GREY, frames=2, coloured=True),
    "dicom_multiframe/SC_rgb_rle_2frame.dcm": Decodes((100, 100), GREY, frames=2, coloured=True),
    "dicom_multiframe/emri_small.dcm": ENHANCED_MR,
    "dicom_multiframe/emri_small_RLE.dcm": ENHANCED_MR,
    "dicom_multiframe/emri_small_big_endian.dcm": ENHANCED_MR,
    "dicom_multiframe/emri_small_jpeg_2k_lossless.dcm": ENHANCED_MR,
    "dicom_multiframe/examples_ybr_color.dcm": Decodes((240, 320), GREY, frames=30, atol=2, coloured=True),
    "dicom_multiframe/liver.dcm": "a segmentation is no image of anatomy",
    "dicom_multiframe/rtdose.dcm": "a radiotherapy dose map is no image of anatomy",
    "dicom_multiframe/rtdose_rle.dcm": "a radiotherapy dose map is no image of anatomy",
    "dicom_no_pixels/reportsi.dcm": "no pixel data: it is a structured report",
    "dicom_no_pixels/rtplan.dcm": "no pixel data: it is a radiotherapy plan",
    "dicom_no_pixels/rtstruct.dcm": "no pixel data: it is a radiotherapy structure set",
    "dicom_no_pixels/test-SR.dcm": "no pixel data: it is a structured report",
    "dicom_uncompressed/CT_small.dcm": Decodes((128, 128), HU),
    "dicom_uncompressed/ExplVR_BigEnd.dcm": Decodes((60, 80), GREY, coloured=True),
    "dicom_uncompressed/MR_small.dcm": MR,
    "dicom_uncompressed/MR_small_bigendian.dcm": MR,
    "dicom_uncompressed/MR_small_implicit.dcm": MR,
    "dicom_uncompressed/MR_small_padded.dcm": MR,
    "dicom_uncompressed/SC_rgb_16bit.dcm": Decodes((100, 100), SIGNAL, coloured=True),
    "dicom_uncompressed/SC_rgb_32bit.dcm": Decodes(
        (100, 100), SIGNAL, atol=1 << 16, coloured=True
    ),  # weights of 16 bits
    "dicom_uncompressed/SC_ybr_full_422_uncompressed.dcm": Decodes((100, 100), GREY, atol=1, coloured=True),
    "dicom_uncompressed/examples_overlay.dcm": Decodes((300, 484), SIGNAL),
    "dicom_uncompressed/examples_palette.dcm": Decodes((350, 800), GREY, coloured=True),
    "dicom_uncompressed/image_dfl.dcm": Decodes((512, 512), GREY),
    "dicom_uncompressed/mlut_18.dcm": Decodes((512, 512), SIGNAL),
    "dicom_uncompressed/parametric_map_float.dcm": Decodes((128, 128), SIGNAL),
    "dicom_uncompressed/vlut_04.dcm": Decodes((512, 512), SIGNAL),
    "image_modes/cxr_fullsize_gray_person1063_bacteria_2997.jpeg": Decodes((976, 1232), GREY),
    "image_modes/cxr_fullsize_rgb_person1052_virus_1751.jpeg": Decodes((521, 836), GREY),
    "image_modes/cxr_rgba_00000004_000.png": Decodes((64, 64), GREY),
    "image_modes/cxr_rgba_00000058_000.png": Decodes((64, 64), GREY),
    "image_modes/cxr_rgba_00000076_000.png": Decodes((64, 64), GREY),
    "image_modes/mri_rgb_notumor_Te-no_0108.jpg": Decodes((224, 224), GREY),
    "image_modes/mri_rgb_notumor_Te-no_0178.jpg": Decodes((224, 224), GREY),
    "image_modes/mri_rgb_notumor_Te-no_0254.jpg": Decodes((224, 224), GREY),
    "image_modes/mri_rgb_notumor_Te-no_0370.jpg": Decodes((224, 224), GREY),
    "made_malformed/ct16_truncated.png": "corrupt or truncated",
    "made_malformed/ct_truncated_half.dcm": "truncated: 260117 of 524288 bytes of pixel data are there",
    "made_malformed/cxr_truncated.jpeg": "corrupt or truncated",
    "made_malformed/empty.dcm": "the file is empty (0 bytes)",
    "made_malformed/empty.png": "the file is empty (0 bytes)",
    "made_malformed/header_only_132_bytes.dcm": "truncated: nothing follows DICOM's mark",
    "made_malformed/jpeg_named.dcm": Decodes((156, 256), GREY),
    "made_malformed/jpeg_named.png": Decodes((156, 256), GREY),
    "made_malformed/text_named.dcm": "no DICOM: neither DICOM's mark nor a sound data set",
    "made_malformed/volume_truncated.nii.gz": "corrupt or truncated",
    **{f"mr_dicom_series/VS-SEG-001/t1_mpr_tra_gk/1-{n:03d}.dcm": Decodes((512, 512), SIGNAL) for n in range(70, 76)},
    "nifti/totalsegmentator_example_mr_sm.nii.gz": Decodes((91, 117), SIGNAL, frames=20),
}
SOUND = [name for name, outcome in EXPECTED.items() if isinstance(outcome, Decodes)]
REFUSED = [name for name, outcome in EXPECTED.items() if isinstance(outcome, str)]


def decode_stream(frame, ds):
    """One compressed frame, by imagecodecs; DICOM's RLE is PackBits over byte planes, most significant first."""
    syntax, colours = ds.file_meta.TransferSyntaxUID, ds.PhotometricInterpretation
    rows, columns, samples, allocated = ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.BitsAllocated
    if syntax == "1.2.840.10008.1.2.5":
        count, *offsets = struct.unpack("<16I", frame[:64])
        ends = [*offsets[1:count], len(frame)]
        planes = [
            np.frombuffer(imagecodecs.packbits_decode(frame[a:b]), np.uint8)[: rows * columns]
            for a, b in zip(offsets[:count], ends, strict=True)
        ]
        values = np.stack(planes).reshape(samples, allocated // 8, rows, columns).astype(np.uint64)
        weights = np.array([256**k for k in reversed(range(allocated // 8))], np.uint64)
        return np.einsum("sbrc,b->rcs", values, weights).squeeze()
    if syntax in ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"):
        return imagecodecs.ljpeg_decode(frame)
    if syntax in ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"):
        return imagecodecs.jpegls_decode(frame)
    if syntax in ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"):
        return imagecodecs.jpeg2k_decode(frame)
    if colours == "RGB":  # the stream lacks a sound colour mark: decoders left to themselves take it for YCbCr
        return imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB")
    return imagecodecs.jpeg_decode(frame)


def take_items_apart(content, frames):
    """The compressed frames: the first item is the offset table; a single frame may lie in several items."""
    items, at = [], 0
    while at + 8 <= len(content):
        group, element, length = struct.unpack_from("<HHI", content, at)
        if (group, element) != (0xFFFE, 0xE000):
            break
        items.append(content[at + 8 : at + 8 + length])
        at += 8 + length
    return [b"".join(items[1:])] if frames == 1 else items[1:]


def decode_dicom(ds):
    """All frames as stored values: (H, W) or (H, W, 3), unsigned as the bits are."""
    rows, columns, samples = ds.Rows, ds.Columns, ds.SamplesPerPixel
    frames = int(ds.get("NumberOfFrames", 1))
    if "FloatPixelData" in ds:
        return list(np.frombuffer(ds.FloatPixelData, "<f4").reshape(frames, rows, columns))
    syntax = ds.file_meta.get("TransferSyntaxUID", "1.2.840.10008.1.2")
    if ds["PixelData"].is_undefined_length:
        streams = take_items_apart(ds.PixelData, frames)
        assert len(streams) == frames
        return [decode_stream(stream, ds) for stream in streams]
    order = ">" if syntax == "1.2.840.10008.1.2.2" else "<"
    content = ds.PixelData
    if order == ">" and ds.BitsAllocated == 8 and ds["PixelData"].VR == "OW":
        content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
    if ds.PhotometricInterpretation == "YBR_FULL_422":
        y1, y2, cb, cr = np.frombuffer(content, np.uint8)[: rows * columns * 2].reshape(-1, 4).T.astype(float)
        y = np.stack([y1, y2], 1).reshape(rows, columns)
        cb, cr = (np.repeat(c, 2).reshape(rows, columns) - 128 for c in (cb, cr))
        return [np.clip(np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1), 0, 255)]
    values = np.frombuffer(content, f"{order}u{ds.BitsAllocated // 8}")[: frames * rows * columns * samples]
    if samples == 3 and ds.PlanarConfiguration == 1:
        return list(np.moveaxis(values.reshape(frames, 3, rows, columns), 1, -1))
    return list(values.reshape(frames, rows, columns, *([3] if samples == 3 else [])))


def interpret_bits(stored, ds):
    """The stored bits alone, as signed numbers where the header says so."""
    bits = ds.BitsStored
    values = stored.astype(np.int64) & ((1 << bits) - 1)
    return np.where(values >= 1 << (bits - 1), values - (1 << bits), values) if ds.PixelRepresentation else values


def look_up(values, item, byte_order="<"):
    count, first, _ = item.LUTDescriptor
    data = item.LUTData
    entries = struct.unpack(f"{byte_order}{len(data) // 2}H", data) if isinstance(data, bytes) else list(data)
    assert len(entries) == (count or 65536)
    return np.vectorize(lambda v: entries[min(max(v - first, 0), len(entries) - 1)])(values).astype(float)


def look_up_colours(indices, ds):
    palettes = [getattr(ds, f"{name}PaletteColorLookupTableData") for name in ("Red", "Green", "Blue")]
    return np.stack([np.frombuffer(p, "<u2")[indices] >> 8 for p in palettes], -1)


def interpret_dicom(stored, ds):
    """What a frame's stored values mean, written out one by one from the standard."""
    if "FloatPixelData" in ds:
        return stored
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        stored = look_up_colours(stored, ds)
    if stored.ndim == 3:
        red, green, blue = np.moveaxis(stored.astype(float), -1, 0)
        return np.floor(0.299 * red + 0.587 * green + 0.114 * blue + 0.5)
    values = interpret_bits(stored, ds)
    if ds.get("Modality") in ("MR", "NM"):
        return values
    if ds.get("Modality") == "CT":
        hu = np.rint(values * float(ds.RescaleSlope) + float(ds.RescaleIntercept))
        return np.where(values == ds.get("PixelPaddingValue", 1e9), -2048, hu)
    if "ModalityLUTSequence" in ds:
        return look_up(values, ds.ModalityLUTSequence[0])
    if "VOILUTSequence" in ds:
        return look_up(values, ds.VOILUTSequence[0])
    if "WindowCenter" in ds:
        top = 255 if ds.BitsStored == 8 else 65535
        share = (values - (ds.WindowCenter - 0.5)) / (ds.WindowWidth - 1) + 0.5
        shown = np.clip(np.rint(share * top), 0, top)
        return top - shown if ds.PhotometricInterpretation == "MONOCHROME1" else shown
    return values


def expect_frames(path):
    """What an independent decoder makes of a file."""
    if path.name.endswith(".dcm") and path.stem != "jpeg_named":
        ds = pydicom.dcmread(path, force=True)
        return [interpret_dicom(frame, ds) for frame in decode_dicom(ds)]
    return [np.asarray(Image.open(path).convert("L"))]


def test_the_table_names_every_file():
    assert sorted(EXPECTED) == sorted(str(p.relative_to(FORMATS)) for p in FORMATS.rglob("*") if p.is_file())
    assert len(EXPECTED) == 84


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("name", [name for name in SOUND if not name.endswith(".nii.gz")])
def test_values_equal_an_independent_decoders(name):
    expected, pictures = EXPECTED[name], list(read(FORMATS / name))
    assert [(p.pixels.shape, p.unit, p.coloured) for p in pictures] == [
        (expected.shape, expected.unit, expected.coloured)
    ] * expected.frames
    assert [picture.frame for picture in pictures] == list(range(expected.frames))
    for picture, values in zip(pictures, expect_frames(FORMATS / name), strict=True):
        np.testing.assert_allclose(picture.pixels.astype(float), values.astype(float), rtol=0, atol=expected.atol)


@pytest.mark.parametrize("name", [name for name in SOUND if name.endswith(".nii.gz")])
def test_volumes_hold_the_values_of_nibabels_array(name):
    """Slices are compared without regard to turns and mirroring, which the NIfTI tests look after."""
    expected, pictures = EXPECTED[name], list(read(FORMATS / name))
    volume = np.asarray(nibabel.as_closest_canonical(nibabel.load(FORMATS / name)).dataobj)
    assert [(sorted(p.pixels.shape), p.unit) for p in pictures] == [(sorted(expected.shape), expected.unit)] * (
        expected.frames
    )
    for picture in pictures:
        values = volume[:, :, picture.frame]
        np.testing.assert_allclose(np.sort(picture.pixels, axis=None), np.sort(values, axis=None), rtol=1e-6)


@pytest.mark.parametrize("name", REFUSED)
def test_the_rest_is_refused_with_the_true_reason(name, capfd, recwarn):
    with pytest.raises(UnreadableError) as caught:
        list(read(FORMATS / name, ReadOptions()))
    assert EXPECTED[name] in str(caught.value)
    assert Path(name).name not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


@pytest.mark.parametrize("name", [name for name in SOUND if name.startswith("dicom_")])
def test_nothing_is_printed_while_reading(name, capfd, recwarn):
    assert list(read(FORMATS / name))
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_the_deflated_file_is_what_zlib_makes_of_it():
    content = (FORMATS / "dicom_uncompressed/image_dfl.dcm").read_bytes()
    start = 132 + 12 + struct.unpack_from("<I", content, 140)[0]
    (picture,) = read(FORMATS / "dicom_uncompressed/image_dfl.dcm")
    assert picture.pixels.tobytes() in zlib.decompress(content[start:], -15)
