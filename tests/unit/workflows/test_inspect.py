"""The inspection page: what it shows of each table, what it says where there is nothing, escaping, self-containment."""

import base64
import io
import re
from dataclasses import asdict
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.cli.inspect import Command
from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store import COLUMNS, Sample, Store, StoreWriter
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.figures.contact_sheet import save_contact_sheet
from ganoscope.files import save_csv
from ganoscope.reports.store import measurements
from ganoscope.reports.store.evidence import Pair, read_evidence
from ganoscope.reports.store.galleries import choose_pairs, make_extreme_galleries
from ganoscope.reports.store.marked_pictures import draw_thumbnail, parse_boxes, scale_box
from ganoscope.reports.store.measurements import choose, find_range, measure
from ganoscope.reports.store.page import save_inspection

SECTIONS = ["alarms", "store", "classes", "counts", "patients", "duplicates", "shortcuts", "markers", "geometry",
            "intensities", "unusual", "series", "not_taken", "privacy", "settings", "limits"]  # fmt: skip
RANGES = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0), "int16": (-1024.0, 3071.0)}
VOID = {"meta", "img", "br", "hr", "link", "col"}
PAIR_COLUMNS = ("first", "second", "relation", "correlation")
SERIES_COLUMNS = ("series", "modality", "slices", "spacing_between_mm", "thickness_mm", "missing", "problems")
NASTY = '<script>alert("x")</script> $\\frac{$ & `code`'


class Page(HTMLParser):
    """Collects what a browser would load, ids, links, pictures, table headings, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.ids, self.links, self.faults = [], [], [], [], []
        self.pictures, self.headings, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.loads += [values[name] for name in ("src", "srcset", "data", "action") if values.get(name)]
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.pictures += [values] if tag == "img" else []
        self.headings += [values.get("scope")] if tag == "th" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def write_store(path, rows, pixels=None, dtype="uint8", masks=None, quarantine=(), name="made up"):
    """A store from manifest rows; what a row leaves out is filled so that nothing is wrong with it."""
    path.mkdir()
    if pixels is None:
        pixels = np.random.default_rng(0).integers(0, 256, (len(rows), 16, 16)).astype(dtype)
    writer = StoreWriter(path, pixels.shape[1], dtype)
    for index, image in enumerate(pixels):
        writer.append(image, None if masks is None else masks[index])
    save_csv(path / "manifest.csv", COLUMNS, [fill_row(index, row) for index, row in enumerate(rows)])
    save_csv(path / "quarantine.csv", ("source", "reason"), [{"source": s, "reason": r} for s, r in quarantine])
    writer.finish(name, IntensityMap(*RANGES[dtype], "grey", dtype))
    save_alarms(path / "alarms.json", [])
    return Store.open(path)


def fill_row(index, row):
    usual = {
        "sample_id": f"id-{index}",
        "label": "sick" if index % 2 else "well",
        "patient": f"patient-{index:06d}",
        "group": f"group-{index:06d}",
        "split": ("train", "train", "train", "train", "validation", "test")[index // 2 % 6],
        "source": f"file-{index:07d}",
        "source_split": "",
        "source_sha256": f"{index:064x}",
        "height_px": 16,
        "width_px": 16,
    }
    return asdict(Sample(**{**usual, **row}))


def inspect(store):
    text = save_inspection(store, store.path / "inspect.html").read_text(encoding="utf-8")
    return text, Page(text)


def section(text, anchor):
    return re.search(rf'aria-labelledby="{anchor}">(.*?)</section>', text, re.DOTALL)[1]


def words(html):
    return Page(html).text


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A store with something in every section, and its page."""
    rows = [{"searched": 1} for _ in range(24)]
    for index in range(0, 12, 2):
        rows[index] |= {"source_split": "train"}
        rows[index + 1] |= {"source_split": "test", "label": "well"}
    rows[13] |= {"markers": "2 3 4 5; 10 10 2 2"}
    rows[14] |= {"coloured": 1}
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
    outcomes = dict(re.findall(r'<th scope="row">([^<]+)</th><td>([^<]*)</td>', section(text, "alarms")))
    assert outcomes["Exact copies"] == "1 warning."
    assert outcomes["Colour reduced to grey"] == "No alarm."
    assert len(outcomes) == 14


def test_what_cannot_be_looked_for_has_no_verdict(tmp_path):
    text, _ = inspect(write_store(tmp_path / "store", [{"label": "", "patient": ""} for _ in range(6)]))
    outcomes = dict(re.findall(r'<th scope="row">([^<]+)</th><td>([^<]*)</td>', section(text, "alarms")))
    assert outcomes["Burnt-in text or markers"] == "Not looked for: no picture is large enough."
    assert outcomes["Facts without pixels that tell the class"] == "Not looked for: there are no two classes."
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
    picture = draw_thumbnail(read_evidence(store, 0), 13, 160, marks=parse_boxes("2 3 4 5"))
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
        "markers": "None were seen",
        "series": "no volumes",
        "not_taken": "Every file was taken",
        "settings": "does not say how it was prepared",
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


def test_unmeasured_pixels_count_neither_for_brightness_nor_for_intensities(tmp_path):
    pixels = np.full((6, 16, 16), 100, np.int16)
    pixels[:, :8] = PADDING_HU
    pixels[0] = PADDING_HU
    store = write_store(tmp_path / "store", [{} for _ in range(6)], pixels, "int16")
    measured = measure(store, store.column("label"), seed=0)
    assert np.isnan(measured.means[0])
    np.testing.assert_array_equal(measured.means[1:], 100)
    assert sum(counts.sum() for counts in measured.histograms.values()) == 5 * 128
    assert "Images without a measured pixel: 1." in inspect(store)[1].text


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_means_deviations_and_histograms_equal_numpy(tmp_path, dtype):
    low, high = (int(end) for end in RANGES[dtype])
    pixels = np.random.default_rng(1).integers(low, high + 1, (6, 16, 16)).astype(dtype)
    store = write_store(tmp_path / "store", [{} for _ in range(6)], pixels, dtype)
    measured = measure(store, store.column("label"), seed=0)
    np.testing.assert_allclose(measured.means, pixels.reshape(6, -1).astype(float).mean(axis=1))
    np.testing.assert_allclose(measured.deviations, pixels.reshape(6, -1).astype(float).std(axis=1))
    edges = np.append(measured.values, measured.values[-1] + measured.step)
    np.testing.assert_array_equal(measured.histograms["well"], np.histogram(pixels[::2], edges)[0])


def test_of_a_very_large_store_a_sample_is_measured_and_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(measurements, "MOST_IMAGES", 5)
    text, _ = inspect(write_store(tmp_path / "store", [{} for _ in range(12)]))
    assert "random sample of 5 of all 12 images" in words(section(text, "intensities"))


def test_extremes_hold_one_image_of_each_group(tmp_path):
    pixels = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((12, 16, 16), np.uint8)
    rows = [{"group": "slices" if n < 10 else f"other-{n}"} for n in range(12)]
    evidence = read_evidence(write_store(tmp_path / "store", rows, pixels), 0)
    darkest = make_extreme_galleries(evidence)[0]
    assert [exhibit.lines[-1] for exhibit in darkest.exhibits] == ["id-0", "id-10", "id-11"]


def test_outline_of_a_mask_is_drawn_on_the_thumbnail(tmp_path):
    masks = np.zeros((6, 16, 16), bool)
    masks[2, 4:8, 4:8] = True
    evidence = read_evidence(write_store(tmp_path / "store", [{} for _ in range(6)], masks=masks), 0)
    assert draw_thumbnail(evidence, 0).mode == "L"
    drawn = np.all(np.asarray(draw_thumbnail(evidence, 2, 64)) == (255, 176, 0), axis=2)
    assert drawn.sum() == 4 * 16 - 4
    assert drawn[16, 16:32].all()


@pytest.mark.parametrize("relation", ["same", "exact copy"])
def test_conflicts_are_shown_though_pairs_across_source_splits_are_many(relation):
    crossing = [Pair(n, n + 1, relation, 0.999, False, True, False) for n in range(100)]
    conflicts = [Pair(n, n + 1, relation, 0.98, False, False, True) for n in range(200, 203)]
    weak = [Pair(n, n + 1, relation, 0.97, False, False, False) for n in range(300, 310)]
    ordered = sorted([*crossing, *conflicts, *weak], key=lambda pair: pair.gravity)
    first, least_alike = choose_pairs(ordered, 24)
    assert first[:3] == conflicts
    assert len(first) + len(least_alike) == 24
    assert all(pair in weak for pair in least_alike)
    assert bool(least_alike) == (relation == "same")


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 100)), max_size=60))
def test_chosen_pairs_are_distinct_as_many_as_fit_and_hold_every_kind(flags):
    pairs = [Pair(n, n + 1, "same", value / 100, *kinds) for n, (*kinds, value) in enumerate(flags)]
    pairs.sort(key=lambda pair: pair.gravity)
    first, least_alike = choose_pairs(pairs, 24)
    chosen = [*first, *least_alike]
    assert len(chosen) == len(set(chosen)) == min(24, len(pairs))
    for kind in ("conflicting", "across_splits"):
        assert any(getattr(pair, kind) for pair in chosen) == any(getattr(pair, kind) for pair in pairs)


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 9))
def test_a_sample_is_ordered_distinct_and_within_the_store(count, most, seed):
    chosen = choose(count, most, seed)
    assert len(chosen) == min(count, most)
    assert (np.diff(chosen) > 0).all()
    assert 0 <= chosen[0] <= chosen[-1] < count


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40).filter(any), st.floats(0, 0.5))
def test_range_leaves_out_no_more_than_its_share(counts, share):
    histogram = np.array(counts)
    first, last = find_range({"a": histogram}, share)
    assert 0 <= first <= last < len(counts)
    assert histogram[:first].sum() + histogram[last + 1 :].sum() <= share * histogram.sum() + 1e-9


@given(st.tuples(*[st.floats(-5, 80)] * 4), st.integers(16, 256))
def test_a_scaled_box_stays_on_the_picture(box, side):
    left, top, right, bottom = scale_box(box, side / 64, side)
    assert 0 <= left <= max(right, left)
    assert 0 <= top <= bottom
    assert right <= max(side - 1, left)


def test_embedded_pictures_can_be_decoded_and_are_small(full):
    _, text, page = full
    assert len(text) < 2_000_000
    for picture in page.pictures:
        kind, data = picture["src"].split(";base64,")
        if kind == "data:image/png":
            assert Image.open(io.BytesIO(base64.b64decode(data))).size[0] >= 96


def test_command_writes_page_and_contact_sheet_and_leaves_the_fingerprint(full, tmp_path, capsys):
    store = full[0]
    Command(store.path, tmp_path / "out" / "page.html").run()
    assert (tmp_path / "out" / "page.html").stat().st_size > 10_000
    assert (tmp_path / "out" / "contact_sheet.png").exists()
    assert "inspection page:" in capsys.readouterr().out
    Command(store.path).run()
    assert (store.path / "inspect.html").exists()
    Store.open(store.path).verify()


def test_command_refuses_a_destination_that_is_no_page(tmp_path):
    with pytest.raises(UserError, match=r"--out is no HTML file: got .*sheet\.png"):
        Command(tmp_path, tmp_path / "sheet.png").run()


def test_contact_sheet_of_very_many_classes_stays_a_picture(tmp_path):
    store = write_store(tmp_path / "store", [{"label": f"class {n}", "boxes": "1 1 3 3"} for n in range(60)])
    with Image.open(save_contact_sheet(store, tmp_path / "sheet.png")) as sheet:
        assert sheet.height < 10_000
