"""DICOM: what values mean, what is refused and why, and that nothing of a person leaves the reader."""

import os
import warnings

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from ganoscope.data.dicom import dataset as dataset_module
from ganoscope.data.dicom import frames as frames_module
from ganoscope.data.dicom import isolated
from ganoscope.data.picture import MAX_PIXELS, PADDING_HU, ReadOptions, UnreadableError
from ganoscope.data.readers import dicom

AIR_TO_BONE = np.array([[0, 24, 924], [1024, 1074, 2024]], np.uint16)
CT = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024}
MG, CR, MR, US = ({"Modality": code} for code in ("MG", "CR", "MR", "US"))
JPEGLS_HEADER = b"\xff\xd8\xff\xf7\0\x0b\x10\0\x02\0\x03\x01" + bytes(30)
PLANTED = ("PLANTED^NAME", "PLANTED-ID-77", "19560713", "1.2.3.77777", "planted free text")


def write(path, pixels, syntax=ExplicitVRLittleEndian, content=None, **attributes):
    """Writes an image: its pixel module from the array, everything else as given; None leaves an attribute out."""
    pixels = np.asarray(pixels)
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    data = Dataset()
    data.SOPClassUID = attributes.pop("SOPClassUID", CTImageStorage if attributes.get("Modality") == "CT" else "1.2.3")
    data.SOPInstanceUID, data.SeriesInstanceUID = "1.2.3.4", "1.2.3.5"
    data.Rows, data.Columns = pixels.shape[:2] if colour else pixels.shape[-2:]
    if pixels.ndim == 3 and not colour:
        data.NumberOfFrames = len(pixels)
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * pixels.itemsize
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in attributes.items():
        setattr(data, keyword, value)
    if "HighBit" not in data:
        data.HighBit = data.BitsStored - 1
    for keyword in [keyword for keyword, value in attributes.items() if value is None]:
        delattr(data, keyword)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    stored = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes() if content is None else content
    data.PixelData = stored + b"\0" * (len(stored) % 2)
    data["PixelData"].VR = "OB" if syntax.is_encapsulated else "OW"
    data["PixelData"].is_undefined_length = syntax.is_encapsulated
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = data.SOPClassUID, "1.2.3.4"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(path, data, enforce_file_format=True, overwrite=True)
    return path


def read(path, **options):
    return list(dicom.read(path, ReadOptions(**options)))


def read_one(path, **options):
    (picture,) = read(path, **options)
    return picture


def refusal(path, **options):
    with pytest.raises(UnreadableError) as caught:
        read(path, **options)
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "image.dcm"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_ct_is_in_hounsfield_units(file, syntax):
    picture = read_one(write(file, AIR_TO_BONE, syntax, **CT))
    assert (picture.unit, picture.pixels.dtype) == ("HU", np.int16)
    assert picture.pixels.tolist() == [[-1024, -1000, -100], [0, 50, 1000]]
    assert picture.pixels.flags.c_contiguous


def test_rescale_may_be_written_as_padded_decimal_strings(file):
    text = {"RescaleSlope": "001.000000E+00", "RescaleIntercept": "-01.024000E+03"}
    assert read_one(write(file, AIR_TO_BONE, Modality="CT", **text)).pixels[0, 1] == -1000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bits=st.integers(6, 16),
    spare=st.integers(0, 10),
    signed=st.booleans(),
    slope=st.sampled_from([1.0, 1.000244, 0.5, 2.0]),
    seed=st.integers(0, 99),
)
def test_any_layout_of_bits_gives_the_same_hounsfield_units(file, bits, spare, signed, slope, seed):
    random = np.random.default_rng(seed)
    high = min(15, bits - 1 + spare)
    numbers = random.integers(0, 1 << bits, (5, 7))
    noise = random.integers(0, 1 << 16, (5, 7)) & ~(((1 << bits) - 1) << (high + 1 - bits))  # overlays of old files
    stored = ((numbers << (high + 1 - bits)) | noise).astype(np.uint16)
    values = np.where(numbers >= 1 << (bits - 1), numbers - (1 << bits), numbers) if signed else numbers
    # above the lowest HU, below 0 somewhere, and within int16
    intercept = -1000.0 - float(values.min() * slope)
    expected = np.rint(values * slope + intercept)
    write(
        file,
        stored,
        Modality="CT",
        RescaleSlope=slope,
        RescaleIntercept=f"{intercept:.10g}",
        BitsStored=bits,
        HighBit=high,
        PixelRepresentation=int(signed),
    )
    if expected.max() > 32767:
        assert "32767" in refusal(file)
    else:
        assert np.abs(read_one(file).pixels - expected).max() <= (slope == 1.000244)  # intercepts are rounded to text


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


def test_values_that_the_scanner_measured_stay_as_they_are(file):
    pixels = np.array([[-1024, -3, 30000]], np.int16)
    assert read_one(write(file, pixels, Modality="CT", RescaleSlope=1, RescaleIntercept=0)).pixels.tolist() == [
        [-1024, -3, 30000]
    ]


def test_padding_beyond_the_stored_bits_is_refused_rather_than_taken_for_bone(file):
    write(file, np.array([[63536, 24, 1024]], np.uint16), BitsStored=12, PixelPaddingValue=63536, **CT)
    assert "PixelPaddingValue" in refusal(file)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RescaleSlope": None, "RescaleIntercept": None}, "without RescaleSlope and RescaleIntercept"),
        ({"RescaleIntercept": None}, "rescale slope or intercept"),
        ({"RescaleSlope": 0}, "rescale slope or intercept"),
        ({"RescaleIntercept": 0}, "without any value below 0 HU (lowest: 0)"),
        ({"RescaleType": "Z_EFF"}, "not Hounsfield units"),
        ({"RescaleSlope": 100}, "beyond 32767 HU"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "a localizer (scout) image"),
        ({"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 65535}, "nothing but padding"),
    ],
)
def test_a_ct_that_can_not_be_in_hounsfield_units_is_refused(file, changes, reason):
    assert reason in refusal(write(file, AIR_TO_BONE, **CT | changes))


def test_a_ct_in_colour_is_refused(file):
    assert "a CT in colour" in refusal(write(file, np.zeros((4, 4, 3), np.uint8), **CT))


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


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_float_pixels_stay_float_and_must_be_numbers(file, kind):
    values = np.array([[0.25, -1.5]])
    for content, fine in ((values, True), (values * np.nan, False)):
        write(file, np.zeros((1, 2), np.uint16), **MR)
        data = pydicom.dcmread(file)
        del data.PixelData
        data.BitsAllocated = 32 if kind == "f4" else 64
        setattr(data, "FloatPixelData" if kind == "f4" else "DoubleFloatPixelData", content.astype(kind).tobytes())
        data.save_as(file)
        if fine:
            assert read_one(file).pixels.tolist() == values.tolist()
        else:
            assert "no numbers" in refusal(file)


def test_every_frame_has_its_own_scale_position_and_number(file):
    pixels = np.array([AIR_TO_BONE.T, AIR_TO_BONE.T + 10])
    shared, frames = Dataset(), []
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.7, 0.8], 3
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    for number in range(2):
        item, position, rescale = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [5, 5, 100 + 3 * number]
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, -1024 - 10 * number, "HU"
        item.PlanePositionSequence = Sequence([position])
        item.PixelValueTransformationSequence = Sequence([rescale])
        frames.append(item)
    write(
        file,
        pixels,
        Modality="CT",
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
    )
    first, second = read(file)
    assert np.array_equal(first.pixels, second.pixels)
    assert (first.frame, second.frame) == (0, 1)
    assert (first.position_mm, second.position_mm) == (100, 103)
    assert (second.spacing_mm, second.thickness_mm, second.view) == ((0.7, 0.8), 3, "axial")


@pytest.mark.parametrize(
    ("cosines", "corner", "view", "position"),
    [
        ([1, 0, 0, 0, 1, 0], [7, 8, 9], "axial", 9),
        ([1, 0, 0, 0, 0, -1], [7, 8, 9], "coronal", 8),
        ([0, 1, 0, 0, 0, -1], [7, 8, 9], "sagittal", -7),
        ([1, 0, 0, 0, 0.7071, 0.7071], [0, 0, 10], "oblique", 7.071),
        ([1, 0, 0, 0, 0.95, 0.3122], [0, 0, 10], "axial", 9.5),
        ([0, 0, 0, 0, 0, 0], [7, 8, 9], "", None),
    ],
)
def test_plane_and_position_follow_from_the_orientation(file, cosines, corner, view, position):
    write(file, AIR_TO_BONE, ImageOrientationPatient=cosines, ImagePositionPatient=corner, **CT)
    picture = read_one(file)
    assert picture.view == view
    assert picture.position_mm == (None if position is None else pytest.approx(position, abs=1e-3))


def test_shadow_images_have_a_view_and_the_detectors_spacing(file):
    write(file, AIR_TO_BONE, ViewPosition="PA", ImagerPixelSpacing=[0.143, 0.143], **CR)
    picture = read_one(file)
    assert (picture.modality, picture.view, picture.spacing_mm) == ("CR", "PA", (0.143, 0.143))
    write(file, AIR_TO_BONE, ViewPosition="PLANTED", PixelSpacing=[0.1, 0.1], ImagerPixelSpacing=[0.2, 0.2], **CR)
    picture = read_one(file)
    assert (picture.view, picture.spacing_mm) == ("", (0.1, 0.1))


def test_an_unknown_modality_is_not_repeated(file):
    assert read_one(write(file, AIR_TO_BONE, Modality="PLANTED")).modality == ""


def test_only_the_modality_asked_for_is_taken(file):
    write(file, AIR_TO_BONE, **MR)
    assert read_one(file, only_modality="mr").modality == "MR"
    assert refusal(file, only_modality="CT") == "modality MR was not asked for"
    write(file, AIR_TO_BONE, Modality="PLANTED")
    assert refusal(file, only_modality="CT") == "an unknown modality was not asked for"


def test_images_that_say_they_were_generated_are_known(file):
    for said, synthetic in (("YES", True), ("NO", False), (None, False)):
        write(file, AIR_TO_BONE, SyntheticData=said, **CT)
        assert read_one(file).synthetic is synthetic


def test_two_people_under_one_id_differ_in_their_check(file):
    def check(name, born="19560713", sex="F"):
        write(file, AIR_TO_BONE, PatientID="7", PatientName=name, PatientBirthDate=born, PatientSex=sex, **CT)
        picture = read_one(file)
        assert picture.patient == "7"
        return picture.patient_check

    assert check("Doe^Jane") == check("DOE^JANE^^") == check("doe jane")
    assert len({check("Doe^Jane"), check("Roe^Jane"), check("Doe^Jane", sex="M"), check("Doe^Jane", "19560714")}) == 4
    assert "doe" not in check("Doe^Jane").lower()
    assert check("", "", "") == ""


def planted(**attributes):
    name, patient, born, uid, text = PLANTED
    return {
        "PatientName": name,
        "PatientID": patient,
        "PatientBirthDate": born,
        "SeriesInstanceUID": uid,
        "StudyDescription": text,
        "ImageComments": text,
    } | attributes


@pytest.mark.parametrize(
    "changes",
    [
        {"RescaleSlope": None, "RescaleIntercept": None},
        {"RescaleType": PLANTED[-1].upper()[:16]},
        {"Rows": 4000},
        {"PhotometricInterpretation": "PLANTED TEXT"},
        {"BitsStored": 40, "HighBit": 39},
        {"NumberOfFrames": 77777},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2"},
    ],
)
def test_no_reason_holds_what_names_a_person(tmp_path, changes, capfd, recwarn):
    path = write(tmp_path / "PLANTED-file.dcm", AIR_TO_BONE, **planted(**CT | changes))
    text = refusal(path).lower() + "".join(capfd.readouterr()).lower()
    assert "planted" not in text
    assert not [word for word in (*PLANTED, "77777.") if word.lower() in text]
    assert not recwarn.list


def test_only_allowed_attributes_are_read(file):
    write(file, AIR_TO_BONE, **planted(**CT))
    data = dataset_module.open_dataset(file)
    assert "StudyDescription" not in data and "ImageComments" not in data and "PatientID" in data


def test_a_file_without_the_mark_is_read_when_its_data_set_proves_itself(file):
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        write(file, AIR_TO_BONE, syntax, **CT)
        start = pydicom.filereader.read_file_meta_info(file).FileMetaInformationGroupLength + 144
        file.write_bytes(file.read_bytes()[start:])
        assert read_one(file).pixels[0, 1] == -1000


def test_a_file_without_the_mark_but_compressed_is_refused(file):
    write(file, AIR_TO_BONE, JPEG2000Lossless, content=encapsulate([b"\xff\x4f\xff\x51" + bytes(60)]), **CT)
    start = pydicom.filereader.read_file_meta_info(file).FileMetaInformationGroupLength + 144
    file.write_bytes(file.read_bytes()[start:])
    assert "no meta header, but compressed pixels" in refusal(file)


@pytest.mark.parametrize(
    "content", [b"plain text", bytes(500), b"\x08\x00\x05\x00CS\n\x00ISO", b"\x89PNG\r\n", b"<html>"]
)
def test_other_content_is_no_dicom(file, content):
    file.write_bytes(content)
    assert "DICOM" in refusal(file)


def test_an_invalid_transfer_syntax_is_refused(file):
    write(file, AIR_TO_BONE, **CT)
    file.write_bytes(file.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.7.7.7\0"))
    assert "names no known transfer syntax" in refusal(file)


def test_pixels_that_end_early_or_go_on_are_refused(file):
    write(file, AIR_TO_BONE, content=AIR_TO_BONE.tobytes()[:-4], **CT)
    assert refusal(file) == "truncated: 8 of 12 bytes of pixel data are there"
    write(file, AIR_TO_BONE, content=AIR_TO_BONE.tobytes() * 2, **CT)
    assert "the pixel data holds more" in refusal(file)


def test_pixels_of_an_unknown_representation_are_refused(file):
    write(file, AIR_TO_BONE, **CT)
    file.write_bytes(file.read_bytes().replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0O\xf6"))
    assert "damaged" in refusal(file)
    assert refusal(write(file, AIR_TO_BONE, content=b"", **CT)) == "truncated: the pixel data is empty"


def test_padding_of_a_radiograph_is_shown_as_dark_as_its_darkest_pixel(file):
    pixels = np.array([[0, 5, 1000]], np.uint16)
    write(file, pixels, BitsStored=10, PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1", **MG)
    assert read_one(file).pixels.tolist() == [[23, 1018, 23]]


def test_a_bomb_is_refused_by_its_header(file):
    write(file, AIR_TO_BONE, Rows=30000, Columns=30000, **CT)
    assert f"at most {MAX_PIXELS} values" in refusal(file)
    write(file, AIR_TO_BONE, NumberOfFrames=MAX_PIXELS, **CT)
    assert "decompression bomb refused" in refusal(file)


def test_a_deflated_bomb_is_refused_while_it_inflates(file, monkeypatch):
    write(file, np.zeros((512, 512), np.uint16) + AIR_TO_BONE[0, 1], DeflatedExplicitVRLittleEndian, **CT)
    assert read_one(file).pixels.min() == -1000
    monkeypatch.setattr(dataset_module, "MAX_INFLATED", 1 << 16)
    assert "inflates to more than 65536 bytes" in refusal(file)


def test_a_deflated_data_set_that_ends_early_is_refused(file):
    random = np.random.default_rng(0).integers(0, 4096, (64, 64)).astype(np.uint16)
    write(file, random, DeflatedExplicitVRLittleEndian, **CT)
    file.write_bytes(file.read_bytes()[:-2000])
    assert "truncated" in refusal(file)


def test_rle_frames_are_decoded_and_must_be_as_many_as_stated(file):
    rle = make_rle_of(AIR_TO_BONE)
    write(file, AIR_TO_BONE, RLELossless, content=encapsulate([rle]), **CT)
    assert read_one(file).pixels.tolist() == [[-1024, -1000, -100], [0, 50, 1000]]
    write(file, AIR_TO_BONE, RLELossless, content=encapsulate([rle]), NumberOfFrames=3, **CT)
    assert "compressed frames" in refusal(file)
    write(file, AIR_TO_BONE, RLELossless, content=encapsulate([rle + bytes(5000)]), **CT)
    assert "longer than its uncompressed pixels" in refusal(file)


def make_rle_of(pixels):
    planes = [(pixels >> 8).astype(np.uint8).tobytes(), (pixels & 255).astype(np.uint8).tobytes()]
    runs = [b"".join(b"\0" + bytes([byte]) for byte in plane) for plane in planes]
    header = np.zeros(16, "<u4")
    header[:3] = 2, 64, 64 + len(runs[0])
    return header.tobytes() + b"".join(runs)


@pytest.mark.parametrize(
    ("syntax", "frame", "size"),
    [
        (JPEG2000Lossless, b"\xff\x4f\xff\x51\0\x29\0\0" + np.array([60000, 50000], ">u4").tobytes(), "60000 x 50000"),
        (JPEGBaseline8Bit, b"\xff\xd8\xff\xfe\0\x04..\xff\xff\xc0\0\x0b\x08\xc3\x50\xea\x60\x01", "60000 x 50000"),
        (JPEGLSLossless, b"\xff\xd8\xff\xf7\0\x0b\x08\xc3\x50\xea\x60\x01", "60000 x 50000"),
    ],
)
def test_a_compressed_frame_larger_than_stated_never_reaches_a_decoder(file, syntax, frame, size, monkeypatch):
    tail = np.zeros(24 + 16, np.uint8).tobytes() if syntax == JPEG2000Lossless else bytes(30)
    write(file, AIR_TO_BONE.astype(np.uint8), syntax, content=encapsulate([frame + tail]), **US)
    monkeypatch.setattr(frames_module, "decode", lambda *_: pytest.fail("a decoder was called"))
    assert f"a compressed frame is {size}" in refusal(file)
    write(file, AIR_TO_BONE.astype(np.uint8), syntax, content=encapsulate([b"no header"]), **US)
    assert "no readable header of its own" in refusal(file)


def test_what_gdcm_is_needed_for_says_how_to_get_it(file, monkeypatch):
    monkeypatch.setattr(frames_module, "have_gdcm", lambda: False)
    write(file, AIR_TO_BONE, JPEGExtended12Bit, content=encapsulate([bytes(40)]), BitsStored=12, **CT)
    assert 'pip install "ganoscope[dicom]"' in refusal(file)
    write(file, AIR_TO_BONE, JPEGLSLossless, content=encapsulate([bytes(40)]), **CT)
    assert 'pip install "ganoscope[dicom]"' in refusal(file)


def test_a_decoder_that_dies_of_a_frame_takes_nothing_with_it(file, monkeypatch):
    imagecodecs = pytest.importorskip("imagecodecs")
    pixels = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    frame = imagecodecs.jpegls_encode(pixels)
    write(file, pixels, JPEGLSLossless, content=encapsulate([frame]), **CT)
    assert read_one(file).pixels.tolist() == (pixels.astype(int) - 1024).tolist()
    first = isolated.start_decoder(os.getpid())
    ask = isolated.ask
    with monkeypatch.context() as patch:  # as its C++ code does on some damaged streams
        patch.setattr(isolated, "ask", lambda process, *rest: (process.kill(), process.wait(), ask(process, *rest))[2])
        assert refusal(file) == "damaged: a frame can't be decoded"
    assert read_one(file).pixels.tolist() == (pixels.astype(int) - 1024).tolist()
    assert isolated.start_decoder(os.getpid()) is not first


def test_a_decoder_that_somebody_ended_is_started_anew(file):
    imagecodecs = pytest.importorskip("imagecodecs")
    write(file, AIR_TO_BONE, JPEGLSLossless, content=encapsulate([imagecodecs.jpegls_encode(AIR_TO_BONE)]), **CT)
    process = isolated.start_decoder(os.getpid())
    process.kill()
    process.wait()
    assert read_one(file).pixels.tolist() == [[-1024, -1000, -100], [0, 50, 1000]]


def test_a_decoder_that_never_ends_is_given_up(file, monkeypatch):
    monkeypatch.setattr(isolated, "LONGEST_SECONDS", 0.0)
    monkeypatch.setattr(isolated, "ask", lambda process, *_: (process.wait(30), ({}, b""))[1])
    write(file, AIR_TO_BONE, JPEGLSLossless, content=encapsulate([JPEGLS_HEADER]), **CT)
    assert refusal(file) == "damaged: a frame can't be decoded"


def test_video_and_private_compressions_are_refused(file):
    syntax = pydicom.uid.MPEG2MPML
    write(file, AIR_TO_BONE, syntax, content=encapsulate([bytes(40)]), **US)
    assert "its compression is not supported" in refusal(file)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("1.2.840.10008.5.1.4.1.1.481.3", "no pixel data: it is a radiotherapy structure set"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "no pixel data: it is a structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "no pixel data: it is a PDF document"),
        ("1.2.3.77777", "no pixel data"),
    ],
)
def test_files_without_pixels_are_called_what_they_are(file, kind, reason):
    write(file, AIR_TO_BONE, SOPClassUID=kind, Modality="OT")
    data = pydicom.dcmread(file)
    del data.PixelData
    data.save_as(file)
    assert refusal(file) == reason


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6), rle=st.booleans())
def test_damaged_bytes_are_read_or_refused_but_nothing_else_happens(file, damage, rle):
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 30
    if rle:
        write(file, pixels, RLELossless, content=encapsulate([make_rle_of(pixels)]), **CT)
    else:
        write(file, pixels, ImplicitVRLittleEndian, **CT)
    content = bytearray(file.read_bytes())
    for place, byte in damage:
        content[132 + int(place * (len(content) - 133))] = byte
    file.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            pictures = read(file)
        except UnreadableError as error:
            assert str(error)
        else:
            assert all(picture.pixels.ndim == 2 for picture in pictures)
