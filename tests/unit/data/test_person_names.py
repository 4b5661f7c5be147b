"""Labels that name persons are refused, wherever they come from; names of classes are not."""

import pytest

from ganoscope.data.person_names import recognise, refuse_person_labels
from ganoscope.errors import UserError

PERSONS = """
Smith_Jane_19630417 | Müller_Hans_1963-04-17 | Jane Smith 04/17/1963 | 17.04.1963 Smith |
smith-jane-17041963 | DOE^JOHN | Doe^John^^^ | ^JOHN | O'Brien^Mary | 王^小东 | Smith_Jane_630417 |
Lee, Ann 17-04-1963 | MRN0012345 | mrn-12345 | 12345678 | P0012345 | patient00001 | Patient 001 |
sub-0042 | 123-45-6789 | 1.2.840.113619.2.55.3.604688 | 3f2504e0-4f89-11d3-9a0c-0305e82c3301 |
19630417
"""
CLASSES = """
Viral Pneumonia | Lung_Opacity | Stage_2_2019 | adenocarcinoma_left.lower.lobe_T2_N0_M0_Ib |
class 1 | NORMAL | COVID-19 | COVID | Pneumonia-Bacterial | 0 | 1 | 12 | Grade 3 | BI-RADS 4a |
ICD-10 C34.1 | T1 weighted | no_tumor | glioma_tumor |
squamous.cell.carcinoma_left.hilum_T1_N2_M0_IIIa | Mass, Nodule | 2019 | 2019-2020 | benign |
Malignant cases | Bengin cases | kidney stone | HU -1000 to 400 | week 12 | slice_0001 |
size 1024 | view 2 | fold_5 | batch 20 | Ödem | 正常 | H. pylori | Non-COVID | CT_COVID | person |
patient | COVID-2019-12 | x 224 | ImageNet 21k | 12345 | stage 1.2.3 | subject A | ER+_HER2-
"""


def split(text):
    return [part.strip() for part in text.replace("\n", "").split("|") if part.strip()]


@pytest.mark.parametrize("label", split(PERSONS))
def test_persons_are_recognised(label):
    assert recognise(label)
    with pytest.raises(UserError, match=r"1 class label looks like a person.*--levels.*manifest\.csv"):
        refuse_person_labels({"healthy", label})


@pytest.mark.parametrize("label", ["", *split(CLASSES)])
def test_classes_are_not(label):
    assert recognise(label) == ""


def test_all_are_counted_and_three_are_named():
    with pytest.raises(UserError, match=r"5 class labels .*'Doe_Ann_19500102' \(a date\).* and 2 more"):
        refuse_person_labels(f"Doe_Ann_1950010{day}" for day in range(2, 7))
    refuse_person_labels(split(CLASSES))


NAMES = ("Anna Schmidt", "Chen Wei", "John Smith", "Maria_Rossi", "Ludwig van Beethoven", "Jean-Luc Picard")
MEDICAL = """
Viral Pneumonia, Bacterial Pneumonia, Lung Opacity; Optic Disc, Optic Cup, Blood Vessel; Mild Dementia, Very Mild
Dementia, Non Demented; Basal Cell Carcinoma, Melanocytic Nevus, Seborrheic Keratosis; Left Lung, Right Lung, Heart;
Ground Glass, Honeycombing, Consolidation; Anna Schmidt, Other Group
"""


def test_several_names_of_two_words_are_persons():
    with pytest.raises(UserError, match=r"first and last name.*--levels patient.*--map.*manifest\.csv"):
        refuse_person_labels(NAMES)
    with pytest.raises(UserError, match=r"4 class labels"):
        refuse_person_labels(NAMES[:4])


@pytest.mark.parametrize("labels", MEDICAL.replace("\n", " ").split(";"))
def test_medical_words_of_two_words_are_not(labels):
    refuse_person_labels(label.strip() for label in labels.split(","))
