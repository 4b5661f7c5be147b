"""Which files are masks by their names, and of which pictures."""

import unicodedata

import pytest

from ganoscope.data.levels.mask_names import MaskSearch, may_be_mask, read_candidate


def search(*names):
    """Masks found among files: picture by picture, those left over, and the pictures."""
    found, pictures = MaskSearch(), []
    for name in names:
        *folders, file_name = name.split("/")
        candidate = read_candidate(tuple(folders), file_name, name, name)
        if candidate:
            found.candidates.append(candidate)
        else:
            found.add_picture(tuple(folders), file_name)
            pictures.append((tuple(folders), file_name))
    again = [candidate.file.name for candidate in found.finish()]
    attached = {
        "/".join((*folders, file_name)): [mask.name for mask in found.index.find(folders, file_name)]
        for folders, file_name in pictures
    }
    return attached, sorted(found.index.loose), again


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("x.png", "x_mask.png"),
        ("x.png", "x-seg.png"),
        ("benign (1).png", "benign (1)_mask.png"),
        ("TCGA_CS_4941_19960909_1.tif", "TCGA_CS_4941_19960909_1_mask.tif"),
        ("volume-0.nii", "segmentation-0.nii"),
        ("c/imaging.nii.gz", "c/segmentation.nii.gz"),
        ("img_12.png", "mask_12.png"),
        ("x.png", "x_gt.png"),
        ("COVID/images/COVID-1.png", "COVID/masks/COVID-1.png"),
        ("CXR_png/MCUCXR_0001_0.png", "ManualMask/leftMask/MCUCXR_0001_0.png"),
        ("Lung Segmentation/CXR_png/CHNCXR_0001_0.png", "Lung Segmentation/masks/CHNCXR_0001_0_mask.png"),
        ("P13/Original CT/P13_original_083.png", "P13/Manual Mask/P13_mask_083.png"),
        ("train/images/7.png", "train/masks/7.png"),
        ("train_images/7.png", "train_masks/7.png"),
        ("imagesTr/a.nii.gz", "labelsTr/a.nii.gz"),
        ("sick/7.png", "masks/7.png"),
        ("films/case_7.png", "drawn/mask_case_7.png"),
        ("films/7.png", "masks/left lung/7.png"),
        ("films/eye_07.png", "masks/eye_07_OD.png"),
        ("imagesTr/case_001_0000.png", "labelsTr/case_001.png"),
        ("Aufnahmen/Pneumonie/RX7.png", "Lungenmasken/RX7.png"),
        ("Imágenes/7.png", "Máscaras de pulmón/7.png"),
        ("Bild_07.png", "Maske_07.png"),
        ("RX7.png", "RX7_máscara.png"),
        ("Bilder/bösartig/7.png", unicodedata.normalize("NFD", "Masken/bösartig/7.png")),
    ],
)
def test_a_mask_finds_its_picture(picture, mask):
    assert search(picture, mask) == ({picture: [mask]}, [], [])


def test_several_masks_of_one_picture_are_all_kept():
    attached, loose, _ = search("a (1).png", "a (1)_mask.png", "a (1)_mask_1.png", "a (2).png", "a (2)_mask.png")
    assert attached == {"a (1).png": ["a (1)_mask.png", "a (1)_mask_1.png"], "a (2).png": ["a (2)_mask.png"]}
    assert not loose
    both = ("ManualMask/leftMask/1.png", "ManualMask/rightMask/1.png")
    assert search("CXR_png/1.png", *both)[0] == {"CXR_png/1.png": list(both)}


def test_all_channels_of_a_case_share_its_mask_and_numbered_frames_do_not():
    channels = ("imagesTr/case_01_0000.png", "imagesTr/case_01_0001.png")
    assert search(*channels, "labelsTr/case_01.png")[0] == {key: ["labelsTr/case_01.png"] for key in channels}
    assert search("images/img_0000.png", "images/img_0001.png", "masks/img.png")[1] == ["masks/img.png"]


def test_classes_with_the_same_file_names_do_not_share_masks():
    attached, *_ = search("a/images/1.png", "b/images/1.png", "a/masks/1.png", "b/masks/1.png")
    assert attached == {"a/images/1.png": ["a/masks/1.png"], "b/images/1.png": ["b/masks/1.png"]}
    attached, loose, _ = search("a/1.png", "b/1.png", "masks/1.png")
    assert attached == {"a/1.png": [], "b/1.png": []}
    assert loose == ["masks/1.png"]


def test_a_mask_without_a_picture_is_left_over_and_a_name_that_only_hints_is_a_picture():
    assert search("a.png", "b_mask.png", "masks/c.png")[1] == ["b_mask.png", "masks/c.png"]
    assert search("a.png", "seg_x_t1.png", "x_gt.png", "labelled.png")[1:] == ([], ["seg_x_t1.png", "x_gt.png"])


@pytest.mark.parametrize(
    ("mask", "finding", "told"),
    [
        ("masks/1.png", False, False),
        ("lung masks/1.png", False, True),
        ("infection masks/1.png", True, True),
        ("lung lesion masks/1.png", True, True),
        ("leftMask/1.png", False, True),
        ("masks/3. Hard Exudates/1.png", True, True),
        ("masks/optic disc/1.png", False, True),
        ("1_mask.png", False, False),
        ("1_tumor_mask.png", True, True),
        ("Lung_Opacity/masks/1.png", False, False),
        ("Lung_Opacity-1_mask.png", False, True),
        ("Lungenmasken/1.png", False, True),
        ("Lungenherdmasken/1.png", True, True),
        ("Masques des lésions/1.png", True, True),
    ],
)
def test_words_of_the_mask_say_what_it_outlines_and_without_them_it_is_anatomy(mask, finding, told):
    *folders, name = mask.split("/")
    file = read_candidate(tuple(folders), name, mask, mask).file
    assert (file.finding, file.told) == (finding, told)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["1_mask.png", "x_máscara.png", "SEGMENTAÇÃO_1.png", "Umriss 3.png", "x_gt.png"])
def test_the_first_look_at_a_name_misses_no_word_for_masks(name, form):
    written = unicodedata.normalize(form, name)
    assert may_be_mask((), written)
    assert read_candidate((), written, "", "")
