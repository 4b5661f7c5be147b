"""The inspection page: what it shows of each table, what it says where there is nothing, escaping, self-containment."""

import base64
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.made_up_stores import write_store
from tests.fixtures.pages import Page, section, words

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.data.checks import CHECKS
from ganoscope.data.inspection import brightness
from ganoscope.data.picture import PADDING_HU
from ganoscope.errors import UserError
from ganoscope.figures.contact_sheet import save_contact_sheet
from ganoscope.files.tables import save_csv
from ganoscope.reports.store.artefacts import read_evidence
from ganoscope.reports.store.marked_pictures import draw_thumbnail, parse_boxes
from ganoscope.reports.store.page import save_inspection
from ganoscope.workflows import inspect as workflow

SECTIONS = ["alarms", "store", "classes", "counts", "patients", "duplicates", "shortcuts", "markers", "geometry",
            "intensities", "unusual", "series", "not_taken", "privacy", "settings", "limits"]  # fmt: skip
PAIR_COLUMNS = ("first", "second", "relation", "correlation")
SERIES_COLUMNS = ("series", "modality", "slices", "spacing_between_mm", "thickness_mm", "missing", "problems")
NASTY = '<script>alert("x")</script> $\\frac{$ & `code`'


def inspect(store):
    text = workflow.inspect(store.path).page.read_text(encoding="utf-8")
    return text, Page(text)


def read_outcomes(text):
    """Outcomes by what was looked for, limits left out."""
    found = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]*)</td>', section(text, "alarms"))
    return {looked_for.partition(" (")[0]: outcome for looked_for, outcome in found}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A store with something in every section, and its page."""
    rows = [{"searched": True} for _ in range(24)]
    for index in range(0, 12, 2):
        rows[index] |= {"source_split": "train"}
        rows[index + 1] |= {"source_split": "test", "label": "well"}
    rows[13] |= {"markers": "2 3 4 5; 10 10 2 2"}
    rows[14] |= {"coloured": True}
    for index, row in enumerate(rows):
        row |= {"height_px": 100 + index, "width_px": 120, "spacing_mm": f"0.{index + 1} x 0.5", "boxes": "1 1 4 4"}
    for index in (16, 17, 18):
        rows[index] |= {"patient": "patient-many", "group": "group-many", "split": "train"}
    quarantine = [(f"file-{900 + n:07d}", "header cut off") for n in range(30)] + [("file-0000990", "no pixels")]
    store = write_store(tmp_path_factory.mktemp("full") / "store", rows, quarantine=quarantine)
    pairs = [(f"id-{2 * n}", f"id-{2 * n + 1}", "mirrored left to right", 0.99) for n in range(6)]
    pairs += [("id-16", "id-17", "exact copy", 1.0)]
    save_csv(store.path / "duplicates.csv", PAIR_COLUMNS, [dict(zip(PAIR_COLUMNS, p, strict=True)) for p in pairs])
    series = [
        ("series-000001", "CT", 9, "2.5", "2.5", 0, ""),
        ("series-000002", "CT", 7, "1.000", "2", 3, "slices overlap"),
    ]
    save_csv(store.path / "series.csv", SERIES_COLUMNS, [dict(zip(SERIES_COLUMNS, s, strict=True)) for s in series])
    alarms = [
        Alarm("burnt_in_markers", "note", "letters.", {"images": 1}),
        Alarm("split_crossing", "danger", "crossing.", {"groups": 2}),
        Alarm("exact_copies", "warning", "copies.", {"copies": 1}),
    ]
    save_alarms(store.path / "alarms.json", alarms)
    return store, *inspect(store)


def test_page_has_all_sections_in_order_and_contents_lead_to_them(full):
    _, text, page = full
    assert re.findall(r'<h2 id="([^"]+)"', text) == SECTIONS
    assert page.faults == []
    assert page.open == []
    assert {link for link in page.links if link.startswith("#")} == {f"#{name}" for name in SECTIONS} - {"#"}
    assert len(page.ids) == len(set(page.ids))


def test_page_loads_nothing_from_elsewhere_and_runs_nothing(full):
    _, text, page = full
    assert all(source.startswith("data:image/") for source in page.loads)
    assert all(link.startswith("#") for link in page.links)
    assert "<script" not in text
    assert "@import" not in text
    assert "http" not in re.sub(r'src="[^"]+"', "", text)


def test_every_picture_has_an_alternative_text_and_every_heading_a_scope(full):
    _, _, page = full
    assert len(page.pictures) > 20
    assert all(picture["alt"].strip() for picture in page.pictures)
    assert set(page.headings) <= {"col", "row", "colgroup"}


def test_alarms_come_first_gravest_first_with_links_to_their_evidence(full):
    _, text, _ = full
    alarms = section(text, "alarms")
    positions = [alarms.index(message) for message in ("Crossing.", "Copies.", "Letters.")]
    assert positions == sorted(positions)
    assert re.search(r'Copies\.\s*<span class="see">Evidence: <a href="#duplicates">', alarms)
    assert text.index("<h2") == text.index('<h2 id="alarms">')


def test_what_was_looked_for_tells_alarms_from_none(full):
    _, text, _ = full
    outcomes = read_outcomes(text)
    assert outcomes["Exact copies"] == "1 warning."
    assert outcomes["Colour reduced to grey"] == "No alarm."
    assert len(outcomes) == len(CHECKS)


def test_what_cannot_be_looked_for_has_no_verdict(tmp_path):
    text, _ = inspect(write_store(tmp_path / "store", [{"label": "", "patient": ""} for _ in range(6)]))
    outcomes = read_outcomes(text)
    assert outcomes["Burnt-in text or markers"] == "Not looked for: no picture is large enough."
    assert outcomes["Metadata that reveals the class"] == "Not looked for: there are not two classes."
    assert outcomes["Two persons under one patient id"] == "Not looked for: no patient id is known."
    assert outcomes["Exact copies"] == "No alarm."


def test_duplicates_are_counted_and_shown_in_pairs_with_both_labels_and_splits(full):
    _, text, _ = full
    part = section(text, "duplicates")
    table = words(part)
    assert "mirrored left to right 6 6 0 0 0.990" in table
    assert "exact copy 1 0 0 1 1.000" in table
    assert part.count("<figure>") == 7
    assert 'alt="Two images side by side, exact copy. Left: well, train, id-16. Right: sick, train, id-17."' in part
    assert "across source splits" in part
    assert part.count(">different labels</b>") == 1


def test_counts_are_by_class_and_split_with_patients_and_groups(full):
    store, text, _ = full
    cells = re.search(r'<th scope="row">All</th>(.*?)</tr>', section(text, "counts"), re.DOTALL)[1]
    numbers = [int(cell) for cell in re.findall(r">(\d+)</td>", cells)]
    splits, patients = store.column("split"), store.column("patient")
    for part, split in enumerate(("train", "validation", "test")):
        assert numbers[3 * part] == (splits == split).sum()
        assert numbers[3 * part + 1] == len(set(patients[splits == split]))
    assert numbers[9:] == [24, 22, 22]


def test_source_splits_are_set_against_the_stores_own(full):
    assert re.search(r"test \d+ \d+ \d+ 6 train \d+ \d+ \d+ 6", words(section(full[1], "counts")))


def test_markers_are_boxed_in_red_and_counted_by_class(full):
    store, text, _ = full
    part = section(text, "markers")
    assert re.search(r"sick 6 1 16\.7%", words(part))
    picture = draw_thumbnail(read_evidence(store, store.path / "inspect_data"), 13, 160, marks=parse_boxes("2 3 4 5"))
    red = np.all(np.asarray(picture) == (255, 59, 48), axis=2)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert (columns[0], rows[0], columns[-1], rows[-1]) == (19, 29, 60, 80)


def test_series_with_missing_slices_come_first(full):
    table = words(section(full[1], "series"))
    assert "series-000002 CT 7 1 2 3 slices overlap series-000001 CT 9 2.5 2.5 0 none" in table
    assert "2 series; 1 with problems; 3 slices missing" in table


def test_reasons_for_files_not_taken_are_counted_and_their_numbers_listed_in_part(full):
    table = words(section(full[1], "not_taken"))
    assert "31 files were not taken" in table
    assert re.search(r"header cut off 30 file-0000900, .*file-0000919 and 10 more no pixels 1 file-0000990", table)


def test_shortcuts_and_source_geometry_are_shown_by_class(full):
    _, text, _ = full
    assert "image size" in words(section(text, "shortcuts"))
    pictures = Page(section(text, "geometry")).pictures
    assert "width / height of the source" in pictures[0]["alt"]
    assert "pixel spacing" in pictures[0]["alt"]


def test_colour_pictures_and_extremes_are_shown(full):
    part = section(full[1], "unusual")
    for title in ("Darkest", "Brightest", "Least varied", "Most varied", "Were in colour"):
        assert f"<h3>{title}</h3>" in part


def test_empty_sections_say_so(tmp_path):
    rows = [{"label": "", "patient": "", "group": f"group-{n}"} for n in range(6)]
    text, page = inspect(write_store(tmp_path / "store", rows))
    assert re.findall(r'<h2 id="([^"]+)"', text) == SECTIONS
    for anchor, sentence in {
        "patients": "unknown for all 6 images",
        "duplicates": "Not looked for",
        "shortcuts": "not two classes",
        "markers": "None were found",
        "series": "no volumes",
        "not_taken": "Every file was taken",
        "settings": "has no record of how it was prepared",
        "unusual": "No source picture was in colour",
    }.items():
        assert sentence in words(section(text, anchor))
    assert "without labels" in page.text


def test_a_store_without_alarm_file_is_not_called_free_of_alarms(tmp_path):
    store = write_store(tmp_path / "store", [{} for _ in range(6)])
    (store.path / "alarms.json").unlink()
    assert "Nothing was checked" in words(section(inspect(store)[0], "alarms"))


def test_a_class_without_images_in_a_split_is_named(tmp_path):
    rows = [{"split": "train", "label": label} for label in ("a", "b", "a", "b")]
    rows += [{"split": split, "label": "a"} for split in ("validation", "test")]
    text, _ = inspect(write_store(tmp_path / "store", rows))
    assert "No image of b in validation, b in test" in words(section(text, "counts"))


def test_names_with_markup_or_formulas_are_shown_as_they_are(tmp_path):
    rows = [{"label": NASTY if n % 2 else "b", "source_split": NASTY, "height_px": 16 + n} for n in range(8)]
    store = write_store(tmp_path / "store", rows, quarantine=[(NASTY, NASTY)], name=NASTY)
    save_alarms(store.path / "alarms.json", [Alarm("exact_copies", "note", NASTY, {"x": NASTY})])
    text, page = inspect(store)
    assert "<script" not in text
    assert page.faults == []
    assert NASTY in page.text
    assert save_contact_sheet(store, tmp_path / "sheet.png").stat().st_size > 1000


def test_page_is_the_same_for_the_same_seed_but_for_its_time(full):
    store, text, _ = full
    again, _ = inspect(store)

    def without_time(page):
        return re.sub(r"\d\d \w+ \d{4}, \d\d:\d\d UTC", "", page)

    assert without_time(again) == without_time(text)


def test_of_a_very_large_store_a_sample_is_measured_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(brightness, "MOST_IMAGES", 5)
    text, _ = inspect(write_store(tmp_path / "store", [{} for _ in range(12)]))
    assert "random sample of 5 of all 12 images" in words(section(text, "intensities"))


def test_embedded_pictures_can_be_decoded_and_are_small(full):
    _, text, page = full
    assert len(text) < 2_000_000
    for picture in page.pictures:
        kind, data = picture["src"].split(";base64,")
        if kind == "data:image/webp":
            assert Image.open(io.BytesIO(base64.b64decode(data))).size[0] >= 96


def test_unmeasured_images_are_counted(tmp_path):
    pixels = np.full((6, 16, 16), 100, np.int16)
    pixels[0] = PADDING_HU
    store = write_store(tmp_path / "store", [{} for _ in range(6)], pixels, "int16")
    assert "Images without a measured pixel: 1." in inspect(store)[1].text


def test_the_page_is_made_from_tables_and_findings_alone(full, tmp_path, monkeypatch):
    store, text, _ = full
    shutil.copytree(store.path / "inspect_data", tmp_path / "again_data")
    for name in ("measure", "find_shortcuts", "choose_exhibits"):
        monkeypatch.setattr(f"ganoscope.data.inspection.inspected.{name}", None)
    again = save_inspection(store, tmp_path / "again.html").read_text(encoding="utf-8")
    assert re.findall(r'src="[^"]+"', again) == re.findall(r'src="[^"]+"', text)


def test_a_page_without_findings_or_of_another_store_is_refused(full, tmp_path):
    store = full[0]
    with pytest.raises(UserError, match=r"galleries\.json does not exist"):
        save_inspection(store, tmp_path / "page.html")
    other = write_store(tmp_path / "store", [{} for _ in range(6)])
    shutil.copytree(store.path / "inspect_data", tmp_path / "page_data")
    with pytest.raises(UserError, match="is about another store"):
        save_inspection(other, tmp_path / "page.html")
