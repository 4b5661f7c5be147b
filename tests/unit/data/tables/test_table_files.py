"""Tables of public data sets, as downloaded: read right, alone or with stated columns."""

import pytest

from ganoscope.data.layouts import find_layout, manifest
from ganoscope.data.picture import ReadOptions
from ganoscope.data.tables import gathered_rows
from ganoscope.data.tables.table_files import find_split, list_tables
from ganoscope.errors import UserError

COVID = """patientid,offset,sex,age,finding,RT_PCR_positive,view,modality,date,filename,folder,license
2,0,M,65,Pneumonia/Viral/COVID-19,Y,PA,X-ray,2020,auntminnie-a.jpg,images,
4,,F,52,No Finding,,AP Supine,X-ray,,nejm_b.png,images,
5,,F,,todo,,Axial,CT,,volume.nii.gz,volumes,
"""
NIH = """Image Index,Finding Labels,Follow-up #,Patient ID,Age,View Position,OriginalImage[Width,Height],Spacing[x,y],
00000001_000.png,Cardiomegaly|Effusion,0,1,58,PA,2682,2749,0.143,0.143
00000002_000.png,No Finding,0,2,81,AP,2500,2048,0.171,0.171
00000003_001.png,Hernia,0,3,74,PA,2500,2048,0.168,0.168
"""
CHEXPERT = """Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Edema,Pleural Effusion
CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,1.0,,
CheXpert-v1.0-small/train/patient00002/study1/view1_frontal.jpg,Male,68,Frontal,AP,,1.0,-1.0
CheXpert-v1.0-small/train/patient00002/study2/view1_frontal.jpg,Male,68,Lateral,,,-1.0,1.0
"""
VALID = """Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Edema,Pleural Effusion
CheXpert-v1.0-small/valid/patient64541/study1/view1_frontal.jpg,Male,73,Frontal,AP,0.0,0.0,1.0
"""
FILMS = [f"patient0000{p}/study{s}/view1_frontal.jpg" for p, s in ((1, 1), (2, 1), (2, 2))]
APTOS = {"train.csv": "id_code,diagnosis\naa,0\nbb,2\n", "test.csv": "id_code\ncc\n"}
VINDR = "image_id,rad_id,Cardiomegaly,No finding\nf1,R9,0,1\nf1,R10,0,1\nf2,R9,1,0\nf2,R10,0,1\n"
PADCHEST = """,ImageID,ImageDir,PatientID,Projection,Labels
0,20536_abc.png,0,8393,PA,['normal']
1,20537_abc.png,0,8394,AP_horizontal,"['pleural effusion', 'cardiomegaly']"
"""
ISIC = "image,MEL,NV,BCC\nISIC_1,0.0,1.0,0.0\nISIC_2,1.0,0.0,0.0\n"
HAM = "lesion_id,image_id,dx,dx_type,age\nHAM_1,ISIC_1,bkl,histo,80\nHAM_2,ISIC_2,nv,histo,40\n"
CORONA = ",X_ray_image_name,Label,Dataset_type\n0,IM-0128.jpeg,Normal,TRAIN\n1,IM-0129.jpeg,Pnemonia,TEST\n"
SHENZHEN = "study_id,sex,age,findings\nCHNCXR_0001_0.png,Male,45,normal\nCHNCXR_0002_1.png,Male,63,PTB in RUL\n"
BRIXIA = "Filename;BrixiaScore;BrixiaScoreGlobal\n41.dcm;10;1\n42.dcm;0;0\n"
ICH = "ID,Label\nID_1_epidural,0\nID_1_any,1\nID_2_epidural,0\nID_2_any,0\n"


def read(make_source, files, **options):
    source = make_source({name: text.encode() for name, text in files.items()})
    return list(manifest.list_images(source, ReadOptions(**options)))


def labels(items):
    return {item.path.name: item.label or item.fault for item in items}


def test_covid_chestxray(make_source):
    items = read(make_source, {"metadata.csv": COVID, "images/auntminnie-a.jpg": "", "images/nejm_b.png": ""})
    assert [(item.label, item.patient, item.view, item.modality) for item in items[:2]] == [
        ("Pneumonia/Viral/COVID-19", "2", "PA", "X-ray"),
        ("No Finding", "4", "AP Supine", "X-ray"),
    ]
    assert items[2].fault == manifest.NO_IMAGE


def test_covid_chestxray_with_stated_classes(make_source):
    files = {"metadata.csv": COVID, "images/auntminnie-a.jpg": "", "images/nejm_b.png": ""}
    classes = "Pneumonia/Viral/COVID-19=covid,No Finding=normal,*="
    items = read(make_source, files, map=classes)
    assert labels(items[:2]) == {"auntminnie-a.jpg": "covid", "nejm_b.png": "normal"}
    assert "left out by --map" in items[2].fault


def test_nih_full_set(make_source):
    images = {f"images_00{n}/images/0000000{n}_00{n // 3}.png": "" for n in (1, 2, 3)}
    files = {"Data_Entry_2017.csv": NIH, "BBox_List_2017.csv": "Image Index,Finding Label,x\n", **images}
    with pytest.raises(UserError, match=r"1 of 3 images have several findings in column 'Finding Labels'.*--map"):
        read(make_source, files)
    items = read(make_source, files, map="Effusion=effusion,No Finding=normal,*=")
    assert labels(items) == {
        "00000001_000.png": "effusion",
        "00000002_000.png": "normal",
        "00000003_001.png": "left out by --map",
    }
    assert [(item.patient, item.view) for item in items] == [("1", "PA"), ("2", "AP"), ("3", "PA")]


@pytest.mark.parametrize("inside", ["", "CheXpert-v1.0-small/"])
def test_chexpert(make_source, inside):
    images = {f"{inside}train/{name}": "" for name in FILMS} | {
        f"{inside}valid/patient64541/study1/view1_frontal.jpg": ""
    }
    files = {f"{inside}train.csv": CHEXPERT, f"{inside}valid.csv": VALID, **images}
    items = read(make_source, files, label_column="Edema", map="1=edema,0=no_edema,-1=,blank=no_edema")
    found = {(item.path.parts[-3], item.path.parts[-2]): (item.label, item.split, item.fault) for item in items}
    assert found == {
        ("patient00001", "study1"): ("no_edema", "train", ""),
        ("patient00002", "study1"): ("edema", "train", ""),
        ("patient00002", "study2"): ("", "train", "left out by --map"),
        ("patient64541", "study1"): ("no_edema", "validation", ""),
    }
    assert [item.view for item in items][:3] == ["AP", "AP", ""]


def test_chexpert_without_a_statement_is_refused(make_source):
    files = {"train.csv": CHEXPERT, **{f"train/{name}": "" for name in FILMS}}
    with pytest.raises(UserError, match=r"column 'Edema' of train\.csv does not say.*-1 uncertain.*--map"):
        read(make_source, files, label_column="edema")
    items = read(make_source, files, label_column="No Finding,Edema,Pleural Effusion")
    assert [item.label or item.fault for item in items] == [
        "No Finding",
        *["a finding that is marked as uncertain (-1)"] * 2,
    ]


def test_aptos_takes_the_table_with_labels_and_never_a_sample_submission(make_source):
    images = {"train_images/aa.png": "", "train_images/bb.png": "", "test_images/cc.png": ""}
    items = read(make_source, {**APTOS, "sample_submission.csv": "id_code,diagnosis\ncc,0\n", **images})
    assert labels(items) == {"aa.png": "0", "bb.png": "2", "cc.png": manifest.NO_ROW}


def test_vindr_readers_who_disagree_are_told(make_source):
    files = {
        "image_labels_train.csv": VINDR,
        "train/f1.dicom": "",
        "train/f2.dicom": "",
        "train/f1.dcm": "",
        "train/f2.dcm": "",
    }
    del files["train/f1.dicom"], files["train/f2.dicom"]
    items = read(make_source, files, label_column="Cardiomegaly,No finding")
    assert labels(items) == {"f1.dcm": "No finding", "f2.dcm": gathered_rows.CONFLICT}


def test_padchest(make_source):
    files = {"PADCHEST_labels.csv": PADCHEST, "0/20536_abc.png": "", "0/20537_abc.png": ""}
    items = read(make_source, files, map="normal=normal,cardiomegaly=cardiomegaly,*=")
    assert [(item.label, item.patient, item.view) for item in items] == [
        ("normal", "8393", "PA"),
        ("cardiomegaly", "8394", "AP_horizontal"),
    ]


def test_isic_and_ham10000(make_source):
    images = {"ISIC_input/ISIC_1.jpg": "", "ISIC_input/ISIC_2.jpg": ""}
    items = read(make_source, {"GroundTruth.csv": ISIC, **images}, label_column="MEL,NV,BCC")
    assert [item.label for item in items] == ["NV", "MEL"]


def test_ham10000(make_source):
    images = {"part_1/ISIC_1.jpg": "", "part_2/ISIC_2.jpg": ""}
    assert [item.label for item in read(make_source, {"HAM10000_metadata.csv": HAM, **images})] == ["bkl", "nv"]


def test_coronahack(make_source):
    images = {"data/train/IM-0128.jpeg": "", "data/test/IM-0129.jpeg": ""}
    items = read(make_source, {"Chest_xray_Corona_Metadata.csv": CORONA, **images})
    assert {(item.label, item.split) for item in items} == {("Normal", "train"), ("Pnemonia", "test")}


def test_shenzhen_is_read_by_its_studies(make_source):
    images = {"images/CHNCXR_0001_0.png": "", "images/CHNCXR_0002_1.png": ""}
    files = {"manifest.csv": SHENZHEN, **images}
    assert len({item.label for item in read(make_source, files)}) == 2
    assert len({item.label for item in read(make_source, files, path_column="study_id")}) == 2


def test_brixia_with_a_stated_column(make_source):
    images = {"dicom_clean/41.dcm": "", "dicom_clean/42.dcm": ""}
    files = {"metadata_global_v2.csv": BRIXIA, **images}
    items = read(make_source, files, label_column="BrixiaScoreGlobal", map="0=mild,1=severe")
    assert [item.label for item in items] == ["severe", "mild"]


def test_rsna_ich_is_refused_by_its_names(make_source):
    with pytest.raises(
        UserError, match=r"no name in stage_2_train\.csv is that of a file: rows say ID_1_epidural, files"
    ):
        read(make_source, {"stage_2_train.csv": ICH, "stage_2_train/ID_1.dcm": ""}, path_column="ID")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"label_column": "Diagnose"},
            r"--label-column names no column of t\.csv: got 'diagnose'; allowed: .*nearest is 'diag'",
        ),
        ({"label_column": "diag", "map": "x=y"}, r"does not hold: got 'x'; allowed: 'a' \(1\), 'b' \(1\)"),
        ({"patient_column": "who"}, r"--patient-column names no column"),
    ],
)
def test_stated_columns_and_values_that_do_not_exist_are_refused_with_the_list(make_source, options, message):
    with pytest.raises(UserError, match=message):
        read(make_source, {"t.csv": "image,diag\n1.png,a\n2.png,b\n", "1.png": "", "2.png": ""}, **options)


def test_a_stated_patient_column_wins_over_a_usual_name(make_source):
    files = {"t.csv": "image,label,patient,person\n1.png,a,X,p1\n2.png,b,X,p2\n", "1.png": "", "2.png": ""}
    assert [item.patient for item in read(make_source, files, patient_column="person")] == ["p1", "p2"]


def test_several_columns_for_names_are_told_apart_by_the_files(make_source):
    files = {"t.csv": "image,filename,label\n17,a.png,x\n18,b.png,y\n", "a.png": "", "b.png": ""}
    assert labels(read(make_source, files)) == {"a.png": "x", "b.png": "y"}


def test_a_table_without_header_is_told(make_source):
    files = {"manifest.csv": "images/a.png,0\nimages/b.png,1\n", "images/a.png": "", "images/b.png": ""}
    with pytest.raises(UserError, match=r"has no header line: its first line is 'images/a\.png', '0'"):
        read(make_source, files)


def test_an_option_about_a_table_without_a_table_is_refused(make_source):
    with pytest.raises(UserError, match=r"--label-column was given|an option about a table was given"):
        read(make_source, {"a/1.png": ""}, label_column="x")


def test_tables_named_after_splits_are_merged_and_others_refused(make_source):
    images = {"1.png": "", "2.png": "", "3.png": ""}
    files = {"train.csv": "image,label\n1,a\n2,b\n", "test.csv": "image,label\n3,a\n", **images}
    assert [(item.label, item.split) for item in read(make_source, files)] == [
        ("a", "train"),
        ("b", "train"),
        ("a", "test"),
    ]
    with pytest.raises(UserError, match="or several named after splits"):
        read(make_source, {"more.csv": "image,label\n3,a\n"})


def test_an_image_in_two_split_tables_is_a_contradiction(make_source):
    files = {"train.csv": "image,label\n1,a\n2,b\n", "test.csv": "image,label\n1,a\n", "1.png": "", "2.png": ""}
    assert labels(read(make_source, files)) == {"1.png": gathered_rows.CONFLICT, "2.png": "b"}


def test_what_was_understood_is_printed_line_by_line(make_source):
    files = {"t.csv": "Image Index,Finding,Patient ID\n1,a,p\n2,b,q\n3,b,q\n", "x/1.png": "", "x/2.png": ""}
    source = make_source({name: text.encode() for name, text in files.items()})
    name, layout = find_layout(source)
    lines = layout.list_images(source, ReadOptions()).lines
    assert name == "manifest"
    assert lines[0] == "t.csv: 3 rows: path from 'Image Index', patient from 'Patient ID', class from 'Finding'"
    assert lines[1] == "2 of 3 rows match one of 2 files each (rows say 1, files are x/1.png)"
    assert lines[2] == "rows without an image: 1, such as 3"


def test_tables_are_sought_in_the_only_folder_that_has_some(make_source):
    source = make_source({"set/train.csv": b"a,b\n", "set/1.png": b"", "other/2.png": b""})
    assert [path.name for path in list_tables(source)] == ["train.csv"]
    make_source({"other/x.csv": b"a,b\n"})
    assert not list_tables(source)


def test_splits_in_names():
    assert [find_split(name) for name in ("Train", "valid_v2", "image-labels_test", "constraint", "train_test")] == [
        *("train", "validation", "test", "", "")
    ]


@pytest.mark.parametrize("mask", ["masks/{}.png", "lung_masks/{}_mask.png", "images/{}_mask.png"])
def test_masks_beside_listed_images_are_attached_and_never_taken_for_images(make_source, mask):
    images = {f"images/f{n}.png": "" for n in range(4)} | {mask.format(f"f{n}"): "" for n in range(3)}
    items = read(
        make_source, {"labels.csv": "image,finding\n" + "".join(f"f{n},x{n % 2}\n" for n in range(4)), **images}
    )
    assert [(item.path.name, item.label, item.fault) for item in items] == [
        (f"f{n}.png", f"x{n % 2}", "") for n in range(4)
    ]
    assert [len(item.anatomy) + len(item.mask) for item in items] == [1, 1, 1, 0]


def test_a_mask_without_its_image_is_listed_as_one(make_source):
    items = read(make_source, {"t.csv": "image,label\na,x\n", "images/a.png": "", "masks/b.png": ""})
    assert labels(items) == {"a.png": "x", "b.png": "a mask without its picture, by its name or folder"}


def test_stated_levels_give_the_patients_that_the_table_lacks(make_source):
    files = {"t.csv": "image,label\nv1,x\nv2,y\n", "A17/v1.png": "", "B4/v2.png": ""}
    assert [item.patient for item in read(make_source, files)] == ["", ""]
    assert [item.patient for item in read(make_source, files, levels="patient")] == ["A17", "B4"]


def test_label_maps_of_listed_volumes_are_listed_and_not_attached(make_source):
    files = {"t.csv": "image,label\nvol1,x\n", "vol1.nii.gz": "", "vol1_seg.nii.gz": ""}
    volume, segmentation = read(make_source, files)
    assert (volume.label, volume.mask, volume.anatomy) == ("x", (), ())
    assert "segmentation" in segmentation.fault
