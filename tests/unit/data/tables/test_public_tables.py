"""Tables that name folders, beginnings of names, or have no header or ending of their own, as in public data sets."""

import gzip

import numpy as np
import pytest
from pydicom.uid import generate_uid
from tests.fixtures.dicom_files import write
from tests.fixtures.prepared import SMALL

from ganoscope.data.layouts import find_layout, manifest
from ganoscope.data.picture import ReadOptions
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.tables import gathered_rows
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare

STUDIES = {f"files/p10/p1000003{n}/s5041426{n}/{n}f-{view}.jpg": n for n in range(8) for view in "ab"}
CHEXPERT = "subject_id,study_id,Edema,No Finding\n" + "".join(
    f"1000003{n},5041426{n},{('1.0', '0.0', '-1.0', '')[n % 4]},{'1.0' if n % 4 == 1 else ''}\n" for n in range(8)
)
SPLIT = "dicom_id,study_id,subject_id,split\n" + "".join(
    f"{name.split('/')[-1][:-4]},5041426{n},1000003{n},{('train', 'validate', 'test')[n % 3]}\n"
    for name, n in STUDIES.items()
)
MIMIC = {
    "mimic-cxr-2.0.0-chexpert.csv.gz": gzip.compress(CHEXPERT.encode()),
    "mimic-cxr-2.0.0-negbio.csv.gz": gzip.compress(CHEXPERT.encode()),
    "mimic-cxr-2.0.0-split.csv.gz": gzip.compress(SPLIT.encode()),
}
EDEMA = {
    "table": "mimic-cxr-2.0.0-chexpert.csv.gz",
    "path_column": "study_id",
    "label_column": "Edema",
    "map": "1=edema,0=none,-1=,blank=",
}


def read(source, **options):
    return list(manifest.list_images(source, ReadOptions(**options)))


def test_mimic_cxr_is_refused_with_the_call_that_reads_it(make_source, target, smooth):
    source = make_source({**{name: smooth(index) for index, name in enumerate(STUDIES)}, **MIMIC})
    with pytest.raises(UserError) as refused:
        prepare(source, target, SMALL)
    call = '--table mimic-cxr-2.0.0-chexpert.csv.gz --path-column study_id --label-column Edema --map "1=edema,0='
    assert call in str(refused.value)
    store = prepare(source, target, PrepareConfig(size=16, **EDEMA))
    assert store.count == 8  # two films of each study that is neither uncertain nor silent
    assert set(store.column("label").tolist()) == {"edema", "none"}
    assert set(store.column("source_split").tolist()) == {"train", "validation", "test"}
    assert len(set(store.column("patient").tolist())) == 4


def test_a_table_that_is_stated_must_be_in_the_source(make_source, tmp_path):
    (tmp_path / "outside.csv").write_text("path,label\na,b\n")
    source = make_source({"a.png": b"", "one.csv": b"image,label\na,x\n", "two.csv": b"image,label\na,y\n"})
    assert [item.label for item in read(source, table="two.csv")] == ["y"]
    for name in ("three.csv", "../outside.csv"):
        with pytest.raises(UserError, match=r"--table names no file.*Found: 'one\.csv', 'two\.csv'"):
            read(source, table=name)


@pytest.mark.parametrize(
    "content",
    [b"not gzip", gzip.compress(b"image,label\n" * 9)[:-9], gzip.compress(b"a" * (1 << 25))],
    ids=["another format", "cut", "endless"],
)
def test_damaged_or_endless_compressed_tables_are_no_tables(make_source, content):
    source = make_source({"a.png": b"", "t.csv.gz": content})
    assert find_layout(source)[0] == "folders"
    with pytest.raises(UserError, match=r"t\.csv\.gz is (damaged|not a table)"):
        read(source, table="t.csv.gz")


LISTS = {
    "train.txt": "p1 a.png COVID-19 cohen\np1 b.png normal rsna\np2 c.png COVID-19 cohen\np3 d.png normal rsna\n",
    "test.txt": "q1 e.png normal rsna\nq2 f.png COVID-19 cohen\nq1 g.png normal rsna\nq3 h.png COVID-19 cohen\n",
}
COVIDX = {f"{folder}/{name}.png": folder for folder, names in (("train", "abcd"), ("test", "efgh")) for name in names}


def test_lists_without_a_header_are_refused_with_the_call_that_reads_them(make_source, target, smooth):
    pictures = {name: smooth(index) for index, name in enumerate(COVIDX)}
    source = make_source({**pictures, **{name: text.encode() for name, text in LISTS.items()}})
    with pytest.raises(UserError, match=r"train\.txt has no header line.*--path-column column2 --label-column column3"):
        prepare(source, target, SMALL)
    found = read(source, path_column="column2", label_column="column3", patient_column="column1")
    assert {(item.path.stem, item.label, item.patient, item.split) for item in found} >= {
        ("a", "COVID-19", "p1", "train"),
        ("g", "normal", "q1", "test"),
    }


def test_checksums_and_notes_are_no_tables_of_labels(make_source, target, pictures):
    sums = "".join(f"{index:032x}  {name}\n" for index, name in enumerate(pictures)).encode()
    flat = {f"films/{name.split('/')[1]}": picture for name, picture in pictures.items()}
    source = make_source({**flat, "SHA256SUMS.txt": sums, "README.txt": b"These are films of two hospitals.\n"})
    assert prepare(source, target, SMALL).count == len(pictures)


def test_rows_that_begin_file_names_match_and_keep_their_files_together(make_source):
    names = [f"OAS1_000{n}_MR1_mpr_{k}.nii" for n in (1, 2) for k in (1, 2)]
    table = b"ID,M/F,CDR\nOAS1_0001_MR1,F,0\nOAS1_0002_MR1,M,0.5\n"
    found = read(make_source({**dict.fromkeys(names, b""), "oasis.csv": table}), path_column="ID", label_column="CDR")
    assert [(item.path.name, item.label, item.patient) for item in found] == [
        (name, label, f"OAS1_000{n}_MR1")
        for name, label, n in zip(names, ("0", "0", "0.5", "0.5"), (1, 1, 2, 2), strict=True)
    ]


def test_rows_with_a_word_behind_match_their_folder(make_source):
    table = b"id,Negative,Typical\nab1_study,1,0\ncd2_study,0,1\n"
    found = read(
        make_source({"train/ab1/x/1.png": b"", "train/cd2/y/2.png": b"", "t.csv": table}),
        path_column="id",
        label_column="Negative,Typical",
    )
    assert [item.label for item in found] == ["Negative", "Typical"]


def test_files_in_several_folders_that_begin_alike_are_not_given_one_row(make_source):
    files = {f"p{n}/view1_frontal.png": b"" for n in range(3)}
    with pytest.raises(UserError, match=r"no name in t\.csv is that of a file"):
        read(make_source({**files, "t.csv": b"image,label\nview1,x\nview2,y\n"}))


def test_series_that_rows_name_by_their_folder_stay_whole(make_source):
    source = make_source({})
    for n, series in enumerate((generate_uid(), generate_uid())):
        for k in range(3):
            path = source / f"ADNI/002_S_{n}/MP-RAGE/I{n}/{k}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            place = {"ImagePositionPatient": [0, 0, 3 - k], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
            write(path, np.full((8, 8), k, np.uint16), SeriesInstanceUID=series, PatientID="P", **place)
    table = b"Image Data ID,Subject,Group,Modality\nI0,002_S_0,CN,MRI\nI1,002_S_1,AD,MRI\n"
    (source / "adni.csv").write_bytes(table)
    found = read(source, path_column="Image Data ID", label_column="Group")
    assert [(item.label, item.patient, item.modality, len(item.paths)) for item in found] == [
        ("CN", "002_S_0", "MR", 3),
        ("AD", "002_S_1", "MR", 3),
    ]
    assert [path.name for path in found[0].paths] == ["2.dcm", "1.dcm", "0.dcm"]


def test_a_series_whose_files_have_different_rows_is_divided():
    entry = SourceImage((manifest.Path("/s/a.dcm"), manifest.Path("/s/b.dcm")), "a.dcm")
    parts = list(manifest.divide(manifest.Path("/s"), entry, {"a.dcm": "a", "b.dcm": "b"}))
    assert [(row, part.name, len(part.paths)) for row, part in parts] == [("a", "a.dcm", 1), ("b", "b.dcm", 1)]


def test_analyze_volumes_are_told_with_the_remedy(make_source):
    source = make_source({"m/1.img": b"", "m/1.hdr": b"", "oasis.csv": b"image,label\nm,x\n"})
    with pytest.raises(UserError, match=r"no image of a known format: got \.hdr \(1\), \.img \(1\).*to NIfTI"):
        read(source)


@pytest.mark.parametrize("column", ["label", "class", "target"])
def test_classes_called_by_numbers_are_told_with_the_way_to_name_them(make_source, column):
    table = f"image,{column}\na,0\nb,1\n".encode()
    source = make_source({"a.png": b"", "b.png": b"", "t.csv": table})
    listed = manifest.list_images(source, ReadOptions())
    assert {image.label for image in listed} == {"0", "1"}
    assert [line for line in listed.lines if '--map "0=NAME,1=NAME"' in line]
    named = manifest.list_images(source, ReadOptions(map="0=normal,1=pneumonia"))
    assert [image.label for image in named] == ["normal", "pneumonia"]
    assert not [line for line in named.lines if "NAME" in line]


def test_empty_fields_are_told_and_left_out_with_all_others(make_source):
    source = make_source({"a.png": b"", "b.png": b"", "c.png": b"", "t.csv": b"image,label\na,x\nb,\nc,y\n"})
    listed = manifest.list_images(source, ReadOptions())
    assert any("images without a class, since the field is empty: 1" in line for line in listed.lines)
    assert [item.fault for item in read(source, map="x=x,*=")] == ["", "left out by --map", "left out by --map"]
    assert gathered_rows.CONFLICT not in [item.fault for item in listed]


def test_the_labels_of_the_rsna_challenge_without_its_folder_are_read_as_a_table(make_source):
    table = b"patientId,x,y,width,height,Target\na-1,1,2,3,4,1\na-1,9,2,3,4,1\nb-2,,,,,0\n"
    source = make_source({"png/a-1.png": b"", "png/b-2.png": b"", "stage_2_train_labels.csv": table})
    assert find_layout(source)[0] == "patient_table"
    assert [item.label for item in read(source)] == ["1", "0"]
