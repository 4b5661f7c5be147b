"""RSNA layouts: one entry per image with all its boxes; ids without images, images without rows, placeholders."""

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from ganoscope.data.layouts import find_layout, manifest, rsna_challenge, rsna_processed
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source import walk
from ganoscope.data.tables import gathered_rows
from ganoscope.errors import UserError

IDS = [f"{number:08x}-0000-4000-8000-{number:012x}" for number in range(1, 7)]
HEADER = "patientId,x,y,width,height,Target"
LABELS = f"""{HEADER}
{IDS[0]},,,,,0
{IDS[1]},264.0,152.0,213.0,379.0,1
{IDS[1]},562.0,152.0,256.0,453.0,1
{IDS[2]},,,,,0
"""
CLASSES = f"""patientId,class
{IDS[0]},No Lung Opacity / Not Normal
{IDS[1]},Lung Opacity
{IDS[1]},Lung Opacity
{IDS[2]},Normal
"""
BOXES = ((264.0, 152.0, 213.0, 379.0), (562.0, 152.0, 256.0, 453.0))


def write_dicom(path, patient):
    """A chest film as in the challenge: 8 bit, one frame, UUID for file name and patient, view in the header."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    film = pydicom.Dataset()
    film.file_meta = meta
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.PatientID, film.Modality, film.ViewPosition = patient, "CR", "PA"
    film.Rows = film.Columns = 32
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated = film.BitsStored = 8
    film.HighBit, film.PixelRepresentation = 7, 0
    film.PixelData = np.random.default_rng(len(patient)).integers(0, 256, (32, 32), np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    film.save_as(path, enforce_file_format=True)


def write_png(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)).save(path)


@pytest.fixture
def challenge(tmp_path):
    def make(labels=LABELS, classes=CLASSES, images=IDS[:3]):
        for patient in images:
            write_dicom(tmp_path / "stage_2_train_images" / f"{patient}.dcm", patient)
        write_dicom(tmp_path / "stage_2_test_images" / f"{IDS[5]}.dcm", IDS[5])
        for name, content in (("stage_2_train_labels.csv", labels), ("stage_2_detailed_class_info.csv", classes)):
            if content:
                (tmp_path / name).write_text(content, encoding="utf-8")
        return tmp_path

    return make


TRAIN = f"""{HEADER},class,age,sex,modality,position
{IDS[0]},,,,,0,Normal,51,F,CR,AP
{IDS[1]},264,152,213,379,1,Lung Opacity,48,M,CR,PA
{IDS[1]},562,152,256,453,1,Lung Opacity,48,M,CR,PA
{IDS[2]},,,,,0,No Lung Opacity / Not Normal,19,M,CR,AP
"""
PLACEHOLDER = f"patientId,PredictionString\n{IDS[4]},0.5 0 0 100 100\n{IDS[5]},0.5 0 0 100 100\n"


@pytest.fixture
def processed(tmp_path):
    def make(train=TRAIN, test=PLACEHOLDER, images=IDS[:3], masks=(IDS[1],)):
        for patient in images:
            write_png(tmp_path / "Training" / "Images" / f"{patient}.png")
        for patient in masks:
            write_png(tmp_path / "Training" / "Masks" / f"{patient}.png")
        for patient in IDS[4:]:
            write_png(tmp_path / "Test" / f"{patient}.png")
        for name, content in (("stage2_train_metadata.csv", train), ("stage2_test_metadata.csv", test)):
            if content:
                (tmp_path / name).write_text(content, encoding="utf-8")
        return tmp_path

    return make


def entries(source, name):
    found, layout = find_layout(source)
    assert found == name
    return list(layout.list_images(source, ReadOptions()))


def faults(items):
    return {item.name: item.fault for item in items if item.fault}


def with_semicolons(text):
    return text.replace(",", ";").replace(".0", ",0")


@pytest.mark.parametrize("change", [str, with_semicolons])
def test_a_challenge_image_is_one_entry_with_all_its_boxes(challenge, change):
    source = challenge(change(LABELS), change(CLASSES))
    one, two, three = entries(source, "rsna_challenge")
    assert (two.name, two.patient, two.boxes) == (f"stage_2_train_images/{IDS[1]}.dcm", IDS[1], BOXES)
    assert [item.label for item in (one, two, three)] == ["other", "lung_opacity", "other"]
    assert {(item.modality, item.view, item.split, item.fault) for item in (one, two, three)} == {("", "", "", "")}
    assert (one.boxes, pydicom.dcmread(two.path).ViewPosition) == ((), "PA")


def test_the_challenge_without_its_classes_is_taken_and_without_labels_refused(challenge):
    source = challenge(classes="")
    assert [item.label for item in entries(source, "rsna_challenge")] == ["other", "lung_opacity", "other"]
    (source / "stage_2_train_labels.csv").unlink()
    with pytest.raises(UserError, match=r"without labels: stage_2_train_labels\.csv is missing"):
        entries(source, "rsna_challenge")


def test_a_labels_file_of_another_form_is_refused_with_both_lists(challenge):
    with pytest.raises(UserError, match=r"lacks columns: 'width', 'Target'\. Found: 'patientId', 'x', 'y', 'height'"):
        entries(challenge("patientId,x,y,height\n"), "rsna_challenge")


def test_challenge_rows_without_image_and_images_without_row_are_listed(challenge):
    source = challenge(f"{LABELS}{IDS[3]},1,2,3,4,1\n", f"{CLASSES}{IDS[3]},Lung Opacity\n", (*IDS[:3], IDS[4]))
    assert faults(entries(source, "rsna_challenge")) == {
        f"stage_2_train_images/{IDS[4]}.dcm": manifest.NO_ROW,
        f"stage_2_train_images/{IDS[3]}": manifest.NO_IMAGE,
    }


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (f"{IDS[0]},1,2,3,4,1", gathered_rows.CONFLICT),
        (f"{IDS[0]},1,2,3,4,0", "a box with Target 0"),
        (f"{IDS[0]},1,2,3,,0", "a box that is not four numbers"),
        (f"{IDS[0]},1,2,0,4,0", "a box that is not four numbers"),
        (f"{IDS[0]},,,,,2", "an unknown Target"),
        (f"{IDS[0]},,,,,", "an unknown Target"),
    ],
)
def test_rows_that_contradict_or_say_nothing_sound_are_faults(challenge, row, fault):
    items = entries(challenge(f"{LABELS}{row}\n"), "rsna_challenge")
    (text,) = faults(items).values()
    assert text.startswith(fault)
    assert IDS[0] not in text


def test_a_positive_without_a_box_and_a_class_against_its_target_are_faults(challenge):
    labels = LABELS.replace(f"{IDS[2]},,,,,0", f"{IDS[2]},,,,,1")
    assert list(faults(entries(challenge(labels, ""), "rsna_challenge")).values()) == ["Target 1 without a box"]
    classes = CLASSES.replace(f"{IDS[0]},No", f"{IDS[0]},Normal\n{IDS[2]},No")
    assert not faults(entries(challenge(LABELS, classes), "rsna_challenge"))
    classes = CLASSES.replace(f"{IDS[0]},No Lung Opacity / Not Normal", f"{IDS[0]},Lung Opacity")
    assert list(faults(entries(challenge(LABELS, classes), "rsna_challenge")).values()) == [gathered_rows.CONFLICT]


def test_a_class_without_a_label_and_an_unknown_class_are_faults(challenge):
    classes = CLASSES.replace("Normal\n", "Healthy\n").replace("Not Healthy", "Not Normal") + f"{IDS[3]},Normal\n"
    items = entries(challenge(LABELS, classes, IDS[:4]), "rsna_challenge")
    assert faults(items)[f"stage_2_train_images/{IDS[2]}.dcm"].startswith("an unknown class")
    assert faults(items)[f"stage_2_train_images/{IDS[3]}.dcm"] == "a class without a row in the labels' file"


def test_a_second_file_of_one_id_is_a_fault(challenge):
    source = challenge()
    write_png(source / "stage_2_train_images" / f"{IDS[0]}.png")
    assert faults(entries(source, "rsna_challenge")) == {f"stage_2_train_images/{IDS[0]}.png": rsna_challenge.TWICE}


def test_processed_images_come_with_boxes_view_modality_and_mask(processed):
    source = processed()
    one, two, three, *rest = entries(source, "rsna_processed")
    assert (two.label, two.boxes, two.view, two.modality) == ("lung_opacity", BOXES, "PA", "CR")
    assert (two.mask, one.mask) == ((source / "Training/Masks" / f"{IDS[1]}.png",), ())
    assert (one.label, one.view, three.label, one.split) == ("other", "AP", "other", "")
    assert [item.fault for item in rest] == [rsna_processed.PLACEHOLDER] * 2


def test_real_test_boxes_make_the_parts_splits(processed):
    for groups in ("0.9 1 2 3 4 0.8 5 6 7 8", "1 2 3 4 5 6 7 8"):
        items = entries(processed(test=f"patientId,PredictionString\n{IDS[4]},{groups}\n{IDS[5]},\n"), "rsna_processed")
        positive, negative = [item for item in items if item.split == "test"]
        assert (positive.label, positive.boxes) == ("lung_opacity", ((1, 2, 3, 4), (5, 6, 7, 8)))
        assert (negative.label, negative.boxes, negative.fault) == ("other", (), "")
        assert {item.split for item in items} == {"train", "test"}


@pytest.mark.parametrize(
    ("test", "fault"),
    [
        ("", rsna_processed.UNLABELLED),
        ("id,PredictionString\n", rsna_processed.UNSOUND),
        ("patientId,PredictionString\nx,1,2,3\n", rsna_processed.UNSOUND),
        (f"patientId,PredictionString\n{IDS[4]},\n{IDS[5]},\n", rsna_processed.PLACEHOLDER),
        (f"patientId,PredictionString\n{IDS[4]},0.9 1 2 3 4\n", rsna_processed.PLACEHOLDER),
    ],
)
def test_a_useless_test_file_is_counted_and_does_not_stop_the_training_part(processed, test, fault):
    items = entries(processed(test=test), "rsna_processed")
    assert faults(items) == {f"Test/{patient}.png": fault for patient in IDS[4:]}
    assert [item.label for item in items if not item.fault] == ["other", "lung_opacity", "other"]
    assert {item.split for item in items} == {""}


def test_a_prediction_that_is_no_list_of_boxes_is_a_fault(processed):
    items = entries(processed(test=f"patientId,PredictionString\n{IDS[4]},1 2 3\n{IDS[5]},\n"), "rsna_processed")
    assert faults(items) == {f"Test/{IDS[4]}.png": "a PredictionString that is no list of boxes"}


def test_processed_rows_images_and_masks_without_partner_are_listed(processed):
    items = entries(processed(images=(*IDS[:2], IDS[3]), masks=(IDS[1], IDS[2]), test=""), "rsna_processed")
    found = faults(items)
    assert found[f"Training/Images/{IDS[2]}"] == manifest.NO_IMAGE
    assert found[f"Training/Images/{IDS[3]}.png"] == manifest.NO_ROW
    assert found[f"Training/Masks/{IDS[2]}.png"] == rsna_processed.LONE_MASK


@pytest.mark.parametrize(
    ("old", "new", "view", "modality"),
    [
        ("CR,AP", "CR,Doe John", "", "CR"),
        ("CR,AP", "Doe^John,AP", "AP", ""),
        ("CR,AP", "X-ray,AP supine", "AP supine", "X-ray"),
    ],
)
def test_free_text_in_view_or_modality_is_kept_unless_it_may_be_a_name(processed, old, new, view, modality):
    first = entries(processed(TRAIN.replace(old, new, 1)), "rsna_processed")[0]
    assert (first.view, first.modality, first.fault) == (view, modality, "")


def test_views_that_differ_between_the_rows_of_one_image_are_a_fault(processed):
    items = entries(processed(TRAIN.replace("CR,PA", "CR,AP", 1)), "rsna_processed")
    assert faults(items)[f"Training/Images/{IDS[1]}.png"] == gathered_rows.CONFLICT


def test_masks_and_image_folders_that_are_links_out_of_the_source_are_faults(processed, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    write_png(outside / "mask.png")
    source = processed(masks=())
    (source / "Training" / "Masks").mkdir()
    (source / "Training" / "Masks" / f"{IDS[0]}.png").symlink_to(outside / "mask.png")
    fault = faults(entries(source, "rsna_processed"))[f"Training/Images/{IDS[0]}.png"]
    assert fault == f"its mask can't be taken: {walk.OUTSIDE}"


def test_processed_images_without_their_csv_are_refused(processed):
    with pytest.raises(UserError, match=r"stage2_train_metadata\.csv is missing"):
        entries(processed(train="", test=""), "rsna_processed")
