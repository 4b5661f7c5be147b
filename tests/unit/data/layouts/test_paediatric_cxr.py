"""Layout `paediatric_cxr`: names give label and person."""

from tests.fixtures.listings import PAEDIATRIC, entries, faults, listing


def test_paediatric_names_give_label_and_person(make_source):
    items = entries(make_source(dict.fromkeys(PAEDIATRIC, b"")), "paediatric_cxr")
    assert {item.name: (item.label, item.split, item.patient) for item in items} == PAEDIATRIC
    assert {(item.modality, item.fault) for item in items} == {("DX", "")}


def test_paediatric_names_that_contradict_their_folder_are_faults(make_source):
    wrong = ("train/NORMAL/person2_virus_1.jpeg", "train/PNEUMONIA/IM-0001-0001.jpeg", "VIRUS/person3_bacteria_1.jpeg")
    right = {f"train/PNEUMONIA/person{number}_virus_1.jpeg": b"" for number in range(40)}
    items = entries(make_source({**right, **dict.fromkeys(wrong, b""), "stray.jpeg": b""}), "paediatric_cxr")
    assert {name for name, fault in faults(items).items() if "different classes" in fault} == set(wrong)
    assert "no cause" in faults(items)["stray.jpeg"]
    assert len(faults(items)) == 4


def test_a_set_with_few_paediatric_names_is_plain_folders(make_source):
    source = make_source({**dict.fromkeys(PAEDIATRIC, b""), "a.png": b"", "train/NORMAL/b.png": b""})
    assert len(listing(source)) == 7
