import numpy as np

from ganoscope.audits.beside_real import image_parts
from ganoscope.audits.beside_real.image_parts import limit, select_parts, take_part
from ganoscope.evaluate.features import Features

SIZES = (300, 200, 120)
LABELS = [np.repeat(["a", "b"], [size - 60, 60]) for size in SIZES]
VIEWS = np.where(np.arange(200) % 3 == 0, "PA", "AP")


def make(count, seed=0):
    return Features(np.random.default_rng(seed).normal(size=(count, 3)), np.arange(count), "drawn", "none")


def select(labels=LABELS, **attributes):
    return select_parts(SIZES, labels, attributes)


def test_classes_and_subgroups_of_all_and_of_classes_are_parts():
    parts, missing = select(view=VIEWS)
    assert [part.images for part in parts] == ["all", "class a", "class b", "view AP", "view PA", "class a, view AP"]
    assert missing == [
        "Class a, view PA is not measured by itself: 240 synthetic images and 47 real ones, 50 of each are needed.",
        "Class b, view AP is not measured by itself: 60 synthetic images and 40 real ones, 50 of each are needed.",
        "Class b, view PA is not measured by itself: 60 synthetic images and 20 real ones, 50 of each are needed.",
    ]
    of_class = parts[-1]
    assert [len(one) for one in of_class.sets] == [240, 93, 60]
    assert set(VIEWS[of_class.sets[1]]) == {"AP"}
    assert set(LABELS[1][of_class.sets[1]]) == {"a"}


def test_images_without_classes_have_subgroups():
    assert [part.images for part in select(None, view=VIEWS)[0]] == ["all", "view AP", "view PA"]


def test_one_value_no_value_and_the_folder_of_a_class_are_no_subgroups():
    parts, missing = select(modality=np.repeat("DX", 200), view=np.repeat("", 200), folder=LABELS[1])
    assert [part.images for part in parts] == ["all", "class a", "class b"]
    assert not missing
    assert select(view=np.repeat("PA", 200))[1] == [
        "No subgroup is measured: real images do not differ in view, as far as known."
    ]


def test_a_part_compares_its_images_and_pairs_few_of_them(monkeypatch):
    trio = tuple(make(size, number) for number, size in enumerate(SIZES))
    parts, _ = select(view=VIEWS)
    found = take_part(parts[1], trio, 0).whole.features
    assert [len(one.values) for one in found] == [240, 140, 60]
    assert take_part(parts[0], trio, 0).whole.features == trio
    assert take_part(parts[1], (*trio[:2], None), 0).whole.features[2] is None
    assert len(take_part(parts[2], trio, 0).whole.features[2].values) == 60
    monkeypatch.setattr(image_parts, "FEWEST", 61)
    assert take_part(parts[2], trio, 0).whole.features[2] is None
    monkeypatch.setattr(image_parts, "MOST_PAIRED", 20)
    assert [len(one.values) for one in limit(trio, 0)] == [20, 20, 20]
