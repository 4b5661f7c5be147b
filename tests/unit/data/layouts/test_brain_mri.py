"""Layout `brain_mri`: four classes, however they are spelt, and only with the file names of that set."""

import pytest
from tests.fixtures.listings import entries, listing


@pytest.mark.parametrize("above", ["", "Training/", "set/Training/"])
@pytest.mark.parametrize(
    "names",
    [
        ("glioma_tumor/gg (1).jpg", "no_tumor/image(2).jpg", "pituitary_tumor/p (3).jpg", "meningioma_tumor/m1(4).jpg"),
        ("Glioma/Tr-gl_0010.jpg", "No Tumor/Te-no_0011.jpg", "Meningioma/Tr-me_0001.jpg"),
    ],
)
def test_brain_mri_folders_are_recognised_however_they_are_spelt(make_source, above, names):
    items = entries(make_source({f"{above}{name}": b"" for name in names}), "brain_mri")
    assert {item.label for item in items} <= {"glioma", "meningioma", "notumor", "pituitary"}
    assert len({item.label for item in items}) == len(names)
    assert {(item.modality, item.split) for item in items} == {("MR", "train" if above else "")}


def test_two_classes_do_not_make_a_brain_mri_set(make_source):
    listing(make_source({"glioma/gg (1).jpg": b"", "meningioma/m (1).jpg": b""}))


def test_folders_of_these_names_with_other_files_need_not_be_mri(make_source):
    names = [
        f"{folder}/scan{n}.png" for folder in ("glioma", "meningioma", "pituitary", "hydrocephalus") for n in (1, 2)
    ]
    source = make_source(dict.fromkeys(names, b""))

    listed = listing(source)
    assert {label for _, label, _ in listed} == {"glioma", "meningioma", "pituitary", "hydrocephalus"}
