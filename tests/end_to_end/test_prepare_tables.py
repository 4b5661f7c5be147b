"""`ganoscope prepare` on images beside tables: what a table says is taken, or refused with the option that takes it."""

from collections import Counter

import nibabel
import numpy as np
import pytest
from PIL import Image
from tests.fixtures.dicom_files import CT, write

from ganoscope.cli import execute
from ganoscope.data.store import Store

PATIENTS = range(8)
FIRST_ID = 20260070  # the IDs of patients, too long to turn up in a random salt
SLICES = 3


def draw(seed, size=40):
    """A picture of its own."""
    texture = np.random.default_rng(seed).integers(0, 255, (size // 4, size // 4))
    return texture.repeat(4, 0).repeat(4, 1).astype(np.uint8)


@pytest.fixture
def prepare(tmp_path, capfd):
    """The store of a folder, and what was printed."""

    def prepare(source, *options):
        target = tmp_path / "store"
        status = execute(["prepare", str(source), str(target), "--size", "32", "--workers", "1", *options])
        printed = capfd.readouterr().err
        return (Store.open(target) if status == 0 else None), printed

    return prepare


@pytest.fixture
def archive(tmp_path):
    """The export of a PACS: a scout and a volume of each patient, two volumes of the last; no folder is a class."""

    def save(patient, series, index, **attributes):
        folder = tmp_path / "archive" / f"PAT{patient:03d}" / f"SE{series}"
        folder.mkdir(parents=True, exist_ok=True)
        place = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "ImagePositionPatient": [0, 0, 2 * index]}
        ids = {
            "PatientID": f"00{FIRST_ID + patient}",
            "StudyInstanceUID": f"1.2.{patient}",
            "SeriesInstanceUID": f"1.2.{patient}.{series}",
            "AccessionNumber": f"A{patient}",
            "SOPInstanceUID": f"1.2.{patient}.{series}.{index}",
        }
        pixels = draw((patient, series, index)).astype(np.uint16) * 8
        spacing = {"PixelSpacing": [1, 1], "SliceThickness": 2, "InstanceNumber": index + 1}
        write(folder / f"IM{index}", pixels, **CT, **ids, **place, **spacing, **attributes)

    for patient in PATIENTS:
        save(patient, 1, 0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
        for series in (2, 3) if patient == PATIENTS[-1] else (2,):
            for index in range(SLICES):
                save(patient, series, index)
    (tmp_path / "archive" / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    return tmp_path / "archive"


def count_classes(store):
    return Counter(store.column("label").tolist())


def check_whole(store):
    """Every class, volume and patient of the archive is right."""
    assert count_classes(store) == {"cancer": 4 * SLICES, "control": 5 * SLICES}
    assert Counter(store.column("series").tolist()).most_common() == [
        (f"series-{number:06d}", SLICES) for number in range(1, 10)
    ]
    patients = store.column("patient").tolist()
    assert len(set(patients)) == len(set(zip(patients, store.column("label").tolist(), strict=True))) == len(PATIENTS)
    assert "" not in patients


IDS = {
    "Patient-ID": lambda patient: f"{FIRST_ID + patient}",  # without the zeros, as spreadsheets write it
    "Accession No.": lambda patient: f"a{patient}",
    "StudyInstanceUID": lambda patient: f"1.2.{patient}",
}


@pytest.mark.parametrize("column", IDS)
def test_rows_by_ids_of_headers_give_series_their_classes(archive, prepare, column):
    rows = "".join(f"{IDS[column](p)};{('cancer', 'control')[p % 2]};4{p}\n" for p in PATIENTS)
    (archive / "klinisch.csv").write_text(f"{column};Diagnose;Alter\n{rows}")
    store, printed = prepare(archive)
    check_whole(store)
    assert f"path from '{column}'" in printed
    assert "8 of 8 rows are a" in printed
    assert "in the headers of 35 files" in printed
    assert not any(str(PATIENTS[-1] + FIRST_ID).encode() in path.read_bytes() for path in store.path.iterdir())


def test_rows_by_series_and_an_unknown_column_that_is_stated(archive, prepare):
    rows = "".join(f"1.2.{p}.{s},g{s}\n" for p in PATIENTS for s in (2, 3) if s == 2 or p == PATIENTS[-1])
    (archive / "rows.csv").write_text(f"uid of stack,group\n{rows}")
    store, printed = prepare(archive, "--path-column", "uid of stack", "--label-column", "group")
    assert count_classes(store) == {"g2": len(PATIENTS) * SLICES, "g3": SLICES}
    assert "9 of 9 rows are a SeriesInstanceUID" in printed


def test_rows_by_folders_of_patients_keep_slices_of_a_series_in_one_volume(archive, prepare):
    rows = "".join(f"PAT{p:03d},{('cancer', 'control')[p % 2]}\n" for p in PATIENTS)
    (archive / "clinical.csv").write_text(f"patient,diagnosis\n{rows}")
    store, printed = prepare(archive)
    check_whole(store)
    assert "8 of 8 rows name folders, of 35 of 35 files" in printed


def test_ids_that_no_header_holds_are_refused_with_the_ways_to_name_images(archive, prepare):
    rows = "".join(f"X{p},cancer\n" for p in PATIENTS)
    (archive / "clinical.csv").write_text(f"Patient-ID,Diagnosis\n{rows}")
    store, printed = prepare(archive, "--path-column", "Patient-ID")
    assert store is None
    assert "rows say X0, files are PAT000/SE1/IM0" in printed
    assert "PatientID, AccessionNumber, StudyInstanceUID or SeriesInstanceUID" in printed


def test_a_study_column_does_not_replace_the_patients_of_headers(archive, prepare):
    rows = "".join(f"{FIRST_ID + p},1.2.{p // 2},{('cancer', 'control')[p % 2]}\n" for p in PATIENTS)
    (archive / "clinical.csv").write_text(f"Number,accession number,Diagnosis\n{rows}")
    store, _ = prepare(archive, "--path-column", "Number")
    check_whole(store)


def test_participants_of_bids_are_read_with_the_column_of_classes_alone(tmp_path, prepare):
    source = tmp_path / "bids"
    for subject in PATIENTS:
        folder = source / f"sub-{subject:02d}" / "anat"
        folder.mkdir(parents=True)
        volume = np.stack([draw((subject, index)) for index in range(SLICES)], 2).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), folder / f"sub-{subject:02d}_T1w.nii.gz")
    rows = "".join(f"sub-{p:02d}\t4{p}\t{('patient', 'control')[p % 2]}\n" for p in PATIENTS)
    (source / "participants.tsv").write_text(f"participant_id\tage\tgroup\n{rows}")
    (source / "dataset_description.json").write_text("{}")
    store, printed = prepare(source)
    assert store is None
    assert "--label-column group" in printed
    store, printed = prepare(source, "--label-column", "group")
    assert count_classes(store) == {"patient": 4 * SLICES, "control": 4 * SLICES}
    assert len(set(store.column("patient").tolist())) == len(PATIENTS)
    assert "8 of 8 rows match" in printed


def save_films(source, films, **tables):
    """Writes pictures of their own, and tables."""
    for seed, film in enumerate(films):
        (source / film).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(seed)).save(source / film)
    for name, text in tables.items():
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    return source


FILMS = [f"{('Normal', 'Pneumonia')[n % 2]}/film{n:02d}.png" for n in range(24)]
DETAILS = "Dateiname;Patienten-Nr.;Projektion{}\n"
WORDS = {"Normal": "unauffällig", "Pneumonia": "Pneumonie"}


def make_rows(last, films=FILMS):
    """Rows of two films for each patient, in two folders; `last` returns what stands last in the row of a film."""
    return "".join(f"film{n:02d}.png;{100 + n // 2};p.a.{last(film, n)}\n" for n, film in enumerate(films))


def count_patients(store):
    """Number of images of each patient, by that number."""
    return Counter(Counter(store.column("patient").tolist()).values())


def test_a_table_without_classes_gives_patients_beside_class_folders(tmp_path, prepare):
    source = save_films(tmp_path / "films", FILMS, Metadaten=DETAILS.format("") + make_rows(lambda film, n: ""))
    store, printed = prepare(source)
    assert count_classes(store) == {"Normal": 12, "Pneumonia": 12}
    assert count_patients(store) == {2: 12}
    assert "patient from 'Patienten-Nr.'" in printed
    assert "24 of 24 rows match one of 24 files each" in printed
    assert "not read as a list of images" not in printed


def test_a_column_of_patients_that_is_stated_needs_no_column_of_classes(tmp_path, prepare):
    rows = "film,chart,weight\n" + "".join(f"film{n:02d},k{n // 2},{n}\n" for n in range(24))
    source = save_films(tmp_path / "films", FILMS, visits=rows)
    store, printed = prepare(source, "--path-column", "film", "--patient-column", "chart")
    assert count_classes(store) == {"Normal": 12, "Pneumonia": 12}
    assert count_patients(store) == {2: 12}
    assert "patient from 'chart'" in printed


def test_a_table_that_matches_no_image_is_told_and_not_used(tmp_path, prepare):
    source = save_films(tmp_path / "films", FILMS, others="image,patient\n" + "".join(f"x{n},p\n" for n in range(24)))
    store, printed = prepare(source)
    assert count_patients(store) == {24: 1}
    assert "not read as a list of images" in printed


def test_classes_of_folders_and_table_in_other_words_are_those_of_the_table(tmp_path, prepare):
    rows = make_rows(lambda film, n: f";{WORDS[film.split('/')[0]]}")
    store, _ = prepare(save_films(tmp_path / "films", FILMS, Metadaten=DETAILS.format(";Befund") + rows))
    assert count_classes(store) == {"unauffällig": 12, "Pneumonie": 12}
    assert count_patients(store) == {2: 12}


@pytest.fixture
def disagreeing(tmp_path):
    """Films of which one is of another class by the table than by its folder."""
    rows = make_rows(lambda film, n: f";{film.split('/')[0] if n != 3 else 'Normal'}")
    return save_films(tmp_path / "films", FILMS, Metadaten=DETAILS.format(";Befund") + rows)


def test_classes_of_folders_and_table_that_contradict_each_other_are_refused(disagreeing, prepare):
    store, printed = prepare(disagreeing)
    assert store is None
    assert "disagree about the class of 1 of 24 images" in printed
    assert "Pneumonia/film03.png, 'Pneumonia' by its folder and 'Normal' by the column 'Befund'" in printed
    assert '--label-column "Befund"' in printed
    assert "--levels class " in printed


@pytest.mark.parametrize(
    ("options", "classes"),
    [
        (("--label-column", "Befund"), {"Normal": 13, "Pneumonia": 11}),
        (("--levels", "class"), {"Normal": 12, "Pneumonia": 12}),
        (("--layout", "folders"), {"Normal": 12, "Pneumonia": 12}),
    ],
)
def test_what_the_user_states_settles_the_class(disagreeing, prepare, options, classes):
    store, _ = prepare(disagreeing, *options)
    assert count_classes(store) == classes
    assert count_patients(store) == ({24: 1} if "--layout" in options else {2: 12})


def test_folders_of_hospitals_do_not_contradict_a_table(tmp_path, prepare):
    films = [f"Klinik {'AB'[n % 3 == 0]}/film{n:02d}.png" for n in range(24)]
    rows = make_rows(lambda film, n: f";{('krank', 'gesund')[n % 2]}", films)
    store, _ = prepare(save_films(tmp_path / "films", films, Metadaten=DETAILS.format(";Befund") + rows))
    assert count_classes(store) == {"krank": 12, "gesund": 12}


def test_masks_in_a_folder_of_any_name_are_stated_beside_a_table(tmp_path, prepare):
    films = [f"{folder}/film{n:02d}.png" for folder in ("films", "drawn") for n in range(24)]
    rows = make_rows(lambda film, n: f";{('krank', 'gesund')[n % 2]}", films[:24])
    source = save_films(tmp_path / "films", films, Metadaten=DETAILS.format(";Befund") + rows)
    store, printed = prepare(source)
    assert store is None
    assert "state folders of masks with --masks or --anatomy" in printed
    store, _ = prepare(source, "--anatomy", "drawn")
    assert count_classes(store) == {"krank": 12, "gesund": 12}
    assert len(store.anatomy) == 24
    assert set(store.column("view").tolist()) == {"PA"}


def test_classes_in_names_of_files_are_pointed_out_and_taken_by_a_pattern(tmp_path, prepare):
    source = save_films(tmp_path / "films", [f"{('normal', 'pneumonia')[n % 2]}_{n:03d}.png" for n in range(24)])
    store, printed = prepare(source, "--class-pattern", "(covid)")
    assert store is None
    assert "--class-pattern matches none of 24 images" in printed
    store, printed = prepare(source, "--class-pattern", "^([a-z]+)_")
    assert count_classes(store) == {"normal": 12, "pneumonia": 12}
    assert "--class-pattern matched 24 of 24 images: " in printed


def test_names_of_files_without_classes_get_a_hint(tmp_path, prepare):
    source = save_films(tmp_path / "films", [f"{('normal', 'pneumonia')[n % 2]}_{n:03d}.png" for n in range(24)])
    _, printed = prepare(source)
    assert "hint: the images have no classes, but names of 24 files hold one of 2 words that may be" in printed


def test_persons_and_second_statements_are_refused_for_patterns_as_for_folders(tmp_path, prepare):
    source = save_films(tmp_path / "films", [f"Smith_Jane_1963041{n % 3}_{n:03d}.png" for n in range(24)])
    store, printed = prepare(source, "--class-pattern", "^(.*)_")
    assert store is None
    assert "look like persons, and a store names no person" in printed
    store, printed = prepare(source, "--class-pattern", "^(.*)_", "--levels", "class")
    assert "the class is stated twice: got --class-pattern and --levels class" in printed


def test_a_pattern_of_classes_leaves_the_patients_of_a_table(tmp_path, prepare):
    films = [f"{('normal', 'pneumonia')[n % 2]}/film{n:02d}.png" for n in range(24)]
    rows = make_rows(lambda film, n: ";x", films)
    source = save_films(tmp_path / "films", films, Metadaten=DETAILS.format(";Befund") + rows)
    store, _ = prepare(source, "--class-pattern", "^([a-z]+)/")
    assert count_classes(store) == {"normal": 12, "pneumonia": 12}
    assert count_patients(store) == {2: 12}


def test_tables_with_the_same_columns_are_told_once(tmp_path, prepare):
    films = [f"{('train', 'valid')[n % 3 == 0]}/patient{n:03d}/study1/view.png" for n in range(24)]
    head = "Path,Sex,Edema,No Finding\n"
    tables = {
        split: head + "".join(f"set/{film},F,{n % 2},\n" for n, film in enumerate(films) if film.startswith(split))
        for split in ("train", "valid")
    }
    store, printed = prepare(save_films(tmp_path / "films", films, **tables))
    assert store is None
    assert printed.count("lacks columns: 'label'") == 1
    assert "The same holds for valid.csv, with the same columns." in printed
    store, printed = prepare(tmp_path / "films", "--label-column", "Edema", "--map", "1=edema,0=none")
    assert count_classes(store) == {"edema": 12, "none": 12}


def test_a_workbook_beside_the_images_is_called_one(tmp_path, prepare):
    source = save_films(tmp_path / "films", FILMS)
    (source / "Übersicht.xlsx").write_bytes(b"PK\x03\x04")
    store, printed = prepare(source)
    assert count_classes(store) == {"Normal": 12, "Pneumonia": 12}
    assert "hint: Übersicht.xlsx is a workbook, which is not read" in printed
    assert "save its sheet as CSV" in (store.path / "quarantine.csv").read_text(encoding="utf-8")


def test_images_without_a_class_are_called_so_and_reasons_are_told_once(tmp_path, capfd):
    rows = "".join(f"film{n:02d}.png,{('', 'sick', 'well')[n % 3]}\n" for n in range(24))
    source = save_films(tmp_path / "films", [f"film{n:02d}.png" for n in range(25)], labels=f"image,label\n{rows}")
    assert execute(["prepare", str(source), "--check-only", "--size", "32", "--workers", "1"]) == 0
    captured = capfd.readouterr()
    printed = captured.out + captured.err
    assert "no class" in printed
    assert "few held-out images of some classes: " in printed
    assert not any(f"{count}  in" in printed for count in range(9))
    assert printed.count("an image without a row in the CSV") == 1
