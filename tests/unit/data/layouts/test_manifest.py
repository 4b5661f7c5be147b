"""The CSV layout: every row and every picture is accounted for once; nothing is guessed, replaced or dropped."""

import os
import unicodedata

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ganoscope.data.layouts import find_layout, folders, manifest
from ganoscope.data.levels.mask_names import may_be_mask
from ganoscope.data.picture import ReadOptions
from ganoscope.data.source import walk
from ganoscope.data.tables import gathered_rows
from ganoscope.errors import UserError

FULL = """path,label,patient,split,modality,view,boxes,mask
img/1.png,sick,A,train,dx,pa,1 2 30 40; 5.5 6 7 8,masks/1.png
img/2.png,well,B,Validation,,,,
img/3.png,well,C,TEST,CT,Axial,,
img/4.png,,,,,,,
"""


@pytest.fixture
def make(make_source):
    def make_folder(csv, *files, name="manifest.csv", folder="source"):
        content = csv if isinstance(csv, bytes) else csv.encode()
        return make_source({**dict.fromkeys(files, b""), name: content}, folder=folder)

    return make_folder


def entries(source):
    name, layout = find_layout(source)
    assert name == "manifest"
    return list(layout.list_images(source, ReadOptions()))


def faults(source):
    return {item.name: item.fault for item in entries(source) if item.fault}


def test_every_column_is_taken(make):
    source = make(FULL, "img/1.png", "img/2.png", "img/3.png", "img/4.png", "masks/1.png")
    one, two, three, four = entries(source)
    assert (one.paths, one.name, one.label, one.patient) == ((source / "img/1.png",), "img/1.png", "sick", "A")
    assert (one.split, one.modality, one.view) == ("train", "DX", "PA")
    assert (one.boxes, one.mask) == (((1, 2, 30, 40), (5.5, 6, 7, 8)), (source / "masks/1.png",))
    assert (two.split, two.mask, two.boxes) == ("validation", (), ())
    assert (three.split, three.modality, three.view) == ("test", "CT", "axial")
    assert (four.label, four.patient, four.split) == ("", "", "")
    assert not faults(source)


@pytest.mark.parametrize("name", ["manifest.csv", "Manifest.CSV", "any.csv", "any.tsv"])
@pytest.mark.parametrize("header", ["path\tlabel\tpatient", "Filename\tClass\tPatient ID", "IMAGE\ttarget\tSubject-ID"])
def test_names_in_use_for_file_and_columns_are_understood(make, name, header):
    source = make(f"{header}\n1.png\tsick\tA\n", "1.png", name=name)
    (item,) = entries(source)
    assert (item.label, item.patient, item.fault) == ("sick", "A", "")


def test_rows_without_image_and_images_without_row_are_both_listed(make):
    source = make("path,label\na.png,x\ngone.png,x\n", "a.png", "new.png", "sub/new.dcm", "sub/bare", "notes.txt")
    assert faults(source) == {
        "gone.png": manifest.NO_IMAGE,
        "new.png": manifest.NO_ROW,
        "sub/new.dcm": manifest.NO_ROW,
        "sub/bare": manifest.NO_ROW,
    }
    assert [item.name for item in entries(source) if not item.fault] == ["a.png"]


def test_windows_paths_detours_and_other_forms_of_letters_find_their_file(make):
    decomposed = unicodedata.normalize("NFD", "ärm.png")
    source = make("path;label\nimg\\a.png;x\n.\\img\\..\\b.png;x\n./ärm.png;x\n", "img/a.png", "b.png", decomposed)
    assert not faults(source)
    assert {item.path.name for item in entries(source)} == {"a.png", "b.png", decomposed}
    assert all(item.path.exists() for item in entries(source))


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/etc/passwd", "absolute path"),
        ("C:\\scans\\a.png", "absolute path"),
        ("\\\\server\\share\\a.png", "absolute path"),
        ("../secret.png", "leads out"),
        ("img/../../secret.png", "leads out"),
        ("img\\..\\..\\secret.png", "leads out"),
        ("", "without a path"),
    ],
)
def test_paths_that_leave_the_source_are_faults_and_never_touched(make, tmp_path, path, fault):
    (tmp_path / "secret.png").write_bytes(b"")
    source = make(f"path,label\na.png,x\n{path},x\n", "a.png")
    taken, refused = entries(source)
    assert (taken.fault, refused.name) == ("", "row 2")
    assert fault in refused.fault
    assert refused.path.parent == source
    assert "secret" not in refused.fault


def test_repeated_rows_count_once_and_contradictions_are_faults(make):
    source = make("path,label\na.png,x\na.png,x\n./a.png,x\nb.png,x\nb.png,y\nb.png,x\n", "a.png", "b.png")
    assert faults(source) == {"b.png": gathered_rows.CONFLICT}
    assert len(entries(source)) == 2


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("split", "trian", "unknown split"),
        ("split", "1", "unknown split"),
        ("boxes", "1 2 3", "boxes in another form"),
        ("boxes", "1 2 0 4", "boxes in another form"),
        ("boxes", "1 2 x 4; 1 2 3 4", "boxes in another form"),
        ("boxes", "1 2 nan 4", "boxes in another form"),
        ("mask", "../m.png", "a mask that is no file in the source"),
        ("mask", "gone.png", "mask can't be taken: it does not exist"),
        ("mask", "sub", "mask can't be taken: a link to a folder"),
    ],
)
def test_values_that_are_not_allowed_are_faults_that_do_not_repeat_them(make, column, value, fault):
    source = make(f'path,label,{column}\na.png,x,"{value}"\nb.png,x,\n', "a.png", "b.png", "sub/.hidden")
    (text,) = faults(source).values()
    assert fault in text
    assert "Doe" not in text


def test_all_faults_of_a_row_are_told_at_once(make):
    source = make("path,label,split,boxes\na.png,x,maybe,1 2\nb.png,x,,\n", "a.png", "b.png")
    assert "unknown split" in faults(source)["a.png"]
    assert "boxes in another form" in faults(source)["a.png"]


@pytest.mark.parametrize(
    ("view", "modality", "kept"),
    [
        ("AP Supine", "X-ray", ("AP Supine", "X-ray")),
        ("L", "mri", ("L", "MR")),
        ("pa", "ultrasound", ("PA", "ultrasound")),
        ('"Doe, John"', "Doe^John", ("", "")),
    ],
)
def test_an_unknown_view_or_modality_does_not_cost_the_image(make, view, modality, kept):
    (item,) = entries(make(f"path,label,view,modality\na.png,x,{view},{modality}\n", "a.png"))
    assert (item.view, item.modality, item.fault) == (*kept, "")


def test_links_out_of_the_source_are_faults_for_images_and_masks(make, tmp_path):
    (tmp_path / "outside.png").write_bytes(b"")
    source = make("path,label,mask\na.png,x,\nb.png,x,m.png\nc.png,x,in.png\n", "b.png", "c.png", "real.png")
    for link, target in (
        ("a.png", tmp_path / "outside.png"),
        ("m.png", tmp_path / "outside.png"),
        ("in.png", "real.png"),
    ):
        (source / link).symlink_to(target)
    assert faults(source) == {
        "a.png": walk.OUTSIDE,
        "b.png": f"its mask can't be taken: {walk.OUTSIDE}",
        "real.png": manifest.NO_ROW,
    }


def test_csv_files_that_are_links_out_of_the_source_or_broken_are_not_read(make_source, tmp_path):
    (tmp_path / "outside.csv").write_text("path,label\na.png,x\n")
    source = make_source({"c/a.png": b""})
    for name, target in (("manifest.csv", tmp_path / "outside.csv"), ("loop.csv", "loop.csv"), ("gone.csv", "nowhere")):
        (source / name).symlink_to(target)
    assert not manifest.matches(source)


def test_a_store_is_not_taken_for_a_source(make_store):
    store = make_store([{}, {}])
    with pytest.raises(UserError, match="is a store already"):
        entries(store.path)


def test_a_manifest_without_needed_columns_is_refused_not_ignored(make):
    source = make("file;lesion kind;age\na.png;x;4\n", "a.png")
    with pytest.raises(UserError, match=r"lacks columns: 'label'\. Found: 'file', 'lesion kind'.*--label-column"):
        entries(source)


def test_misspelt_and_ambiguous_columns_are_refused_together(make):
    source = make("class,target,path,pateint\ny,z,a.png,A\n", "a.png")
    with pytest.raises(UserError) as error:
        entries(source)
    assert "several columns for label: 'class', 'target'. Rename one of them to label, or give" in str(error.value)
    assert "no column patient, but a similar one: 'pateint'" in str(error.value)


def test_a_column_of_the_plain_name_goes_before_other_names_for_it(make):
    (item,) = entries(make("image,path,class,label\nno.png,a.png,wrong,right\n", "a.png"))
    assert item.label == "right"


def test_two_csv_files_that_could_be_meant_are_refused(make, make_source):
    make("path,label\na.png,x\n", "a.png", name="one.csv")
    source = make_source({"two.csv": b"file,class\na.png,y\n", "other.csv": b"age,sex\n1,2\n"})
    with pytest.raises(
        UserError, match=r"(?s)got 2 .*allowed: one.*State the right one with --table, or rename it to manifest\.csv"
    ):
        entries(source)
    (source / "manifest.csv").write_text("path,label\na.png,z\n")
    assert [item.label for item in entries(source)] == ["z"]


@pytest.mark.parametrize("csv", [b"picture,diagnosis\nx/a.png,sick\n", "path,label\nx/a.png,y\n".encode("utf-16-le")])
@pytest.mark.parametrize(("image", "expected"), [("x/a.png", "folders"), ("x/a.nii.gz", "nifti_folder")])
def test_a_csv_without_such_columns_does_not_make_a_manifest_and_is_told_why(make, csv, image, expected):
    source = make(csv, image, name="Doe.csv")
    name, layout = find_layout(source)
    assert name == expected
    table, picture = layout.list_images(source, ReadOptions())
    assert (table.name, table.fault, picture.fault) == ("Doe.csv", walk.TABLE, "")


def test_a_csv_beside_the_images_of_a_class_is_not_taken_for_a_manifest(make):
    source = make("a,b\n1,2\n", "x/a.png", name="x/notes.csv")
    assert [item.name for item in folders.list_images(source, ReadOptions()) if not item.fault] == ["x/a.png"]


NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/\\:"), min_size=1, max_size=8)
FILES = NAMES.map(lambda name: f"{unicodedata.normalize('NFC', name).strip().strip('.') or 'a'}.png").filter(
    lambda name: not may_be_mask((), name)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(listed=st.sets(FILES, max_size=6), present=st.sets(FILES, max_size=6))
def test_every_row_and_every_picture_appears_exactly_once(tmp_path_factory, listed, present):
    source = tmp_path_factory.mktemp("source")
    present = {name for name in present if len(os.fsencode(name)) < 200}
    for name in present:
        (source / name).write_bytes(b"")
    rows = "".join('"{}";x\n'.format(name.replace('"', '""')) for name in sorted(listed))
    (source / "manifest.csv").write_text(f"path;label\n{rows}", encoding="utf-8")
    alike = {name.casefold() for name in listed} & {name.casefold() for name in present}
    assume(len(alike) == len(listed & present))
    if listed and present and not alike:
        with pytest.raises(UserError, match=r"no name in manifest\.csv is that of a file"):
            manifest.list_images(source, ReadOptions())
        return
    items = list(manifest.list_images(source, ReadOptions()))
    found = {item.path.name: item.fault for item in items}
    assert len(items) == len(listed | present)
    assert {name for name, fault in found.items() if not fault} == listed & present
    assert {name for name, fault in found.items() if fault == manifest.NO_IMAGE} == listed - present
    assert {name for name, fault in found.items() if fault == manifest.NO_ROW} == present - listed


def test_rows_that_name_folders_stand_for_all_images_below(make):
    files = [f"set/train/p{p}/study1/image{i}.png" for p in range(3) for i in (1, 2)]
    source = make("path,label\n" + "".join(f"set/train/p{p}/study1/,{'ab'[p % 2]}\n" for p in range(3)), *files)
    listed = manifest.list_images(source, ReadOptions())
    assert "3 of 3 rows name folders, of 6 of 6 files" in listed.lines
    assert [(item.label, item.fault) for item in listed] == [(label, "") for label in "aabbaa"]


def test_a_view_that_is_not_kept_is_told(make):
    listed = manifest.list_images(make("path,label,view\na.png,x,sunny\nb.png,x,PA\n", "a.png", "b.png"), ReadOptions())
    assert any("not kept, as they may be names: 1 rows, such as sunny" in line for line in listed.lines)
