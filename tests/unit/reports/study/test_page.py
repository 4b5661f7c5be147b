"""The page of a study: warnings and verdict first, and no figure that is not in the artefacts."""

import csv
import json
import re
import shutil

import pytest
from tests.fixtures.pages import Page

from ganoscope.reports.study.page import PAGE, TEXT, save_reports

WARNING = "Leaky: one generator serves all splits."


@pytest.fixture(scope="module")
def written(analysed_study, tmp_path_factory):
    """(The page as a browser reads it, the text, the study's folder, its design)."""
    out, design = analysed_study
    copy = shutil.copytree(out, tmp_path_factory.mktemp("pages") / "study")
    verdict = json.loads((copy / "verdict.json").read_text())
    verdict["comparisons"][0]["difference"]["ratio"] *= 2
    (copy / "verdict.json").write_text(json.dumps({**verdict, "warnings": [WARNING]}))
    save_reports(copy, design)
    return Page((copy / PAGE).read_text()), (copy / TEXT).read_text(), copy, design


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_is_complete_in_itself_and_well_formed(written):
    page = written[0]
    assert page.faults == []
    assert all(source.startswith("data:") for source in page.loads)
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert all(picture["alt"] for picture in page.pictures)
    wanted = (
        "alarms design arms levels beside low_data goal subgroups calibration confusion training examples grad_cams"
    )
    assert page.ids == [*wanted.split(), "ssim", "provenance", "limits"]


def test_the_verdict_comes_first_on_the_page_and_in_the_text(written):
    page, text, out, _ = written
    verdict = json.loads((out / "verdict.json").read_text())
    joined, headline = " ".join(text.split()), verdict["headline"][0].upper() + verdict["headline"][1:]
    assert joined.startswith(f"{WARNING} {headline}")
    assert 0 < page.text.index(WARNING) < page.text.index(headline) < page.text.index("Contents")


def test_widened_intervals_are_named_and_no_others(written):
    page, text, out, _ = written
    one = json.loads((out / "verdict.json").read_text())["comparisons"][0]
    sentence = f"again and again: the interval of {one['arm']} ({one['family']})."
    assert sentence in page.text
    assert sentence in " ".join(text.split())


def test_every_comparison_is_shown_with_the_numbers_of_the_verdict(written):
    page, text, out, _ = written
    for one in json.loads((out / "verdict.json").read_text())["comparisons"]:
        judged = one["verdict"]
        line = f"{one['difference']['value']:+.4f} {judged['low']:+.4f} to {judged['high']:+.4f}"
        assert line in page.text
        assert line in " ".join(text.split())
        assert judged["word"] in page.text


def test_means_confusion_and_curves_are_those_of_the_tables(written):
    page, text, out, _ = written
    flat = " ".join(text.split())
    shown = ("auroc", "accuracy", "brier", "ece", "ece_uncalibrated")
    for row in read(out / "analysis" / "endpoints.csv"):
        if (
            row["metric"] in shown
            and row["arm"] in ("baseline", "augmented", "classical")
            and row["part"] == "held_out"
        ):
            mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
            assert f"{mean:.3f} ({low:.3f} to {high:.3f})" in page.text
    cells = [row for row in read(out / "analysis" / "confusion.csv") if row["part"] == "held_out"]
    matrix = [f"{int(row['images']):,}" for row in cells if (row["arm"], row["family"]) == ("augmented", "small_cnn")]
    assert f"augmented: glioma {' '.join(matrix[:3])}" in flat
    last = [row for row in read(out / "analysis" / "curves.csv") if row["epoch"] == "3" and row["arm"] == "augmented"]
    auroc = next(row for row in last if row["metric"] == "validation_auroc")
    assert f"{float(auroc['mean']):.3f} ± {float(auroc['sd']):.3f}" in flat


def test_an_arm_is_not_scored_on_images_that_it_may_have_learned_from(written):
    page, _, out, _ = written
    tables = re.findall(
        r"tested on synthetic images.*?not scored, as the arm may have learned.*?(?=mean over|$)", page.text
    )
    assert tables
    assert all(re.search(r"augmented -", table) and not re.search(r"baseline -", table) for table in tables)
    scored = {row["arm"] for row in read(out / "analysis" / "endpoints.csv") if row["part"] == "synthetic"}
    assert scored >= {"baseline", "classical"}
    assert "augmented" not in scored
    assert page.text.count("which are of no patient") == 1


def test_harm_is_flagged_where_the_table_says_so(written):
    page, _, out, _ = written
    rows = [row for row in read(out / "analysis" / "subgroups.csv") if row["metric"] in ("auroc", "sensitivity")]
    flags = [row for row in rows if row["harms"] == "yes"]
    assert f"{len(flags)} of {len(rows)} comparisons are flagged" in page.text
    assert len(re.findall("▲ harm ", page.text)) == len(flags)
    assert "augmented, small_cnn, class glioma: AUROC" in page.text
    assert "class notumor: AUROC" not in page.text


def test_the_goal_stands_beside_what_prevalence_alone_gives(written):
    page, _, out, _ = written
    always = {row["metric"]: row for row in read(out / "analysis" / "endpoints.csv") if not row["family"]}
    share = f"{float(always['accuracy']['mean']):.3f}"
    assert share == f"{50 / 110:.3f}"
    assert f"always the most frequent class {share} 0.333 0.500" in page.text
    assert "above 85%" in page.text


def test_ssim_is_called_no_quality_measure(written):
    page, _, out, _ = written
    found = json.loads((out / "analysis" / "ssim.json").read_text())
    assert "SSIM between unrelated images is no quality measure" in page.text
    assert f"{found['synthetic_to_real']['pairs']:,} {found['synthetic_to_real']['mean']:.3f}" in page.text
    assert f"{found['real_to_real']['quantiles'][2]:.3f}" in page.text


def test_heat_maps_stand_with_the_probabilities_of_every_arm(written):
    page, _, out, _ = written
    found = json.loads((out / "analysis" / "grad_cams.json").read_text())
    numbers = " ".join(f"{arm['probabilities'][0]:.2f}" for arm in found["arms"])
    assert f"real positive 1 {found['subjects'][0]['label']} {numbers}" in page.text


def test_charts_can_be_left_out_and_the_tables_stay(written, tmp_path):
    _, text, out, design = written
    copy = shutil.copytree(out, tmp_path / "study", ignore=shutil.ignore_patterns("plots"))
    save_reports(copy, design, plots=False)
    assert (copy / TEXT).read_text() == text
    assert not (copy / "plots").exists()
    assert len(Page((copy / PAGE).read_text()).pictures) == 6, "the example images stay"
    assert {path.name for path in (out / "plots").iterdir()} >= {"arms.png", "levels.png", "ssim.png", "grad_cams.png"}


def test_an_unchanged_study_keeps_its_page(written, tmp_path):
    _, _, out, design = written
    copy = shutil.copytree(out, tmp_path / "study")
    stamp = (copy / PAGE).stat().st_mtime_ns
    save_reports(copy, design)
    assert (copy / PAGE).stat().st_mtime_ns == stamp
    table = copy / "analysis" / "goal.csv"
    table.write_text(table.read_text().replace("classical", "augmented", 1))
    save_reports(copy, design)
    assert (copy / PAGE).stat().st_mtime_ns != stamp


@pytest.mark.parametrize("name", [PAGE, TEXT, "plots/arms.png"])
def test_a_page_that_was_edited_is_made_again(written, tmp_path, name):
    _, _, out, design = written
    copy = shutil.copytree(out, tmp_path / "study")
    honest = (copy / name).read_bytes()
    (copy / name).write_bytes(honest + b" helps")
    save_reports(copy, design)
    assert b" helps" not in (copy / name).read_bytes()[-6:]


def test_parts_that_are_not_there_are_not_shown(written, tmp_path):
    _, _, out, design = written
    copy = shutil.copytree(out, tmp_path / "study")
    for name in ("ssim.json", "ssim.npz", "grad_cams.json", "grad_cams.npz", "examples.npz"):
        (copy / "analysis" / name).unlink()
    (copy / "analysis" / "curves.csv").write_text((copy / "analysis" / "curves.csv").read_text().splitlines()[0] + "\n")
    save_reports(copy, design)
    page = Page((copy / PAGE).read_text())
    assert not {"ssim", "grad_cams", "examples", "training"} & set(page.ids)
    assert "Shows real images" not in page.text
