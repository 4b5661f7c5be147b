"""Values: Hounsfield units, signals and grey values as the standard defines them."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    SecondaryCaptureImageStorage,
)
from tests.fixtures.dicom_files import AIR_TO_BONE, CR, CT, MG, MR, US, read_one, refusal, write

from ganoscope.data.picture import PADDING_HU


def test_rescale_may_be_written_as_padded_decimal_strings(file):
    text = {"RescaleSlope": "001.000000E+00", "RescaleIntercept": "-01.024000E+03"}
    assert read_one(write(file, AIR_TO_BONE, Modality="CT", **text)).pixels[0, 1] == -1000


def test_padding_becomes_the_padding_value_whatever_its_sign_was_written_as(file):
    pixels = np.array([[-2000, 24, 1024], [24, 1024, 1074]], np.int16)
    for padding in (63536, -2000):
        write(file, pixels, **CT)
        data = pydicom.dcmread(file)
        data.add_new(0x00280120, "US" if padding > 0 else "SS", padding)
        data.save_as(file)
        assert read_one(file).pixels.tolist() == [[PADDING_HU, -1000, 0], [-1000, 0, 50]]


def test_a_range_of_padding_is_padding_in_either_order(file):
    pixels = np.array([[-2000, -1990, -1980], [24, 1024, 1074]], np.int16)
    for low, high in ((-2000, -1985), (-1985, -2000)):
        write(file, pixels, PixelPaddingValue=low, PixelPaddingRangeLimit=high, **CT)
        hu = read_one(file).pixels
        assert (hu == PADDING_HU).sum() == 3  # the third lies below PADDING_HU, where nothing real is
        assert hu[1].tolist() == [-1000, 0, 50]


def test_metal_is_clipped_and_undeclared_padding_is_counted(file):
    pixels = np.array([[0, 10, 1000, 44_030, 500, 600]], np.uint16)
    known = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -3000}
    picture = read_one(write(file, pixels, **known))
    assert picture.pixels.tolist() == [[-2048, -2048, -2000, 32767, -2048, -2048]]
    assert (picture.padded_px, picture.clipped_px) == (4, 1)
    declared = read_one(write(file, pixels, **known, PixelPaddingValue=0, PixelPaddingRangeLimit=10))
    assert (declared.padded_px, declared.clipped_px) == (2, 1)


def test_values_that_the_scanner_measured_stay_as_they_are(file):
    pixels = np.array([[-1024, -3, 30000]], np.int16)
    assert read_one(write(file, pixels, Modality="CT", RescaleSlope=1, RescaleIntercept=0)).pixels.tolist() == [
        [-1024, -3, 30000]
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RescaleSlope": None, "RescaleIntercept": None}, "without RescaleSlope and RescaleIntercept"),
        ({"RescaleIntercept": None}, "rescale slope or intercept"),
        ({"RescaleSlope": 0}, "rescale slope or intercept"),
        ({"RescaleIntercept": 0}, "without any value below 0 HU (lowest: 0)"),
        ({"RescaleType": "Z_EFF"}, "not Hounsfield units"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "a localizer (scout) image"),
        ({"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 65535}, "nothing but padding"),
    ],
)
def test_a_ct_that_can_not_be_in_hounsfield_units_is_refused(file, changes, reason):
    assert reason in refusal(write(file, AIR_TO_BONE, **CT | changes))


@pytest.mark.parametrize(
    ("pixels", "slope", "dtype"),
    [
        ([[0, 5]], 1, np.uint16),
        ([[-7, 5]], 1, np.int16),
        ([[0, 5]], 0.5, np.float32),
        ([[0, 30000]], 4, np.float32),
    ],
)
def test_signals_take_the_smallest_type_that_keeps_them(file, pixels, slope, dtype):
    write(file, np.array(pixels, np.int16), RescaleSlope=slope, RescaleIntercept=0, **MR)
    picture = read_one(file)
    assert (picture.unit, picture.pixels.dtype) == ("signal", dtype)
    assert picture.pixels.tolist() == (np.array(pixels) * slope).tolist()


def test_padding_of_a_signal_takes_the_lowest_measured_value(file):
    write(file, np.array([[-30000, 5, 9]], np.int16), PixelPaddingValue=-30000, **MR)
    assert read_one(file).pixels.tolist() == [[5, 5, 9]]


def test_monochrome1_is_inverted_within_the_stored_bits(file):
    eight = np.array([[0, 100, 255]], np.uint8)
    picture = read_one(write(file, eight, PhotometricInterpretation="MONOCHROME1", **CR))
    assert (picture.unit, picture.pixels.dtype) == ("grey 8 bit", np.uint8)
    assert picture.pixels.tolist() == [[255, 155, 0]]
    ten = np.array([[0, 100, 1023]], np.uint16)
    picture = read_one(write(file, ten, PhotometricInterpretation="MONOCHROME1", BitsStored=10, **CR))
    assert (picture.unit, picture.pixels.tolist()) == ("signal", [[1023, 923, 0]])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (None, lambda x: (x - 499.5) / 99 + 0.5),
        ("LINEAR", lambda x: (x - 499.5) / 99 + 0.5),
        ("LINEAR_EXACT", lambda x: (x - 500) / 100 + 0.5),
        ("SIGMOID", lambda x: 1 / (1 + np.exp(-4 * (x - 500) / 100))),
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_the_first_window_is_applied_as_the_standard_writes_it(file, function, expected, inverted):
    pixels = np.array([[0, 449, 450, 480, 500, 549, 550, 4095]], np.uint16)
    write(
        file,
        pixels,
        BitsStored=12,
        WindowCenter=[500, 10],
        WindowWidth=[100, 20],
        VOILUTFunction=function,
        PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2",
        **MG,
    )
    shown = np.clip(np.rint(expected(pixels.astype(float)) * 65535), 0, 65535)
    assert read_one(file).pixels.tolist() == (65535 - shown if inverted else shown).tolist()


def make_table(first, values, bits):
    item = Dataset()
    item.add_new(0x00283002, "US", [len(values), first, bits])
    item.add_new(0x00283006, "US", values)
    return Sequence([item])


def test_modality_table_comes_before_the_voi_table(file):
    pixels = np.array([[0, 1, 2, 9]], np.uint16)
    modality, voi = make_table(1, [10, 12, 14], 12), make_table(10, [0, 64, 128, 192, 255], 8)
    picture = read_one(write(file, pixels, ModalityLUTSequence=modality, VOILUTSequence=voi, **CR))
    assert (picture.unit, picture.pixels.tolist()) == ("grey 8 bit", [[0, 0, 128, 255]])  # ends hold beyond the ends


def test_a_table_that_is_shorter_than_it_says_is_refused(file):
    table = make_table(0, [1, 2, 3], 8)
    table[0].LUTDescriptor = [200, 0, 8]
    assert "look-up table" in refusal(write(file, np.zeros((4, 4), np.uint8), VOILUTSequence=table, **CR))


def test_colour_becomes_luminance_and_grey_stays_grey(file):
    red, grey = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 77, np.uint8)
    red[..., 0] = 200
    picture = read_one(write(file, red, SOPClassUID=SecondaryCaptureImageStorage, **US))
    assert (picture.unit, picture.coloured, picture.pixels[0, 0]) == ("grey 8 bit", True, 60)
    picture = read_one(write(file, grey, **US))
    assert (picture.coloured, picture.pixels[0, 0]) == (False, 77)


def test_planes_of_colour_may_lie_one_after_the_other(file):
    planes = np.zeros((3, 2, 2), np.uint8)
    planes[1] = 100
    write(file, np.zeros((2, 2, 3), np.uint8), content=planes.tobytes(), PlanarConfiguration=1, **US)
    assert read_one(file).pixels.tolist() == [[59, 59], [59, 59]]


def test_padding_of_a_radiograph_is_shown_as_dark_as_its_darkest_pixel(file):
    pixels = np.array([[0, 5, 1000]], np.uint16)
    write(file, pixels, BitsStored=10, PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1", **MG)
    assert read_one(file).pixels.tolist() == [[23, 1018, 23]]
