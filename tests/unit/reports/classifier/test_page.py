"""The page about a classifier: sections, self-containment, pictures beside it; made from run folder and store alone."""

import re
import shutil

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.pages import Page, section, words

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.store import Store
from ganoscope.reports.classifier.page import save_page

SECTIONS = ["alarms", "metrics", "curves", "confusion", "calibration", "heat_maps", "training", "data", "settings",
            "limits"]  # fmt: skip
PICTURES = {"roc.png", "precision_recall.png", "confusion.png", "reliability.png", "training.png", "grad_cam_1.png",
            "grad_cam_2.png", "grad_cam_3.png"}  # fmt: skip


@pytest.fixture(scope="module")
def text(tiny_classifier):
    return (tiny_classifier / "classifier.html").read_text(encoding="utf-8")


def test_page_has_all_sections_in_order_and_contents_lead_to_them(text):
    page = Page(text)
    assert re.findall(r'<h2 id="([^"]+)"', text) == SECTIONS
    assert page.faults == []
    assert page.open == []
    assert {link for link in page.links if link.startswith("#")} == {f"#{name}" for name in SECTIONS}


def test_page_loads_nothing_from_elsewhere_and_runs_nothing(text):
    page = Page(text)
    assert all(source.startswith("data:image/") for source in page.loads)
    assert all(link.startswith("#") for link in page.links)
    assert "<script" not in text
    assert all(picture["alt"].strip() for picture in page.pictures)


def test_pictures_are_on_the_page_and_beside_it(text, tiny_classifier):
    assert {path.name for path in (tiny_classifier / "pictures").iterdir()} == PICTURES
    assert len(Page(text).pictures) == len(PICTURES)
    for path in (tiny_classifier / "pictures").iterdir():
        with Image.open(path) as image:
            assert np.ptp(np.asarray(image.convert("L"))) > 100, path


def test_page_states_metrics_with_intervals_images_and_groups(text, tiny_classifier):
    metrics = words(section(text, "metrics"))
    found = open_classifier(tiny_classifier).record.metrics["metrics"]["auroc"]
    assert f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})" in metrics
    assert f"test: {found['images']} images, {found['groups']} groups" in metrics
    assert "resamples of whole groups" in metrics


def test_page_says_that_small_parts_and_chance_are_alarming(text):
    alarms = words(section(text, "alarms"))
    assert "independent groups" in alarms
    assert "What was looked for" in alarms
    assert text.index("<h2") == text.index('<h2 id="alarms">')


def test_the_randomisation_check_and_the_lesion_masks_are_reported(text):
    found = words(section(text, "heat_maps"))
    assert "Randomisation check on" in found
    assert "Share of a map's sum inside the annotated finding" in found


def test_the_page_is_made_from_the_run_folder_and_the_store_alone(text, tiny_classifier, phantom_store, tmp_path):
    run = shutil.copytree(tiny_classifier, tmp_path / "run", ignore=shutil.ignore_patterns("pictures", "*.safetensors"))
    again = save_page(run, Store.open(phantom_store)).read_text(encoding="utf-8")

    def without_time(page):
        return re.sub(r"\d\d \w+ \d{4}, \d\d:\d\d UTC", "", page)

    assert without_time(again) == without_time(text)
    for name in PICTURES:
        assert (run / "pictures" / name).read_bytes() == (tiny_classifier / "pictures" / name).read_bytes()


def test_rows_of_five_intervals_wrap_so_that_a_printed_page_cuts_none_off(text):
    (row,) = re.findall(r"<tr><th scope=\"row\">[^<]+</th>((?:<td>[^<]+ to [^<]+</td>){5,})</tr>", text)[:1]
    assert row.count("<td>") == 5
    rule = text.index("td:first-of-type:nth-last-child(n+5) ~ td")
    assert "white-space: normal" in text[rule : rule + 80]
