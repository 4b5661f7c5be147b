"""Public data sets as they are handed out: their folders and names, with empty files."""

import unicodedata
from collections import Counter

import pytest
from tests.fixtures.listings import faults

from ganoscope.data.layouts import find_layout
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source.understood import DICOM_MASK, LONE_MASK
from ganoscope.errors import UserError

RADIOGRAPHY = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")
IDRID = [(part, n) for part, numbers in (("a. Training Set", (1, 2)), ("b. Testing Set", (55, 56))) for n in numbers]
TREES = {
    "COVID-19 Radiography": [
        f"COVID-19_Radiography_Dataset/{c}/{kind}/{c}-{n}.png"
        for c in RADIOGRAPHY
        for kind in ("images", "masks")
        for n in (1, 2, 3)
    ],
    "CheXpert": [
        f"CheXpert-v1.0-small/{split}/patient{n:05d}/study{k}/view1_frontal.jpg"
        for split, numbers in (("train", range(1, 9)), ("valid", range(64541, 64545)))
        for n in numbers
        for k in range(1, 2 + (n % 3 == 0))
    ],
    "MURA": [
        f"MURA-v1.1/{split}/XR_{part}/patient{n:05d}/study1_{'positive' if n % 2 else 'negative'}/image{k}.png"
        for split, start in (("train", 6), ("valid", 11185))
        for place, part in enumerate(("WRIST", "HAND"))
        for n in range(start + place, start + place + 4)
        for k in (1, 2)
    ],
    "COVID-CTset": [
        f"{c}{part}/patient{n}/SR_{k}/IM{i:05d}.tif"
        for c in ("covid", "normal")
        for part in (1, 2)
        for n in (1, 2, 3)
        for k in (2, 3)
        for i in range(3)
    ],
    "LiTS": [f"{kind}-{n}.nii" for kind in ("volume", "segmentation") for n in range(4)],
    "KiTS": [f"data/case_{n:05d}/{kind}.nii.gz" for kind in ("imaging", "segmentation") for n in range(4)],
    "BraTS 2019": [
        f"MICCAI_BraTS_2019/{grade}/BraTS19_{site}_{n}_1/BraTS19_{site}_{n}_1_{kind}.nii.gz"
        for grade, site in (("HGG", "CBICA"), ("LGG", "TCIA"))
        for n in ("AAB", "AAG", "AQR")
        for kind in ("flair", "t1", "t1ce", "t2", "seg")
    ],
    "Decathlon": [
        f"Task03_Liver/{folder}/liver_{n}.nii.gz" for folder in ("imagesTr", "imagesTs", "labelsTr") for n in (1, 2)
    ],
    "BUSI": [
        *(
            f"Dataset_BUSI_with_GT/{c}/{c} ({n}){e}.png"
            for c in ("benign", "malignant")
            for n in (1, 2)
            for e in ("", "_mask")
        ),
        "Dataset_BUSI_with_GT/benign/benign (2)_mask_1.png",
    ],
    "Montgomery": [
        f"MontgomerySet/{folder}/MCUCXR_000{n}_{n % 2}.png"
        for folder in ("CXR_png", "ManualMask/leftMask", "ManualMask/rightMask")
        for n in (1, 2, 3)
    ],
    "LGG": [
        f"kaggle_3m/TCGA_{site}_{n}_1996{n}/TCGA_{site}_{n}_1996{n}_{k}{end}.tif"
        for site, n in (("CS", 4941), ("DU", 5849))
        for k in (1, 2)
        for end in ("", "_mask")
    ],
    "SARS-CoV-2 CT": [
        f"{c}/{name} ({n}).png" for c, name in (("COVID", "Covid"), ("non-COVID", "Non-Covid")) for n in (1, 2)
    ],
    "COVID-CT": [f"Images-processed/{c}/{n}.png" for c in ("CT_COVID", "CT_NonCOVID") for n in (1, 2)],
    "Alzheimer": [
        f"Alzheimer_s Dataset/{split}/{c}/{n}.jpg"
        for split in ("train", "test")
        for c in ("MildDemented", "NonDemented", "VeryMildDemented")
        for n in (1, 2)
    ],
    "Br35H": [f"{c}/{c}{n}.jpg" for c in ("yes", "no") for n in range(4)],
    "Brain MRI, twice": [
        f"{top}{c}/{n}.jpg" for top in ("", "brain_tumor_dataset/") for c in ("yes", "no") for n in range(4)
    ],
    "COVID-QU-Ex": [
        f"{t} Segmentation Data/{t} Segmentation Data/{split}/{c}/{folder}/{n}.png"
        for t in ("Lung", "Infection")
        for split in ("Train", "Val", "Test")
        for c in ("COVID-19", "Normal")
        for folder in ("images", "lung masks", *(["infection masks"] if t == "Infection" else []))
        for n in (1, 2)
    ],
    "ChestX-ray14": [f"images_{k:03d}/images/0000{k:04d}_00{n}.png" for k in (1, 2, 3) for n in (0, 1)],
    "ACDC": [
        f"ACDC/database/{split}/patient{n:03d}/patient{n:03d}_frame01{end}.nii.gz"
        for split, numbers in (("training", (1, 2, 3)), ("testing", (101, 102)))
        for n in numbers
        for end in ("", "_gt")
    ],
    "IXI": [f"IXI{n:03d}-Guys-0828-T1.nii.gz" for n in (2, 12, 13)],
    "IQ-OTH/NCCD": [
        f"The IQ-OTHNCCD lung cancer dataset/{c} cases/{c} ({n}).jpg"
        for c in ("Bengin", "Malignant", "Normal")
        for n in (1, 2)
    ],
    "CBIS-DDSM": [
        f"CBIS-DDSM/{c}-{split}_P_{n:05d}_LEFT_{view}/07-20-2016-DDSM-74994/1.000000-full images-24515/1-1.png"
        for c, split, numbers in (
            ("Mass", "Test", (16, 99)),
            ("Calc", "Training", (5, 7, 8)),
            ("Mass", "Training", (1,)),
        )
        for n in numbers
        for view in ("CC", "MLO")
    ],
    "dates": [f"{date}/scan_{date}_{n}.png" for date in ("2019-03-14", "2019-03-15", "2020-07-01") for n in range(4)],
    "sides": [
        f"{c}/patient{n}_{side}/{k}.png"
        for n, c in enumerate(("sick", "well"), 11)
        for side in ("left", "right")
        for k in (1, 2)
    ],
    "DRIVE": [
        f"DRIVE/{split}/{folder}/{n}_{name}"
        for split, numbers in (("training", (21, 22, 23)), ("test", (1, 2)))
        for n in numbers
        for folder, name in (("images", f"{split}.tif"), ("1st_manual", "manual1.png"), ("mask", f"{split}_mask.png"))
    ],
    "ISIC 2018": [
        f"ISIC2018_Task1-2_{part}_Input/ISIC_{start + n:07d}.jpg"
        for part, start in (("Training", 0), ("Test", 12000))
        for n in (1, 2, 3)
    ]
    + [
        f"ISIC2018_Task1_{part}_GroundTruth/ISIC_{start + n:07d}_segmentation.png"
        for part, start in (("Training", 0), ("Test", 12000))
        for n in (1, 2, 3)
    ],
    "IDRiD": [
        *(f"A. Segmentation/1. Original Images/{part}/IDRiD_{n:02d}.jpg" for part, n in IDRID),
        *(
            f"A. Segmentation/2. All Segmentation Groundtruths/{part}/{kind}/IDRiD_{n:02d}_{code}.tif"
            for part, n in IDRID
            for kind, code in (("1. Microaneurysms", "MA"), ("3. Hard Exudates", "EX"), ("5. Optic Disc", "OD"))
        ),
    ],
    "QaTa-COV19": [
        f"QaTa-COV19-v2/{part} Set/{kind}{n}.png"
        for part, numbers in (("Train", (1, 2, 3)), ("Test", (8, 9)))
        for n in numbers
        for kind in ("Images/covid_", "Ground-truths/mask_covid_")
    ],
    "TN3K": [
        f"Thyroid Dataset/tn3k/{part}-{kind}/{n:04d}.jpg"
        for part, numbers in (("trainval", (0, 1, 2)), ("test", (0, 1)))
        for n in numbers
        for kind in ("image", "mask")
    ],
    "nnU-Net": [
        f"Dataset012_Nodes/{name}"
        for n in (1, 2, 3)
        for name in (f"imagesTr/case_{n:03d}_0000.png", f"labelsTr/case_{n:03d}.png")
    ],
    "MedSeg": [
        f"{folder}/coronacases_{n:03d}.nii.gz"
        for folder in ("COVID-19-CT", "Lung_Mask", "Lung_and_Infection_Mask")
        for n in (1, 2)
    ],
    "chest_xray, nested": [
        f"{top}chest_xray/{split}/{c}/{c}-{n}.jpeg"
        for top in ("", "chest_xray/")
        for split in ("train", "test")
        for c in ("NORMAL", "PNEUMONIA")
        for n in (1, 2)
    ],
}


@pytest.fixture
def read(make_source):
    """Entries of a tree, with the lines that are printed."""

    def read(name, **options):
        source = make_source(dict.fromkeys(TREES[name], b""))
        listed = find_layout(source)[1].list_images(source, ReadOptions(**options))
        return list(listed), listed.lines

    return read


def count(items, field):
    return Counter(getattr(item, field) for item in items if not item.fault)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("COVID-19 Radiography", dict.fromkeys(RADIOGRAPHY, 3)),
        ("CheXpert", {"": 15}),
        ("MURA", {"positive": 16, "negative": 16}),
        ("COVID-CTset", {"covid": 36, "normal": 36}),
        ("LiTS", {"": 4}),
        ("KiTS", {"": 4}),
        ("BraTS 2019", {"HGG": 12, "LGG": 12}),
        ("Decathlon", {"": 4}),
        ("BUSI", {"benign": 2, "malignant": 2}),
        ("Montgomery", {"": 3}),
        ("LGG", {"": 4}),
        ("SARS-CoV-2 CT", {"COVID": 2, "non-COVID": 2}),
        ("COVID-CT", {"CT_COVID": 2, "CT_NonCOVID": 2}),
        ("Alzheimer", {"MildDemented": 4, "NonDemented": 4, "VeryMildDemented": 4}),
        ("Br35H", {"yes": 4, "no": 4}),
        ("Brain MRI, twice", {"yes": 8, "no": 8}),
        ("COVID-QU-Ex", {"COVID-19": 12, "Normal": 12}),
        ("ChestX-ray14", {"": 6}),
        ("ACDC", {"": 5}),
        ("IXI", {"": 3}),
        ("CBIS-DDSM", {"Mass": 6, "Calc": 6}),
        ("dates", {"": 12}),
        ("DRIVE", {"": 5}),
        ("IQ-OTH/NCCD", {"Bengin cases": 2, "Malignant cases": 2, "Normal cases": 2}),
        ("chest_xray, nested", {"NORMAL": 8, "PNEUMONIA": 8}),
        ("ISIC 2018", {"": 6}),
        ("IDRiD", {"": 4}),
        ("QaTa-COV19", {"": 5}),
        ("TN3K", {"": 5}),
        ("nnU-Net", {"": 3}),
        ("MedSeg", {"COVID-19-CT": 2}),
    ],
)
def test_public_sets_have_their_classes_and_no_others(read, name, labels):
    items, lines = read(name)
    assert count(items, "label") == labels
    assert lines or name in ("LiTS", "IXI")


@pytest.mark.parametrize(
    ("name", "patients"),
    [
        ("CheXpert", 12),
        ("MURA", 10),
        ("COVID-CTset", 12),
        ("KiTS", 4),
        ("BraTS 2019", 6),
        ("LGG", 2),
        ("ACDC", 5),
        ("CBIS-DDSM", 6),
        ("sides", 2),
    ],
)
def test_folders_of_public_sets_give_their_patients(read, name, patients):
    items, _ = read(name)
    assert len(count(items, "patient")) == patients
    assert all(item.patient for item in items)


@pytest.mark.parametrize(
    "name",
    [
        *("CheXpert", "MURA", "Alzheimer", "COVID-QU-Ex", "ACDC", "Decathlon", "CBIS-DDSM", "chest_xray, nested"),
        *("ISIC 2018", "IDRiD", "QaTa-COV19", "TN3K", "nnU-Net"),
    ],
)
def test_splits_of_public_sets_are_kept(read, name):
    assert "" not in count(read(name)[0], "split")


@pytest.mark.parametrize(
    ("name", "anatomy", "findings"),
    [
        ("COVID-19 Radiography", 12, 0),
        ("BUSI", 5, 0),
        ("Montgomery", 6, 0),
        ("LGG", 4, 0),
        ("DRIVE", 10, 0),
        ("COVID-QU-Ex", 24, 12),
        ("ISIC 2018", 6, 0),
        ("IDRiD", 4, 8),
        ("QaTa-COV19", 5, 0),
        ("TN3K", 5, 0),
        ("nnU-Net", 3, 0),
    ],
)
def test_masks_of_public_sets_are_given_to_their_pictures_and_never_pictures(read, name, anatomy, findings):
    items, lines = read(name)
    assert not faults(items)
    assert sum(len(item.anatomy) for item in items) == anatomy
    assert sum(len(item.mask) for item in items) == findings
    assert any("outlines of anatomy" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "maps"), [("LiTS", 4), ("KiTS", 4), ("BraTS 2019", 6), ("Decathlon", 2), ("ACDC", 5), ("MedSeg", 4)]
)
def test_label_maps_of_volumes_are_listed_and_not_taken(read, name, maps):
    items, _ = read(name)
    assert len(faults(items)) == maps
    assert not any(item.mask or item.anatomy for item in items)


def test_masks_without_their_picture_are_listed_as_such(make_source):
    source = make_source({"sick/a.png": b"", "well/b.png": b"", "masks/c.png": b"", "sick/d_mask.png": b""})
    listed = find_layout(source)[1].list_images(source, ReadOptions())
    assert faults(list(listed)) == {"masks/c.png": LONE_MASK, "sick/d_mask.png": LONE_MASK}
    assert "masks without a picture of their name, listed in quarantine.csv: 2" in listed.lines


def test_arrays_and_dicom_in_a_folder_of_masks_are_masks_beside_a_picture_of_their_name(make_source):
    names = ("sick/a.npy", "well/b.npy", "masks/a.npy", "masks/c.npy", "sick/e.dcm", "masks/e.dcm")
    listed = find_layout(source := make_source(dict.fromkeys(names, b"")))[1].list_images(source, ReadOptions())
    items = {item.name: item for item in listed}
    assert [path.name for path in items["sick/a.npy"].anatomy] == ["a.npy"]
    assert "masks/a.npy" not in items
    assert faults(items.values()) == {"masks/e.dcm": DICOM_MASK}
    assert items["sick/e.dcm"].anatomy == ()


def test_files_in_a_folder_stated_as_masks_are_left_aside_when_rows_seek_pictures(make_source):
    names = [f"{folder}/{n}.png" for folder in ("films", "drawn") for n in range(4)]
    table = "path,label\n" + "".join(f"{n}.png,{'ab'[n % 2]}\n" for n in range(4))
    source = make_source(dict.fromkeys(names, b"") | {"any.csv": table.encode()})
    layout = find_layout(source)[1]
    for folder in ("drawn", str(source / "drawn")):
        items = list(layout.list_images(source, ReadOptions(anatomy=folder)))
        assert [(item.name, item.label, item.fault) for item in items] == [
            (f"films/{n}.png", "ab"[n % 2], "") for n in range(4)
        ]
    with pytest.raises(UserError, match="fit several files"):
        list(layout.list_images(source, ReadOptions()))


def test_what_was_understood_is_told_in_one_line_per_level(read):
    assert list(read("CheXpert")[1]) == [
        "level 1: not used (1 folder)",
        "level 2: split (2 folders: train, valid)",
        "level 3: patient (12 folders: patient00001, patient00002, patient00003, ...)",
        "level 4: study (2 folders: study1, study2)",
        "no level is a class: the images have no classes",
        "this is --levels -/split/patient/study; if it is wrong, state another "
        "(split, class, patient, study, series, -)",
    ]


def test_what_is_stated_goes_before_what_the_names_say(read):
    items, lines = read("MURA", levels="-/split/class/patient/study")
    assert count(items, "label") == {"XR_WRIST": 16, "XR_HAND": 16}
    assert list(lines) == ["levels of folders as stated: -/split/class/patient/study"]


@pytest.mark.parametrize("levels", ["class/class/class/class/class/class", "-/class/split"])
def test_a_statement_that_does_not_fit_is_refused(read, levels):
    with pytest.raises(UserError, match=r"--levels has more levels|stated as split, but has other folders"):
        read("CheXpert", levels=levels)


@pytest.mark.parametrize("name", TREES)
def test_the_printed_reading_can_be_stated_and_says_the_same(read, name):
    items, lines = read(name)
    printed = [line.split("--levels ")[1].split(";")[0] for line in lines if "--levels " in line]
    for levels in printed:
        again, _ = read(name, levels=levels)
        first, second = (
            [(one.name, one.split, one.label, one.patient) for one in each if not one.fault] for each in (items, again)
        )
        assert first == second


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("pictures", "well", "ill", "masks", "heading"),
    [
        ("Aufnahmen", "Unauffällig", "Lungenentzündung", "Lungenmasken", "Dateiname;Patienten-Nr.;Befund"),
        ("Images", "Sain", "Malade", "Masques des poumons", "Nom du fichier;ID patient;Diagnostic"),
        ("Imágenes", "Sano", "Neumonía", "Máscaras de pulmón", "Archivo;ID paciente;Diagnóstico"),
        ("Immagini", "Sani", "Malati", "Maschere polmonari", "Nome file;ID paziente;Diagnosi"),
        ("Imagens", "Saudável", "Doente", "Máscaras dos pulmões", "Arquivo;ID paciente;Diagnóstico"),
    ],
)
def test_trees_and_tables_in_other_languages_are_read_as_english_ones(
    make_source, pictures, well, ill, masks, heading, form
):
    tree, rows = {}, [heading]
    for n in range(12):
        label, name = (well, ill)[n % 2], f"RX{n:02d}.png"
        tree[unicodedata.normalize(form, f"{pictures}/{label}/{name}")] = b""
        tree[f"{masks}/{name}"] = b""
        rows.append(f"{name};{70000 + n // 2};{label}")
    source = make_source(tree)
    for table, levels in ((b"", ""), (b"", "-/class"), ("\n".join(rows).encode(), "")):
        if table:
            (source / "Tabelle.csv").write_bytes(table)
        name, layout = find_layout(source)
        found = list(layout.list_images(source, ReadOptions(levels=levels)))
        assert name == ("manifest" if table else "folders")
        assert Counter(image.label for image in found) == {well: 6, ill: 6}
        assert all(len(image.anatomy) == 1 and image.anatomy[0].name == image.path.name for image in found)
        assert {image.patient for image in found} == {str(70000 + n) if table else "" for n in range(6)}
        assert not any(image.mask or image.fault for image in found)
