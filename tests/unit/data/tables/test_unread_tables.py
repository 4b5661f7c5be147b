"""Tables that are not read: told with what they lack, refused where they hold the only labels."""

import pytest
from tests.fixtures.prepared import SMALL

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare

SIIM = "ImageId, EncodedPixels\n" + "".join(f"film_{n:03d}, -1\n" for n in range(12))


@pytest.fixture
def films(smooth):
    return {f"films/film_{n:03d}.png": smooth(n) for n in range(12)}


def test_the_only_labels_are_not_passed_over(make_source, target, films):
    source = make_source({**films, "train-rle.csv": SIIM.encode()})
    with pytest.raises(UserError) as error:
        prepare(source, target, SMALL)
    message = str(error.value)
    assert "a table lists these images, and no folder tells their classes" in message
    assert "Found: 'ImageId', 'EncodedPixels'" in message
    assert "--label-column NAME" in message
    assert "Or give --layout folders" in message
    assert not target.exists()
    assert prepare(source, target, PrepareConfig(size=16, layout="folders")).count == 12


def test_a_column_that_fits_is_named(make_source, target, films):
    text = "scan no.,kind,edema\n" + "".join(f"film_{n:03d},{'ab'[n % 2]},{n % 2}\n" for n in range(12))
    source = make_source({**films, "t.csv": text.encode()})
    with pytest.raises(UserError, match=r"'scan no\.' holds the names of 12 files: --path-column .*finding: 'edema'"):
        prepare(source, target, SMALL)
    store = prepare(source, target, PrepareConfig(size=16, path_column="scan no.", label_column="kind"))
    assert set(store.column("label").tolist()) == {"a", "b"}


def test_a_table_beside_class_folders_is_told_and_left_aside(make_source, target, pictures, capfd):
    source = make_source(
        {**pictures, "COVID.csv": b"FILE NAME,FORMAT\nscan00,PNG\nscan01,PNG\n", "notes.csv": b"a,b\n1,2\n"}
    )
    assert prepare(source, target, SMALL).count == 12
    told = capfd.readouterr().err
    assert "not read as a list of images" in told
    assert "Found: 'a', 'b'" in told


def test_a_table_without_header_beside_folders_is_told(make_source, target, pictures, capfd):
    prepare(make_source({**pictures, "train_image_paths.csv": b"MURA-v1.1/train/sick/scan01.png\n"}), target, SMALL)
    assert "train_image_paths.csv has no header line" in capfd.readouterr().err


def test_faults_of_folders_name_the_table_that_could_help(make_source, target, smooth):
    films = {f"patient{n:05d}/study1/view.png": smooth(n) for n in range(24)}
    rows = "".join(f"set/patient{n:05d}/study1/view.png,{n % 2}\n" for n in range(24))
    source = make_source({**films, "train.csv": f"Path,Edema\n{rows}".encode()})
    with pytest.raises(UserError, match=r"(?s)lacks columns: 'label'.*--label-column"):
        prepare(source, target, SMALL)
    options = PrepareConfig(size=16, label_column="Edema", map="1=edema,0=none")
    store = prepare(source, target, options)
    assert len(set(store.column("patient").tolist())) == 24
    assert set(store.column("label").tolist()) == {"edema", "none"}


def test_a_spreadsheet_does_not_disturb(make_source, target, pictures, capfd):
    store = prepare(make_source({**pictures, "COVID.metadata.xlsx": b"PK\x03\x04"}), target, SMALL)
    assert store.count == 12


def test_a_table_without_names_of_files_is_not_asked_for_labels(make_source, target, pictures, capfd):
    prepare(make_source({**pictures, "clinical.csv": b"Patient,gender\nscan,1\nother,0\n"}), target, SMALL)
    told = capfd.readouterr().err
    assert "clinical.csv has no column with names of files or folders of the source" in told
    assert "--label-column" not in told


def test_advice_on_a_missing_header_fits_the_number_of_columns(make_source, target, pictures, capfd):
    tables = {"train_images.csv": b"a/b/image1.png\n", "train_labels.csv": b"a/b/study1/,0,x\n"}
    prepare(make_source({**pictures, **tables}), target, SMALL)
    told = capfd.readouterr().err
    assert "nothing of it is needed" in told
    assert "Its columns are called column1 to column3" in told
