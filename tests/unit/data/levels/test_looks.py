"""What one folder name looks like by itself."""

import pytest

from ganoscope.data.levels.looks import look_at, read_person


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (
            [
                "train",
                "TEST",
                "valid",
                "imagesTr",
                "imagesTs",
                "train_images",
                "Test cases",
                "stage_2_train_images",
                "train2017",
            ],
            "split",
        ),
        (
            ["images", "IMGS", "png", "frames", "data", "CXR_png", "images_001", "Images-processed", "256x256"],
            "container",
        ),
        (["Alzheimer_s Dataset", "Dataset_BUSI_with_GT", "archive", "Original CT", "anat"], "container"),
        (
            [
                "masks",
                "labels",
                "labelsTr",
                "ManualMask",
                "leftMask",
                "lung masks",
                "infection masks",
                "GT",
                "val_masks",
                "training_masks",
            ],
            "mask",
        ),
        (["fold1", "fold_3", "part2", "subset0", "batch_a"], "part"),
        (["2024", "20200131", "2020-01-31", "01-01-2000-30178"], "date"),
        (["patient00001", "Patient 1", "case_00000", "sub-07", "P13", "subject-A", "ID00007637"], "patient"),
        (["TCGA_CS_4941_19960909", "TCGA-17-Z029", "Doe_Jane_19630417", "Doe^Jane", "Doe, Jane"], "patient"),
        (["study1", "visit 2", "ses-a", "baseline", "1.2.840.10008.5.1.4"], "study"),
        (["SR_2", "series-3", "4.000000-Recon 2 LUNG-12345"], "series"),
        (["A1000", "12345678", "0a0b0c0d0e0f0a0b"], "id"),
        (["covid1", "BraTS20_Training_001", "LIDC-IDRI-0001", "normal_001"], "numbered"),
        (["XR_WRIST", "T1", "FLAIR", "hospital_A", "CXR", "HeadCT", "axial", "male"], "attribute"),
        (["COVID-19", "Lung_Opacity", "notumor", "grade 2", "trains", "test results", "Viral Pneumonia"], "word"),
        (["0", "12"], "number"),
    ],
)
def test_names_are_told_by_their_words_and_numbers(names, kind):
    assert {name: look_at(name).kind for name in names} == dict.fromkeys(names, kind)


@pytest.mark.parametrize(
    ("name", "split", "word"),
    [("trainA", "train", "A"), ("test_B", "test", "B"), ("train_normal", "train", "normal"), ("imagesTs", "test", "")],
)
def test_a_split_may_be_stated_with_the_class(name, split, word):
    assert look_at(name)[1:3] == (word, split)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("study1_positive", "positive"),
        ("patient_12_normal", "normal"),
        ("normal_patient_12", "normal"),
        ("patient_12_scan", ""),
        ("study1", ""),
    ],
)
def test_a_class_may_stand_beside_the_number_of_a_patient_or_study(name, label):
    assert look_at(name).label == label


def test_words_beside_the_id_of_a_patient_are_class_and_split_and_no_part_of_it():
    look = look_at("Mass-Training_P_00001_LEFT_CC")
    assert (look.kind, look.label, look.split) == ("patient", "Mass", "train")
    names = (
        "Calc-Test_P_00001_RIGHT_MLO_1",
        "patient12_left",
        "p001_T1",
        "p001_pre",
        "subject07_session2",
        "s1_patient3",
    )
    assert [read_person(name) for name in names] == ["P_00001", "patient12", "p001", "p001", "subject07", "s1_patient3"]
