"""Layouts of volumes, of MedMNIST files and of 16-bit pictures with Hounsfield units."""

import numpy as np
import pytest

from ganoscope.data.layouts import find_layout, medmnist, nifti_folder, png_hu
from ganoscope.data.picture import ReadOptions
from ganoscope.errors import UserError


def listing(source, name="", **options):
    layout = find_layout(source, name)[1]
    return [
        (item.name, item.label, item.split, item.patient) for item in layout.list_images(source, ReadOptions(**options))
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.nii.gz", "b.nii"], True),
        (["A.NII.GZ"], True),
        (["sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T1w.json", "participants.tsv", "README.md"], True),
        (["a.nii.gz", "b.png", "c.png"], False),
        (["a.nii.gz", "b.png"], True),
        (["a.json", "b.txt"], False),
        (["a.gz", "nii"], False),
        ([], False),
    ],
)
def test_folders_of_volumes_are_recognised(make_source, tmp_path, names, expected):
    source = make_source(dict.fromkeys(names, b"")) if names else tmp_path
    assert nifti_folder.matches(source) is expected
    assert (find_layout(source)[0] == "nifti_folder") is expected


def test_flat_volumes_have_neither_label_nor_patient(make_source):
    source = make_source({"Smith_1.nii.gz": b"", "b.nii": b"", "notes.txt": b""})
    assert listing(source) == [("Smith_1.nii.gz", "", "", ""), ("b.nii", "", "", ""), ("notes.txt", "", "", "")]


def test_class_and_split_folders_are_read_as_for_pictures(make_source):
    source = make_source({"train/sick/1.nii.gz": b"", "test/well/2.nii.gz": b"", "val/3.nii.gz": b""})
    assert listing(source) == [
        ("test/well/2.nii.gz", "well", "test", ""),
        ("train/sick/1.nii.gz", "sick", "train", ""),
        ("val/3.nii.gz", "", "validation", ""),
    ]


def test_bids_gives_subjects_as_patients_and_no_labels(make_source):
    names = ["sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz", "sub-02/anat/sub-02_T1w.nii.gz", "sub-02/func/x.nii.gz"]
    assert listing(make_source(dict.fromkeys(names, b""))) == [
        (names[0], "", "", "sub-01"),
        (names[1], "", "", "sub-02"),
        (names[2], "", "", "sub-02"),
    ]


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("sub-01_T1w.nii.gz", "sub-01"),
        ("sub-A7.nii.gz", "sub-A7"),
        ("sub-.nii.gz", ""),
        ("sub-01x-y_T1w.nii.gz", ""),
        ("mysub-01_T1w.nii.gz", ""),
    ],
)
def test_a_subject_in_the_file_name_is_the_patient_and_the_folder_still_the_class(make_source, name, patient):
    assert listing(make_source({f"sick/{name}": b""})) == [(f"sick/{name}", "sick", "", patient)]


def test_challenge_folders_give_splits_and_label_maps_are_refused(make_source):
    source = make_source(dict.fromkeys(["imagesTr/1.nii.gz", "imagesTs/2.nii.gz", "labelsTr/1.nii.gz"], b""))
    entries = list(nifti_folder.list_images(source, ReadOptions()))
    assert [(e.label, e.split, e.fault != "") for e in entries] == [
        ("", "train", False),
        ("", "test", False),
        ("", "", True),
    ]
    assert entries[2].fault == "a volume in a folder of label maps is no image of anatomy"


MASK_NAMES = ["x_seg.nii", "x-SEG.nii.gz", "x_mask.nii.gz", "x_label.nii.gz", "x_Labels.nii", "x_segmentation.nii.gz"]


@pytest.mark.parametrize("name", [*MASK_NAMES, "patient001_frame01_gt.nii.gz"])
def test_volumes_called_as_segmentations_are_no_pictures(make_source, name):
    source = make_source({f"sick/{name}": b"", "sick/x.nii.gz": b""})
    found = {item.path.name: item.fault for item in nifti_folder.list_images(source, ReadOptions())}
    assert found == {name: "a segmentation, by its name; not taken as a picture", "x.nii.gz": ""}


@pytest.mark.parametrize("name", ["seg_x.nii.gz", "sickseg.nii", "x_seg_t1.nii.gz", "x_masked.nii.gz", "x_gt2.nii.gz"])
def test_volumes_called_nearly_so_are_pictures(make_source, name):
    (item,) = nifti_folder.list_images(make_source({name: b""}), ReadOptions())
    assert not item.fault


KINDS = ("flair", "t1", "t1ce", "t2", "seg")


def name_brats(above="", patients=3):
    names = [f"BraTS20_Training_{number:03d}" for number in range(1, patients + 1)]
    return {f"{above}{name}/{name}_{kind}.nii.gz": b"" for name in names for kind in KINDS}


@pytest.mark.parametrize(
    ("above", "label", "split"), [("", "", ""), ("HGG/", "HGG", ""), ("train/LGG/", "LGG", "train")]
)
def test_folders_of_the_same_volumes_are_patients_and_the_folder_above_is_the_class(make_source, above, label, split):
    source = make_source(name_brats(above))
    found = listing(source)
    assert {(item[1], item[2]) for item in found} == {(label, split)}
    assert {item[0].split("/")[-2] for item in found} == {item[3] for item in found}
    assert len({item[3] for item in found}) == 3
    faulty = [item.name for item in nifti_folder.list_images(source, ReadOptions()) if item.fault]
    assert len(faulty) == 3
    assert all(name.endswith("_seg.nii.gz") for name in faulty)


def test_one_slip_in_a_large_set_of_patients_does_not_make_classes_of_them(make_source):
    files = name_brats(patients=60)
    del files["BraTS20_Training_007/BraTS20_Training_007_seg.nii.gz"]
    found = listing(make_source({**files, "BraTS20_Training_007/W39_Segm.nii": b""}))
    assert len({item[3] for item in found}) == 60
    assert {item[1] for item in found} == {""}


def test_names_without_the_folders_own_make_patients_too(make_source):
    source = make_source({f"p{n}/{kind}.nii.gz": b"" for n in range(2) for kind in ("T1", "FLAIR")})
    assert {item[1:] for item in listing(source)} == {("", "", "p0"), ("", "", "p1")}


@pytest.mark.parametrize(
    "names",
    [
        ["sick/1.nii.gz", "sick/2.nii.gz", "well/1.nii.gz", "well/2.nii.gz"],
        ["sick/sick_01.nii.gz", "sick/sick_02.nii.gz", "well/well_01.nii.gz", "well/well_02.nii.gz"],
        ["sick/scan1.nii.gz", "sick/scan2.nii.gz", "well/scan1.nii.gz", "well/scan2.nii.gz"],
        ["sick/flair.nii.gz", "well/flair.nii.gz"],
        ["sick/flair.nii.gz", "sick/t1.nii.gz"],
        ["sick/flair.nii.gz", "sick/t1.nii.gz", "well/flair.nii.gz", "well/t2.nii.gz"],
        ["a/sick/flair.nii.gz", "a/sick/t1.nii.gz", "b/sick/flair.nii.gz", "b/sick/t1.nii.gz"],
    ],
)
def test_folders_that_are_not_alike_stay_classes(make_source, names):
    found = listing(make_source(dict.fromkeys(names, b"")))
    assert {item[3] for item in found} == {""}
    assert {item[1] for item in found} <= {"sick", "well"}


def test_folders_of_patients_are_not_taken_as_classes(make_source):
    source = make_source({f"Patient {n}/{n}.nii.gz": b"" for n in range(20)})
    assert {item[1:] for item in listing(source)} == {("", "", f"Patient {n}") for n in range(20)}
    letters = "abcdefghijklmnopqrstuvwxyz"
    source = make_source({f"{a}{b}ra/{m}.nii.gz": b"" for a in letters for b in "aei" for m in range(4)}, folder="many")
    with pytest.raises(UserError, match="more than 50 folders"):
        listing(source)


def save_medmnist(path, **arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    images = np.zeros((2, 28, 28), np.uint8)
    np.savez(path, **(arrays or {"train_images": images, "train_labels": np.zeros((2, 1), np.uint8)}))


def test_medmnist_is_recognised_by_the_arrays_in_the_file(tmp_path):
    save_medmnist(tmp_path / "set/any name.npz")
    assert find_layout(tmp_path / "set")[0] == "medmnist"
    save_medmnist(tmp_path / "other/a.npz", x=np.zeros((4, 4)))
    assert not medmnist.matches(tmp_path / "other")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/pneumoniamnist.npz").write_bytes(b"no archive")
    assert not medmnist.matches(tmp_path / "broken")


def test_only_a_few_archives_are_opened_to_recognise_medmnist(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(medmnist, "list_names", lambda path: opened.append(path.name) or ["x"])
    for n in range(9):
        (tmp_path / f"{n}.npz").write_bytes(b"")
    assert not medmnist.matches(tmp_path)
    assert opened == ["0.npz", "1.npz", "2.npz"]


def test_medmnist_yields_one_entry_per_file(tmp_path):
    save_medmnist(tmp_path / "organamnist.npz")
    save_medmnist(tmp_path / "organcmnist_64.npz")
    (tmp_path / "LICENSE").write_text("CC BY 4.0")
    entries = list(medmnist.list_images(tmp_path, ReadOptions()))
    assert [(e.name, e.label, e.split, e.patient) for e in entries] == [
        ("LICENSE", "", "", ""),
        ("organamnist.npz", "", "", ""),
        ("organcmnist_64.npz", "", "", ""),
    ]
    assert [bool(e.fault) for e in entries] == [True, False, False]


@pytest.mark.parametrize("second", ["octmnist.npz", "other.npz"])
def test_sets_of_different_classes_are_not_mixed(tmp_path, second):
    save_medmnist(tmp_path / "breastmnist.npz")
    save_medmnist(tmp_path / second)
    (tmp_path / "a.npz").write_bytes(b"no archive")  # must not decide what the first set is
    faults = {entry.name: entry.fault for entry in medmnist.list_images(tmp_path, ReadOptions())}
    assert faults.pop("breastmnist.npz") == ""
    assert "other classes than the first" in faults.pop(second)
    assert "no NumPy archive" in faults.pop("a.npz")


def test_png_hu_is_never_guessed(make_source):
    source = make_source({"contrast/1.png": np.zeros((8, 8), np.uint16)})
    assert not png_hu.matches(source)
    assert find_layout(source)[0] == "folders"


@pytest.mark.parametrize("offset", [0, 1024, -5])
def test_png_hu_lists_what_folders_does_once_the_offset_is_stated(make_source, offset):
    source = make_source({"contrast/TCGA-1.png": b"", "noncontrast/2.png": b"", "train/contrast/3.png": b""})
    found = listing(source, "png_hu", hu_offset=offset)
    assert found == listing(source, "folders")
    assert found[0] == ("contrast/TCGA-1.png", "contrast", "", "")


def test_png_hu_without_an_offset_tells_what_to_do(make_source):
    source = make_source({"a.png": b""})
    with pytest.raises(UserError, match=r"png_hu needs --hu-offset: got none; allowed: .*--hu-offset 1024"):
        listing(source, "png_hu")
