"""The report of a tiny run: order, completeness, escaping, self-containment, missing pieces, atomic writing."""

import base64
import csv
import io
import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from PIL import Image

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.errors import UserError
from ganoscope.files import load_json, save_json
from ganoscope.reports.kit.pictures import embed_image
from ganoscope.reports.run.config import ReportConfig
from ganoscope.reports.run.sections.samples import crop_grid
from ganoscope.workflows import report as workflow
from ganoscope.workflows.report import report

SECTIONS = ["alarms", "data", "curves", "samples", "diversity", "measurements"]
SECTIONS += ["explanations", "provenance", "limits", "use"]
VOID = {"meta", "img", "br", "hr", "link", "input"}
CONFIG = ReportConfig(number=24)


class Page(HTMLParser):
    """Collects what a browser would load, ids, pictures, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.ids, self.pictures, self.words, self.faults = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.loads += [values[name] for name in ("src", "href", "srcset", "data", "action") if values.get(name)]
        self.ids += [values["id"]] if "id" in values else []
        self.pictures += [values] if tag == "img" else []
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


@pytest.fixture
def run(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "run")


@pytest.fixture(scope="module")
def full(tiny_run, tmp_path_factory):
    """A run with alarms and explanations, its report's text, and its page."""
    run = shutil.copytree(tiny_run, tmp_path_factory.mktemp("report") / "run_1")
    cleared = {"first_images": 80, "last_images": 160, "share": 0.95}
    held = {"first_images": 80, "last_images": 320}
    alarms = [Alarm("no_gradient", "danger", "dead.", held), Alarm("discriminator_won", "warning", "won.", cleared)]
    save_alarms(run / "alarms.json", alarms)
    write_explanations(run / "explanations", sha=None)
    text = report(run, config=CONFIG).read_text(encoding="utf-8")
    return run, text, Page(text)


def write_explanations(folder, sha):
    (folder / "figures").mkdir(parents=True)
    estimate = {"value": 0.4, "low": 0.35, "high": 0.45, "n": 64, "groups": 60}
    share = {"regions": {"inside": {"share": estimate}}, "ssim": dict.fromkeys("abcde", estimate)}
    findings = {"auroc": estimate, "targets": {"why_real": {"sets": {"real": share, "generated": share}}}}
    save_json(folder / "results.json", {"generator_sha256": sha, "images_seen": 160, "findings": findings})
    save_alarms(folder / "alarms.json", [Alarm("empty_maps", "note", "many maps are <empty>.")])
    (folder / "summary.txt").write_text("It tells them apart.\n\nWhat this can't show:\n- Why.\n")
    for name in ("own_idea", "regions", "real_and_generated"):
        Image.new("RGB", (40, 20), (200, 10, 10)).save(folder / "figures" / f"{name}.png")


def test_all_sections_are_there_alarms_first(full):
    _, text, page = full
    assert page.ids == SECTIONS
    links = [link.removeprefix("#") for link in page.loads if link.startswith("#")]
    assert links == SECTIONS
    assert re.search(r'<html lang="en">.*<title>dcgan on [^<]+</title>', text, re.DOTALL)


def test_it_is_well_formed_and_every_picture_has_words(full):
    _, text, page = full
    assert not page.open
    assert not page.faults
    assert page.pictures
    assert all(picture["alt"].strip() for picture in page.pictures)
    assert text.count("<figcaption>") == len(page.pictures)


def test_nothing_is_loaded_from_elsewhere(full):
    _, text, page = full
    assert all(load.startswith(("#", "data:image/")) for load in page.loads)
    assert not re.search(r"@import|url\s*\(|<script|<link|<iframe|\bon\w+=", text)
    for picture in page.pictures:
        kind, _, content = picture["src"].partition(";base64,")
        decoded = base64.b64decode(content)
        if kind == "data:image/svg+xml":
            assert not re.search(rb"href=\"(?!#)|<script|@import", decoded)
        else:
            Image.open(io.BytesIO(decoded)).verify()


def test_every_grid_chosen_is_shown(full):
    run, _, page = full
    for seen in (80, 160, 240, 320):
        assert f"{seen} images" in page.text
        with Image.open(run / "samples" / f"{seen:010d}.png") as grid:
            shown = embed_image(crop_grid(grid.convert("L")))
        assert shown in [picture["src"] for picture in page.pictures]
    assert "Real: training images, evenly spread" in page.text


def test_alarms_say_where_they_come_from_and_when_they_held(full):
    _, text, page = full
    assert (
        text.index("Parts of a network without gradient")
        < text.index("Empty maps")
        < text.index("A discriminator that wins")
    )
    assert "Active from 80 images on, and still at the end (320 images)." in page.text
    assert "Active from 80 to 160 images; cleared before the end (320 images)." in page.text
    assert "■ danger" in page.text
    assert "▲ warning" in page.text
    assert "● note" in page.text
    assert "Raised by: explanations." in page.text
    assert "many maps are &lt;empty&gt;" in text.lower()


def test_explanations_of_another_checkpoint_are_named_as_such(full):
    assert "The explanations were made at 160 images, not at the checkpoint" in full[2].text


def test_explanations_come_with_summary_statistics_and_figures(full):
    _, text, page = full
    assert "<h3>What this can&#39;t show</h3>" in text
    assert "<li>Why.</li>" in text
    assert "0.400 (0.350 to 0.450), n 64" in page.text
    assert "why real · regions · inside · share" in page.text
    assert "why real · ssim · e" in page.text
    assert "ssim · a" not in page.text
    assert text.index("Where the discriminator looks") < text.index("Where attention lies") < text.index("Own idea")


def test_it_tells_what_is_needed_to_repeat_the_run(full):
    run, _, page = full
    record = load_json(run / "run.json")
    for fact in (record["store_fingerprint"], record["started"], f"torch {record['versions']['torch']}"):
        assert fact in page.text
    assert "ganoscope train --from run_1/run.json NEW_RUN" in page.text
    assert "Not for clinical use. Shows real images of the data set" in page.text
    assert "Memorisation is not measured" in page.text


def test_no_source_names_sample_ids_or_local_paths_are_in_it(full, phantom_store):
    run, text, _ = full
    with (phantom_store / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert not [row["source"] for row in rows if row["source"] and row["source"] in text]
    assert not [row["sample_id"] for row in rows if row["sample_id"] in text]
    assert str(run.parent) not in text
    assert str(phantom_store.parent) not in text


def test_diversity_is_measured_once_per_weights(full):
    run, _, _ = full
    kept = run / "evaluation" / "diversity.json"
    before = kept.stat().st_mtime_ns
    report(run, config=CONFIG)
    assert kept.stat().st_mtime_ns == before
    report(run, config=ReportConfig(number=12))
    assert load_json(kept)["number"] == 12


def test_special_characters_are_escaped(run):
    record = load_json(run / "run.json")
    save_json(run / "run.json", {**record, "store_name": "<script>alert('x')</script> & \"Co\""})
    text = report(run, config=CONFIG).read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp;" in text


def test_no_alarms_is_said_and_what_was_checked_is_listed(run, phantom_store, monkeypatch):
    save_alarms(run / "alarms.json", [])
    monkeypatch.setattr("ganoscope.reports.run.alarm_section.load_alarms", lambda _: [])
    page = Page(report(run, config=CONFIG).read_text(encoding="utf-8"))
    assert "No alarms were raised by the checks listed below. Not checked: explanations (see below)." in page.text
    assert "a discriminator that wins completely" in page.text
    assert "The run has no explanations yet; ganoscope explain makes them." in page.text.replace("  ", " ")


def test_missing_pieces_are_stated(run):
    record = load_json(run / "run.json")
    save_json(run / "run.json", {**record, "store": str(run / "gone")})
    (run / "history.csv").unlink()
    (run / "alarms.json").unlink(missing_ok=True)
    shutil.rmtree(run / "samples")
    page = Page(report(run, config=CONFIG).read_text(encoding="utf-8"))
    for sentence in (
        "The store is no longer where it was",
        "The run has no history",
        "The run has no sample grids",
        "Not for clinical use. Contents",
        "Diversity was not measured",
        "Not checked: training, data, diversity, explanations",
    ):
        assert sentence in page.text
    assert not page.faults
    assert page.ids == [name for name in SECTIONS if name != "measurements"]


def test_another_store_in_the_same_place_is_not_taken_for_the_runs_own(run):
    record = load_json(run / "run.json")
    save_json(run / "run.json", {**record, "store_fingerprint": "0" * 64})
    page = Page(report(run, config=CONFIG).read_text(encoding="utf-8"))
    assert "The store was changed after the run was trained" in page.text


def test_a_folder_of_generated_images_is_shown(run, tmp_path):
    from ganoscope.generation.config import GenerateConfig
    from ganoscope.workflows.generate import generate

    generate(run, tmp_path / "out", GenerateConfig(number=9))
    out = report(run, tmp_path / "there" / "r.html", ReportConfig(number=24, generated=tmp_path / "out"))
    assert out == tmp_path / "there" / "r.html"
    text = out.read_text(encoding="utf-8")
    assert "The first of 9 images in a separate folder" in text


@pytest.mark.parametrize("name", ["explanations", "generated"])
def test_a_folder_that_is_asked_for_must_be_there(run, tmp_path, name):
    with pytest.raises(UserError, match="is missing"):
        report(run, config=ReportConfig(number=24, **{name: tmp_path}))


def test_a_missing_or_damaged_run_is_the_users_error(run, tmp_path):
    with pytest.raises(UserError, match=r"run\.json is missing"):
        report(tmp_path, config=CONFIG)
    (run / "run.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        report(run, config=CONFIG)


def test_a_failing_report_leaves_the_old_one(run, monkeypatch):
    report(run, config=CONFIG)
    before = (run / "report.html").read_bytes()
    monkeypatch.setattr(workflow, "render_page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report(run, config=CONFIG)
    monkeypatch.setattr(workflow, "render_page", lambda *_: "\ud800")
    with pytest.raises(UnicodeEncodeError):
        report(run, config=CONFIG)
    assert (run / "report.html").read_bytes() == before
    assert not list(run.rglob("*.partial"))


def test_a_damaged_diversity_file_is_made_anew(run):
    report(run, config=CONFIG)
    kept = run / "evaluation" / "diversity.json"
    kept.write_text("{")
    report(run, config=CONFIG)
    assert json.loads(kept.read_text())["number"] == 24


def test_the_alarms_of_diversity_are_kept_beside_it(run):
    report(run, config=CONFIG)
    alarms = run / "evaluation" / "alarms.json"
    assert [one["code"] for one in load_json(alarms)] in ([], ["collapsed_diversity"])
    save_alarms(alarms, [Alarm("collapsed_diversity", "warning", "of older weights.")])
    assert "Of older weights." not in Page(report(run, config=CONFIG).read_text(encoding="utf-8")).text


def test_alarms_that_the_report_raises_are_printed_and_none_otherwise(run, monkeypatch, capsys):
    monkeypatch.setattr(workflow.diversity, "find_alarms", lambda _: [])
    report(run, config=CONFIG)
    assert "alarms" not in capsys.readouterr().err
    raised = [Alarm("collapsed_diversity", "warning", "they are alike.")]
    monkeypatch.setattr(workflow.diversity, "find_alarms", lambda _: raised)
    report(run, config=CONFIG)
    assert "warning: they are alike." in capsys.readouterr().err


def test_a_new_measurement_is_shown_and_no_longer_said_to_be_missing(run):
    missing = "Fidelity is not measured here"
    assert missing in Page(report(run, config=CONFIG).read_text(encoding="utf-8")).text
    distance = {"value": 1.25, "low": 1.0, "high": 1.5, "n": 40, "groups": 12}
    save_json(run / "evaluation" / "kernel_distance.json", {"value": distance, "floor": {**distance, "value": 1.125}})
    page = Page(report(run, config=CONFIG).read_text(encoding="utf-8"))
    assert page.ids == SECTIONS
    assert "kernel distance · floor 1.125 (1.000 to 1.500), n 40" in page.text
    assert missing not in page.text


def test_a_folder_of_generated_images_is_compared_with_real_ones(run, phantom_store):
    text = Page(
        report(run, config=ReportConfig(number=24, generated=phantom_store, compared=40)).read_text("utf-8")
    ).text
    assert "Generated images beside real ones" in text
    assert "Compared are 40 of 144 generated images" in text
    assert "Fréchet distance" in text
    assert "Fidelity is not measured here" not in text
    assert "no reading by radiologists. Sample grids" in text
    content = load_json(run / "evaluation" / "generated.json")
    assert content["results"][0]["all"]["precision"]["floor"]["n"] > 0
    assert str(run.parent) not in (run / "evaluation" / "generated.json").read_text()


def test_a_moved_store_can_be_named(run, phantom_store, tmp_path):
    content = load_json(run / "run.json")
    save_json(run / "run.json", {**content, "store": str(tmp_path / "gone")})
    assert "no longer where it was" in report(run, config=CONFIG).read_text("utf-8")
    moved = shutil.copytree(phantom_store, tmp_path / "moved")
    page = report(run, config=ReportConfig(number=24, store=moved)).read_text("utf-8")
    assert "no longer where it was" not in page
    with pytest.raises(UserError, match="no store at --store"):
        report(run, config=ReportConfig(store=tmp_path / "nowhere"))


def test_a_folder_as_the_file_to_write_is_refused_in_words(run, tmp_path):
    with pytest.raises(UserError, match=r"--out is a folder.*report\.html"):
        report(run, tmp_path, CONFIG)


def test_a_classifier_without_generated_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="--classifier has no effect without --generated"):
        ReportConfig(classifier=tmp_path)


def test_a_classifier_in_danger_is_named_among_the_alarms(run, tiny_classifier, phantom_store, tmp_path):
    classifier = shutil.copytree(tiny_classifier, tmp_path / "doubtful")
    save_alarms(classifier / "alarms.json", [Alarm("no_better_than_chance", "danger", "it guesses.")])
    config = ReportConfig(number=24, generated=phantom_store, compared=30, classifier=classifier)
    text = Page(report(run, config=config).read_text("utf-8")).text
    assert "Classifier doubtful is in danger by its own evaluation: it guesses." in text
