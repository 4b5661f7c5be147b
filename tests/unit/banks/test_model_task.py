"""The task of a model: it learns from its half alone, and goes on after being killed at any step."""

import json

import numpy as np
import pytest

from ganoscope.banks import model_task
from ganoscope.banks.halves import draw_half, find_patients
from ganoscope.banks.model_task import HALF, IMAGES, RUN, choose_codes, make_model
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.training.run_folder.checkpoint import list_checkpoints, load_state

TRAINING = {"method": "cgan", "images": 96, "seed": 5, "device": "cpu", "precision": "fp32"}


def make(output, path, model=1, **changes):
    """Makes a model of a bank of the store."""
    store = Store.open(path)
    names, counts = np.unique(store.column("label"), return_counts=True)
    output.mkdir(exist_ok=True)
    make_model(
        output,
        {},
        store=str(path),
        fingerprint=store.fingerprint,
        half={"model": model, "seed": 3},
        training={**TRAINING, **changes},
        drawing={"number": 20, "seed": 3, "classes": dict(zip(names.tolist(), counts.tolist(), strict=True))},
    )


def read_results(output):
    """Weights and images, which must not depend on how often the task was interrupted."""
    images = Store.open(output / IMAGES)
    weights = load_state(list_checkpoints(output / RUN)[-1]).sha256
    return weights, np.asarray(images.images[np.arange(images.count)]).tobytes(), images.fingerprint


@pytest.fixture(scope="module")
def made(phantom_store, tmp_path_factory):
    output = tmp_path_factory.mktemp("models") / "whole"
    make(output, phantom_store)
    return output


def test_a_model_learns_from_its_half_alone(made, phantom_store):
    store = Store.open(phantom_store)
    expected = store.column("sample_id")[draw_half(find_patients(store), 3, 1)]
    assert json.loads((made / RUN / "run.json").read_text())["sample_ids"] == expected.tolist()


def test_one_checkpoint_and_the_images_are_left_and_nothing_else(made):
    assert sorted(path.name for path in made.iterdir()) == [IMAGES, RUN]
    assert [path.name for path in list_checkpoints(made / RUN)] == ["0000000096"]
    images = Store.open(made / IMAGES)
    assert images.count == 20
    assert set(images.column("added")) == {"synthetic"}


def test_classes_and_noise_are_the_same_for_all_models(made, phantom_store, tmp_path):
    make(tmp_path / "other", phantom_store, model=0, seed=6)
    first, other = (Store.open(folder / IMAGES) for folder in (made, tmp_path / "other"))
    assert first.column("label").tolist() == other.column("label").tolist()
    assert (np.asarray(first.images[np.arange(20)]) != np.asarray(other.images[np.arange(20)])).any()


@pytest.mark.parametrize("step", ["cut_half", "learn", "draw_images", "remove"])
def test_a_task_that_is_killed_after_a_step_ends_with_the_same_result(step, made, phantom_store, tmp_path, monkeypatch):
    done, output = getattr(model_task, step), tmp_path / "killed"

    def do_and_die(*arguments, **named):
        done(*arguments, **named)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(model_task, step, do_and_die)
        with pytest.raises(SystemExit):
            make(output, phantom_store)
    assert (output / HALF).exists() or step == "remove"
    make(output, phantom_store)
    assert read_results(output) == read_results(made)
    assert not (output / HALF).exists()


def test_a_training_that_is_killed_goes_on_from_its_checkpoint(made, phantom_store, tmp_path, monkeypatch):
    """The second of four checkpoints is there: the training begins at it, and ends with the same weights."""
    output = tmp_path / "killed"
    with monkeypatch.context() as patched:
        patched.setattr(model_task, "learn", stop_after(output, "0000000064"))
        with pytest.raises(SystemExit):
            make(output, phantom_store)
    assert list_checkpoints(output / RUN)[-1].name == "0000000064"
    make(output, phantom_store)
    sessions = json.loads((output / RUN / "run.json").read_text())["sessions"]
    assert [one["images_at_start"] for one in sessions] == [0, 64]
    assert read_results(output) == read_results(made)


def stop_after(output, name):
    """Returns a training that dies once a checkpoint is there."""
    from ganoscope.generators.learning import learn
    from ganoscope.training import session

    def learn_and_die(*arguments, **named):
        save = session.save_checkpoint

        def save_and_die(*these):
            folder = save(*these)
            if folder.name == name:
                raise SystemExit
            return folder

        session.save_checkpoint = save_and_die
        try:
            learn(*arguments, **named)
        finally:
            session.save_checkpoint = save

    return learn_and_die


def test_another_store_is_refused(phantom_store, tmp_path):
    with pytest.raises(UserError, match="is not the one that the bank was designed for"):
        make_model(
            tmp_path,
            {},
            store=str(phantom_store),
            fingerprint="0" * 64,
            half={"model": 0, "seed": 0},
            training=TRAINING,
            drawing={},
        )


def test_classes_are_as_frequent_as_in_the_store_and_in_a_random_order():
    codes = choose_codes([70, 20, 10], 50, seed=0)
    assert np.bincount(codes).tolist() == [35, 10, 5]
    assert codes.tolist() != sorted(codes.tolist())
    assert codes.tolist() == choose_codes([70, 20, 10], 50, seed=0).tolist()
    assert choose_codes([], 4, seed=0).tolist() == [0, 0, 0, 0]
