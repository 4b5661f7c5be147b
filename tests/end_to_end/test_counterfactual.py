"""`ganoscope counterfactual` as a user types it: a store, one file, a report, mistakes."""

import json

import numpy as np
import pytest
from PIL import Image

from ganoscope.classifiers.trained import load_classifier_record
from ganoscope.cli import execute
from ganoscope.data.store import Store
from ganoscope.errors import write_count
from ganoscope.training.run_folder.record import load_record

QUICK = ("--steps", 3, "--panels", 1, "--attack-steps", 2)


def run(*arguments):
    return execute([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(phantom_store, tiny_classifier, tmp_path_factory):
    path = tmp_path_factory.mktemp("counterfactual") / "run"
    domains = load_classifier_record(tiny_classifier).classes[:2]
    small = ("--generator-channels", 4, "--discriminator-channels", 4, "--batch-size", 4, "--images", 8)
    call = ("train", "cyclegan_counterfactual", phantom_store, path, "--classifier", tiny_classifier)
    assert run(*call, "--domains", *domains, *small) == 0
    return path


def test_a_store_goes_to_a_folder_and_a_report(trained, phantom_store, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("counterfactual", trained, phantom_store, out, *QUICK) == 0
    said = capsys.readouterr().out
    assert "no independent classifier was given (--judge)" in said
    store = Store.open(phantom_store)
    labels = store.column("label")[store.indices("test")]
    taken = np.isin(labels, load_record(trained / "run.json").domains)
    assert f"{taken.sum()} images, with panels" in said
    assert f"left out: {write_count((~taken).sum(), 'image')} of other classes" in said
    assert run("counterfactual", trained, phantom_store, out, *QUICK) == 2, "nothing is overwritten"
    assert "is not empty" in capsys.readouterr().err
    assert run("report", trained, "--counterfactuals", out) == 0
    page = (trained / "report.html").read_text()
    for words in ("Noise of equal L2 norm", "Explained classifier: prediction becomes the target", "data:image/"):
        assert words in page
    assert "Explanations" not in page.split("<h1")[1].split("Counterfactuals")[0], "there are none of a discriminator"


def test_one_picture_of_another_size_comes_back_in_its_own(trained, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (50, 70)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "Doe.png")
    assert run("counterfactual", trained, tmp_path / "Doe.png", tmp_path / "out", *QUICK, "--target", "glioma") == 0
    made = np.asarray(Image.open(tmp_path / "out" / "images" / "000000_counterfactual.png"))
    assert (made.shape, made.dtype) == (noise.shape, noise.dtype)
    assert "Doe" not in "".join(path.read_text() for path in (tmp_path / "out").glob("*.*s*"))
    assert json.loads((tmp_path / "out" / "results.json").read_text())["images"]["by_size_px"] == {"50 x 70": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "tumour", "--steps", 5), "tumour; allowed: "),
        (("--steps", 1, "--attack-steps", -1), "--attack-steps"),
        (("--judge", "nowhere"), "nowhere"),
        (("--split", "test", "--number", 0), "--number"),
    ],
)
def test_mistakes_are_told_in_words(trained, phantom_store, tmp_path, arguments, words, capsys):
    assert run("counterfactual", trained, phantom_store, tmp_path / "out", *arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_run_that_makes_images_of_noise_is_refused(tiny_run, phantom_store, tmp_path, capsys):
    assert run("counterfactual", tiny_run, phantom_store, tmp_path / "out") == 2
    assert "generates images from noise" in capsys.readouterr().err


def test_8_bit_images_have_no_hu_loss(phantom_store, tmp_path, capsys):
    call = ("train", "dclgan", phantom_store, tmp_path / "run", "--domains", "glioma", "notumor", "--hu-weight", 1)
    assert run(*call, "--images", 4) == 2
    assert "compares Hounsfield units" in capsys.readouterr().err
