"""What the levels of folders of a source mean, from all of its names together."""

import unicodedata

import pytest

from ganoscope.data.levels.interpretation import describe_names, read_levels
from ganoscope.errors import UserError


def read(folders, files=6, **options):
    """What is understood of pictures in these folders: a line each, and the places of all."""
    paths = [tuple(folder.split("/")) if folder else () for folder in folders for _ in range(files)]
    reading = read_levels(iter(paths), **options)
    return reading, [reading.place(path) for path in dict.fromkeys(paths)]


def labels(places):
    return {place.label for place in places}


def patients(places):
    return {place.patient for place in places}


def test_the_class_may_lie_above_patients_numbered_anew_below_each():
    reading, places = read([f"{c}/Patient {n}" for c in ("tumour", "healthy") for n in range(1, 5)])
    assert labels(places) == {"tumour", "healthy"}
    assert len(patients(places)) == 8
    assert reading.tell()[:2] == [
        "level 1: class (2 folders: tumour, healthy)",
        "level 2: patient (4 folders: Patient 1, Patient 2, Patient 3, ...)",
    ]


def test_patients_with_numbers_of_the_whole_set_are_one_person_below_every_folder():
    _, places = read(
        [f"XR_{part}/patient{n:05d}/study1" for part, ns in (("WRIST", (6, 7)), ("HAND", (7, 9))) for n in ns]
    )
    assert patients(places) == {"patient00006", "patient00007", "patient00009"}


def test_sequences_and_views_hold_the_same_patients_and_are_no_class_without_a_word():
    reading, places = read([f"{c}/P{n}" for c in ("T1", "T2") for n in range(1, 9)])
    assert labels(places) == {""}
    assert len(patients(places)) == 8
    assert "no level is a class: the images have no classes" in reading.tell()


def test_study_folders_are_no_classes_and_their_words_are():
    _, places = read([f"train/patient{n:05d}/study{k}" for n in range(9) for k in (1, 2)])
    assert labels(places) == {""}
    assert len(patients(places)) == 9
    names = [f"XR_WRIST/patient{n:05d}/study1_{'positive' if n % 2 else 'negative'}" for n in range(9)]
    assert labels(read([*names, "XR_WRIST/patient00002/study2_positive"])[1]) == {"positive", "negative"}


@pytest.mark.parametrize(
    "pattern",
    [
        "{}/images",
        "archive/archive/{}",
        "fold1/{}",
        "2020/{}",
        "hospital_A/{}",
        "berlin/{}",
        "{}/train",
        "{}/{}",
        "x/{}/img",
    ],
)
@pytest.mark.parametrize("classes", [("NORMAL", "PNEUMONIA"), ("yes", "no"), ("HGG", "LGG")])
def test_what_stands_above_or_below_does_not_hide_the_class(pattern, classes):
    folders = [pattern.format(name, name) for name in classes]
    for twin, other in (("fold1", "fold2"), ("hospital_A", "hospital_B"), ("2020", "2021"), ("berlin", "paris")):
        folders += [folder.replace(twin, other) for folder in folders if twin in folder]
    _, places = read(folders)
    assert labels(places) == set(classes)


def test_a_folder_that_repeats_those_beside_it_is_looked_through():
    _, places = read(["yes", "no", "brain set/yes", "brain set/no"])
    assert labels(places) == {"yes", "no"}


def test_parts_of_one_class_are_one_class():
    _, places = read([f"{c}/patient{n}/SR_2" for c in ("covid1", "covid2", "normal1", "normal2") for n in (1, 2, 3)])
    assert labels(places) == {"covid", "normal"}
    assert len(patients(places)) == 12


def test_a_folder_per_case_gives_class_and_patient():
    _, places = read([f"{c}_{n:03d}" for c in ("normal", "covid") for n in range(9)])
    assert labels(places) == {"normal", "covid"}
    assert len(patients(places)) == 18


def test_stages_stay_classes():
    assert labels(read([f"stage {n}" for n in range(4)])[1]) == {f"stage {n}" for n in range(4)}
    assert labels(read([f"BI-RADS {n}" for n in range(1, 6)])[1]) == {f"BI-RADS {n}" for n in range(1, 6)}


def test_persons_below_classes_are_patients_though_their_names_look_like_nothing():
    names = [f"{c}/{a}{b} {c[0]}" for c in ("tumour", "healthy") for a in "KL" for b in ("ohn", "ee", "am")]
    _, places = read(names)
    assert labels(places) == {"tumour", "healthy"}
    assert len(patients(places)) == 12


def test_studies_keep_together_where_nothing_is_a_patient():
    _, places = read([f"{c}/scan_{n}" for c in ("alpha", "beta") for n in range(9)])
    assert labels(places) == {"alpha", "beta"}
    assert len(patients(places)) == 18


def test_a_level_that_few_images_have_is_no_class():
    assert labels(read([*[""] * 9, "extra"])[1]) == {""}
    assert labels(read(["", "sick", "well"])[1]) == {"", "sick", "well"}


@pytest.mark.parametrize(
    "folders",
    [
        ["berlin/alpha", "berlin/beta", "paris/alpha", "paris/beta"],
        ["NORMAL", "PNEUMONIA/BACTERIA", "PNEUMONIA/VIRUS"],
        ["benign/adenosis", "benign/fibroadenoma", "malignant/ductal carcinoma", "malignant/lobular carcinoma"],
    ],
)
def test_two_readings_as_good_are_refused_with_the_words_to_state_one(folders):
    with pytest.raises(
        UserError, match=r"two levels of folders could be the class.*level 1.*level 2.*--levels class/-"
    ):
        read(folders)
    assert labels(read(folders, stated="class/class")[1]) == {folder.split("/")[-1] for folder in folders}
    assert labels(read(folders, stated="class/-")[1]) == {folder.split("/")[0] for folder in folders}
    assert read(folders, strict=False)[1]


def test_a_stated_reading_goes_before_what_the_names_say():
    reading, places = read(
        [f"XR_{part}/patient{n}" for part in ("HAND", "HIP") for n in (1, 2)], stated="class/patient"
    )
    assert labels(places) == {"XR_HAND", "XR_HIP"}
    assert patients(places) == {"XR_HAND/patient1", "XR_HAND/patient2", "XR_HIP/patient1", "XR_HIP/patient2"}
    assert reading.tell() == ["levels of folders as stated: class/patient"]


def test_a_statement_that_does_not_fit_is_refused_with_all_faults():
    with pytest.raises(
        UserError, match=r"(?s)more levels than .*got 3; allowed: up to 2.*stated as split, but .*got sick"
    ):
        read(["sick/a", "well/b"], stated="split/class/patient")


def test_memory_grows_with_kinds_of_names_and_not_with_files():
    paths = (("train", f"patient{n // 4:05d}", "study1") for n in range(4000))
    reading = read_levels(paths)
    assert len(reading.found.files) == 1
    assert reading.place(("train", "patient00007", "study1")).patient == "patient00007"


def test_spellings_of_one_class_are_one_class():
    folders = ["train/NORMAL", "train/No_Tumor", "test/Normal", "test/no tumor"]
    for stated in ("", "split/class"):
        assert len(labels(read(folders, stated=stated)[1])) == 2


def test_folders_of_patients_that_share_the_beginning_of_their_number_are_looked_through():
    _, places = read([f"files/p{n % 3 + 10}/p{n % 3 + 10}{n:06d}/s{n + 50414267}" for n in range(9)])
    assert len(patients(places)) == 9


def test_men_and_women_with_the_same_number_are_different_persons():
    _, places = read([f"covid/{sex}/patient{n}" for sex in ("male", "female") for n in range(1, 6)])
    assert len(patients(places)) == 10


def test_folders_called_as_persons_may_be_are_no_classes_without_a_word():
    names = ["Doe Jane", "Roe_Rick", "Poe Edgar", "Koch Eva"]
    with pytest.raises(UserError, match=r"called as persons.*--levels"):
        read(names)
    assert patients(read(names, stated="patient")[1]) == set(names)
    findings = ["Viral Pneumonia", "Bacterial Pneumonia", "Pleural Effusion"]
    assert labels(read(findings)[1]) == set(findings)


def test_hospitals_above_classes_are_offered_as_such_first():
    folders = [
        f"{site}/{c}/{site[0]}{c[0]}{n:03d}" for site in ("Charite", "LMU") for c in ("AMD", "CNV") for n in range(4)
    ]
    with pytest.raises(
        UserError, match=r"State it: --levels -/class/patient or --levels class/-/patient, the likelier"
    ):
        read(folders)


def test_names_of_persons_are_offered_as_patients_and_never_as_classes():
    with pytest.raises(UserError, match=r"State it: --levels patient;"):
        read(["Anna Schmidt", "Chen Wei", "John Smith"])


def test_patients_numbered_from_1_beside_each_class_are_different_persons():
    _, places = read([f"{c}_patient{n}" for c in ("covid", "normal") for n in (1, 2, 3)])
    assert len(set(patients(places))) == 6


def test_one_id_beside_several_words_is_one_person():
    _, places = read([f"{c}_P_{n:05d}_{view}" for c in ("Mass", "Calc") for n in (7, 9) for view in ("CC", "MLO")])
    assert set(patients(places)) == {"P_00007", "P_00009"}


@pytest.mark.parametrize(
    ("role", "name", "printed"),
    [
        ("patient", "patient00001", True),
        ("study", "study1", True),
        ("patient", "00042", True),
        ("patient", "Smith_Jane_19630417", False),
        ("not used", "Smith", False),
        ("patient", "TCGA-17-Z011", False),
        ("patient", "19630417", False),
        ("class", "Viral Pneumonia", True),
    ],
)
def test_names_that_could_be_those_of_persons_are_not_printed(role, name, printed):
    assert (name in describe_names(role, {1, 2}, [name])) == printed


@pytest.mark.parametrize("stated", ["", "-/class"])
def test_a_class_in_both_ways_of_writing_umlauts_is_one(stated):
    forms = [unicodedata.normalize(form, "bösartig") for form in ("NFC", "NFD")]
    _, places = read([*(f"{k}/{name}" for k, name in enumerate(forms)), "0/gutartig"], stated=stated)
    assert labels(places) == {"bösartig", "gutartig"}


def test_a_known_patient_is_found_in_both_ways_of_writing_umlauts():
    folders = [unicodedata.normalize("NFD", name) for name in ("sick/Jörg", "sick/Bärbel", "well/Jürgen")]
    _, places = read(folders, known=frozenset(name.split("/")[1] for name in folders))
    assert labels(places) == {"sick", "well"}
    assert patients(places) == {"Jörg", "Bärbel", "Jürgen"}
