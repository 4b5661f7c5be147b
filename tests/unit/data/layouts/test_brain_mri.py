"""Layout `brain_mri`: four classes, however they are spelt."""

import pytest
from tests.fixtures.listings import entries, listing


@pytest.mark.parametrize("above", ["", "Training/", "set/Training/"])
@pytest.mark.parametrize(
    "classes", [("glioma_tumor", "no_tumor", "pituitary_tumor"), ("Glioma", "No Tumor", "Meningioma")]
)
def test_brain_mri_folders_are_recognised_however_they_are_spelt(make_source, above, classes):
    items = entries(make_source({f"{above}{name}/1.jpg": b"" for name in classes}), "brain_mri")
    assert {item.label for item in items} < {"glioma", "meningioma", "notumor", "pituitary"}
    assert len({item.label for item in items}) == 3
    assert {(item.modality, item.split) for item in items} == {("MR", "train" if above else "")}


def test_two_classes_do_not_make_a_brain_mri_set(make_source):
    listing(make_source({"glioma/1.jpg": b"", "meningioma/1.jpg": b""}))
