"""From the request to the folder, by a known translation: it paints the disc that makes the class, or takes it away."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.fixtures import painter
from tests.fixtures.discs import METHOD, SHORT, SIZE, draw_picture

from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.results import folder
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation.subjects import refuse_modality
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.counterfactual import counterfactual
from ganoscope.workflows.prepare import prepare
from ganoscope.workflows.train import train

CONFIG = CounterfactualConfig(device="cpu", panels=2, attack_steps=5, steps=5)


def read_rows(folder):
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def made(disc_run, disc_store, disc_judge, tmp_path_factory):
    """Counterfactuals of the whole store, to the other class of each."""
    out = tmp_path_factory.mktemp("out") / "discs"
    counterfactual(disc_run, disc_store, out, replace(CONFIG, judge=disc_judge, split="all"))
    return out, json.loads((out / "results.json").read_text())


def test_painting_the_disc_flips_both_classifiers_and_changes_nothing_else(made):
    measures = made[1]["measures"]["sets"]
    assert set(measures) == {"well to sick", "sick to well"}, "no number over both"
    for found in measures.values():
        assert found["flip"]["value"] > 0.9
        assert found["judge_flip"]["value"] > 0.9
        assert found["flip_as_written"]["value"] > 0.9
        assert found["flip_after_blur"]["value"] > 0.9
        assert found["l1"]["value"] == pytest.approx(0.6 / 2 * 255 * 0.053, rel=0.15)  # the disc's area
        assert found["cycle_l1"]["value"] < 1
        assert found["changed_share"]["value"] == pytest.approx(0.053, rel=0.15)
    assert measures["sick to well"]["change_in_lesion"]["value"] > 0.95
    assert "change_in_lesion" not in measures["well to sick"], "well pictures have no disc to change"
    assert made[1]["images"]["by_direction"] == pytest.approx({"well to sick": 60, "sick to well": 60}, abs=4)


def test_the_response_grows_with_the_dose(made):
    rows = [row for row in read_rows(made[0]) if row["flip"] == "1"]
    curve = np.array([[float(row[f"explained_at_{dose:.3g}"]) for dose in np.linspace(0, 1, 5)] for row in rows])
    assert (np.diff(curve.mean(axis=0)) > -0.02).all()
    assert curve[:, 0].max() < 0.5 < curve[:, -1].min()
    for row in rows:
        assert 0 < float(row["flip_strength"]) <= 1


def test_every_image_has_its_pictures_and_they_fit_each_other(made, disc_store):
    out, store, rows = made[0], Store.open(disc_store), read_rows(made[0])
    assert [row["image"] for row in rows] == store.column("sample_id").tolist()
    for index, row in enumerate(rows):
        with Image.open(out / row["counterfactual"]) as picture:
            counterfactual, text = np.asarray(picture).astype(int), picture.text
        difference = np.asarray(Image.open(out / row["difference"])).astype(int) - 32768
        assert np.array_equal(counterfactual - difference, store.images[index])
        assert text["Description"].startswith("SYNTHETIC")
        assert np.abs(np.asarray(Image.open(out / row["reconstruction"])) - store.images[index].astype(int)).max() <= 2
        assert row["direction"] == {"sick": "well to sick", "well": "sick to well"}[row["target"]]
    drawn = [row for row in rows if row["panel"]]
    assert {row["direction"] for row in drawn} == {"well to sick", "sick to well"}, "a panel for each direction"
    assert len(drawn) == CONFIG.panels
    for name in ("contact_sheet.png", "figures/dose_response.png", "figures/controls.png", drawn[0]["panel"]):
        assert np.asarray(Image.open(out / name)).std() > 10


def test_counterfactuals_are_shown_before_images_that_are_of_the_target_already(
    disc_run, disc_store, tmp_path, monkeypatch
):
    seen = []
    monkeypatch.setattr(folder, "save_contact_sheet", lambda path, rows, scale: seen.append(dict(rows)))
    config = replace(CONFIG, target="well", split="all", panels=5, number=40, steps=2, attack_steps=1)
    counterfactual(disc_run, disc_store, tmp_path / "out", config)
    rows = read_rows(tmp_path / "out")
    true = [row for row in rows if row["already"] == "no"]
    assert 5 < len(true) < 32
    assert [row["panel"] != "" for row in true] == [True] * 5 + [False] * (len(true) - 5)
    assert not any(row["panel"] for row in rows if row["already"] == "yes")
    (shown,) = seen
    assert {name: len(pictures) for name, pictures in shown.items()} == {
        "sick to well": len(true),
        "sick to well, of the target already": 32 - len(true),
    }
    assert min(np.abs(picture[1].astype(int) - picture[0]).mean() for picture in shown["sick to well"]) > 2


def test_a_folder_is_done_in_its_own_size_and_only_the_disc_differs(
    made, disc_run, disc_source, disc_store, disc_judge, tmp_path
):
    config = replace(CONFIG, judge=disc_judge, number=6)
    done = counterfactual(disc_run, disc_source, tmp_path / "out", config)
    assert (done.images, {alarm.code for alarm in done.alarms} >= {"resampled", "training_images"}) == (6, True)
    rows, side = read_rows(tmp_path / "out"), 96
    with (tmp_path / "out.key.csv").open() as file:
        key = {row["file"]: row["name"] for row in csv.DictReader(file)}
    beside = ~draw_picture(0, sick=True, side=side)[1]
    for row in rows:
        difference = np.asarray(Image.open(tmp_path / "out" / row["difference"])).astype(int) - 32768
        source = np.asarray(Image.open(disc_source / key[row["file"]])).astype(int)
        translated = np.asarray(Image.open(tmp_path / "out" / row["counterfactual"])).astype(int)
        assert difference.shape == (side, side)
        assert np.array_equal(translated - source, difference)
        assert np.abs(difference[beside]).mean() < 0.05 * np.abs(difference[~beside]).mean()
    same = {row["image"]: row for row in read_rows(made[0])}
    assert not set(same) & {row["image"] for row in rows}, "files have numbers of their own, no sample ids"
    assert "patient" not in (tmp_path / "out" / "results.csv").read_text()


def test_a_judge_that_has_seen_the_images_is_no_independent_one(disc_run, disc_source, disc_judge, tmp_path):
    config = replace(CONFIG, judge=disc_judge, panels=0, number=12)
    done = counterfactual(disc_run, disc_source, tmp_path / "out", config)
    (alarm,) = (alarm for alarm in done.alarms if alarm.code == "judge_has_seen_images")
    rows = read_rows(tmp_path / "out")
    assert 0 < alarm.evidence["images"] <= len(rows)
    images = json.loads((tmp_path / "out" / "results.json").read_text())["images"]
    assert images["judge_has_seen"] == alarm.evidence["images"]


def test_two_stores_of_one_name_are_translated_each_to_the_other(tmp_path):
    stores = []
    for place, name in enumerate(("well", "sick")):
        (tmp_path / name).mkdir()
        for number in range(12):
            Image.fromarray(draw_picture(2 * number + place, name == "sick")[0]).save(tmp_path / name / f"{number}.png")
        stores.append(prepare(tmp_path / name, tmp_path / f"{name} store", PrepareConfig(size=SIZE)))
    assert stores[0].name == stores[1].name
    config = replace(SHORT, target_store=str(stores[1].path))
    train(METHOD, stores[0].path, tmp_path / "run", config, method_config=painter.Config())
    for store, sign in zip(stores, (1, -1), strict=True):
        out = tmp_path / f"out {sign}"
        counterfactual(tmp_path / "run", store.path, out, replace(CONFIG, panels=0, split="all"))
        for row in read_rows(out):
            change = np.asarray(Image.open(out / row["difference"])).astype(int) - 32768
            assert np.sign(change.sum()) == sign, "well images get the disc, sick ones lose it"
    run = open_run(tmp_path / "run")
    assert set(run.open_domains(stores[0])) == {f"{stores[0].name} A", f"{stores[0].name} B"}
    changed = replace(run.record, target_fingerprint="another")
    assert replace(run, record=changed).open_domains(stores[0]) == {}
    assert run.open_domains(None) == {}


def test_a_store_of_another_modality_is_refused(disc_store):
    own = replace(Store.open(disc_store), modality="CR")
    refuse_modality("judge", "CR", own)
    refuse_modality("judge", "", own)
    refuse_modality("judge", "MR", replace(own, modality=""))
    with pytest.raises(UserError, match=r"another modality.*got MR; allowed: CR"):
        refuse_modality("judge", "MR", own)


def test_one_way_has_no_way_back(one_way_run, disc_store, tmp_path):
    done = counterfactual(one_way_run, disc_store, tmp_path / "out", CONFIG)
    found = json.loads((tmp_path / "out" / "results.json").read_text())["measures"]["sets"]["well to sick"]
    assert set(found) & {"cycle_l1", "flip", "judge_flip"} == set()
    assert "no classifier was given" in done.summary
    assert not list((tmp_path / "out" / "images").glob("*reconstruction*"))
    with pytest.raises(UserError, match="well; allowed: sick"):
        counterfactual(one_way_run, disc_store, tmp_path / "other", replace(CONFIG, target="well"))


def test_other_sizes_targets_and_judges_are_refused_together(disc_run, disc_source, disc_classifier, tmp_path):
    other = tmp_path / "other"
    prepare(disc_source, other, PrepareConfig(size=2 * SIZE, name="larger"))
    with pytest.raises(UserError, match="size"):
        counterfactual(disc_run, other, tmp_path / "out", CONFIG)
    config = replace(CONFIG, target="healthy", store=other)
    with pytest.raises(UserError, match=r"(?s)healthy; allowed: sick, well.*fingerprint differs"):
        counterfactual(disc_run, disc_source, tmp_path / "out", config)
    with pytest.raises(UserError, match="explained classifier itself"):
        counterfactual(disc_run, disc_source, tmp_path / "out", replace(CONFIG, judge=disc_classifier))
    assert not (tmp_path / "out").exists()


def test_a_classifier_that_was_trained_again_in_its_folder_is_refused(
    disc_store, disc_classifier, disc_judge, tmp_path
):
    path, run_path = tmp_path / "classifier", tmp_path / "run"
    shutil.copytree(disc_classifier, path)
    settings, short = painter.Config(classifier=path), replace(SHORT, domains=("well", "sick"))
    train(METHOD, disc_store, run_path, short, method_config=settings)
    shutil.copytree(disc_judge, path, dirs_exist_ok=True)
    with pytest.raises(UserError, match=r"started with classifier of weights [0-9a-f]{12}; got [0-9a-f]{12}"):
        train(METHOD, disc_store, run_path, replace(short, images=16), method_config=settings)
    with pytest.raises(UserError, match="was retrained after the run learned from it: its weights differ"):
        counterfactual(run_path, disc_store, tmp_path / "out", CONFIG)
    earlier = json.loads((run_path / "run.json").read_text())
    del earlier["classifiers"]
    earlier["method_config"]["classifier"] = str(path)  # as earlier versions wrote it
    (run_path / "run.json").write_text(json.dumps(earlier))
    counterfactual(run_path, disc_store, tmp_path / "out", replace(CONFIG, number=2, attack_steps=1))
