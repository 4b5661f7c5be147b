"""Training a classifier: a killed call goes on with the same numbers, early stopping, refusals, what is learned."""

import os
import signal

import numpy as np
import pytest
import torch
from tests.unit.workflows.test_inspect import write_store

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.nets.classifiers import load
from ganoscope.statistics.auroc import compute_sklearn_auroc
from ganoscope.training.classifier import session as classifier_run
from ganoscope.training.classifier.config import ClassifyConfig, compute_class_weights, refuse_unfit_store
from ganoscope.training.classifier.epochs import Epoch, find_best, forget_after, load_epochs, should_stop
from ganoscope.training.classifier.session import Session, train_classifier
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.workflows.phantom import phantom

QUICK = ClassifyConfig(epochs=3, batch_size=16, device="cpu", precision="fp32").resolve()


def build():
    torch.manual_seed(0)
    return load("small_cnn").build(3)


def train(store, run, config=QUICK):
    run.mkdir(exist_ok=True)
    return train_classifier(Store.open(store), run, config, build())


def same(first, second):
    return all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def without_seconds(run):
    return [
        (e.epoch, e.images, e.learning_rate, e.train_loss, e.validation_loss, e.validation_auroc)
        for e in load_epochs(run)
    ]


@pytest.fixture(scope="module")
def whole(phantom_store, tmp_path_factory):
    run = tmp_path_factory.mktemp("whole")
    return run, train(phantom_store, run)


@pytest.mark.parametrize("point", ["save_checkpoint", "append_epoch"])
def test_a_killed_call_goes_on_to_the_same_weights_and_history(whole, phantom_store, tmp_path, monkeypatch, point):
    calls = []
    original = getattr(classifier_run, point)

    def die_at_the_second(*arguments):
        calls.append(point)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(classifier_run, point, die_at_the_second)
        train(phantom_store, tmp_path)
    assert len(list_checkpoints(tmp_path)) == 1
    (tmp_path / "history.csv").open("a").write("4,99")
    assert same(train(phantom_store, tmp_path), whole[1])
    assert without_seconds(tmp_path) == without_seconds(whole[0])


def test_an_interrupt_says_what_is_saved_and_the_same_call_goes_on(whole, phantom_store, tmp_path, monkeypatch):
    calls = []
    original = classifier_run.draw_factors

    def interrupt_in_the_second_epoch(*arguments):
        calls.append(1)
        if len(calls) == 8:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*arguments)

    with monkeypatch.context() as patched, pytest.raises(UserError) as raised:
        patched.setattr(classifier_run, "draw_factors", interrupt_in_the_second_epoch)
        train(phantom_store, tmp_path)
    assert "stopped after 1 of 3 epochs" in str(raised.value)
    assert "best so far: epoch 1, validation AUROC" in str(raised.value)
    assert same(train(phantom_store, tmp_path), whole[1])


def test_the_best_weights_are_copied_and_not_moved_by_later_steps(phantom_store, tmp_path):
    session = Session(Store.open(phantom_store), tmp_path, QUICK, build())
    session.train()
    best = find_best(session.epochs)
    indices, codes = session.validation
    logits = classifier_run.compute_logits(session.best, session.store, indices, session.device, session.autocast)
    assert compute_sklearn_auroc(codes, logits.double().softmax(1).numpy()) == pytest.approx(
        session.epochs[best].validation_auroc
    )
    ours = {p.data_ptr() for p in session.best.parameters()}
    assert not ours & {p.data_ptr() for p in session.network.parameters()}


def test_every_parameter_of_the_network_receives_gradient(phantom_store, tmp_path):
    session = Session(Store.open(phantom_store), tmp_path, QUICK, build())
    session.network.train()
    session._step(*next(session._feed()))
    assert [name for name, p in session.network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_images_and_labels_stay_together_and_validation_is_never_augmented(phantom_store, tmp_path, monkeypatch):
    session = Session(Store.open(phantom_store), tmp_path, QUICK, build())
    session.policy = None
    image, label = next(session._feed())
    store = session.store
    everything = store.load_images(np.arange(store.count))
    for one, code in zip(image.numpy(), label.tolist(), strict=True):
        (position,) = np.flatnonzero((everything == one).all((1, 2, 3)))
        assert store.column("label")[position] == session.classes[code]
        assert store.column("split")[position] == "train"
    monkeypatch.setattr(classifier_run, "augment", None)
    indices, _ = session.validation
    assert len(classifier_run.compute_logits(session.network, store, indices, session.device, session.autocast)) > 0


def test_frozen_body_stays_and_the_head_learns(phantom_store, tmp_path):
    from ganoscope.nets.pretrained import freeze_body

    network = build()
    freeze_body(network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    after = train_classifier(Store.open(phantom_store), tmp_path, QUICK, network).state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"head.weight", "head.bias"}


def rows(*values):
    return [Epoch(n + 1, 16 * (n + 1), 1.0, 1e-3, 1.0, loss, auroc) for n, (auroc, loss) in enumerate(values)]


def test_the_best_epoch_has_the_highest_auroc_then_the_lowest_loss_then_comes_first():
    assert find_best(rows((0.8, 1.0), (0.9, 2.0), (0.85, 0.1))) == 1
    assert find_best(rows((0.9, 1.0), (0.9, 0.5), (0.9, 0.5))) == 1


def test_training_stops_when_its_patience_has_passed():
    epochs = rows((0.8, 1.0), (0.9, 1.0), (0.9, 1.0), (0.7, 0.5))
    assert not should_stop(epochs[:3], patience=2)
    assert should_stop(epochs, patience=2)
    assert not should_stop([], patience=1)


def test_early_stopping_ends_before_the_last_epoch(phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier_run, "compute_sklearn_auroc", lambda *_: 0.5)
    monkeypatch.setattr(classifier_run, "find_best", lambda epochs: 0)
    monkeypatch.setattr(classifier_run, "should_stop", lambda epochs, patience: len(epochs) > patience)
    config = ClassifyConfig(epochs=9, patience=2, batch_size=16, device="cpu", precision="fp32").resolve()
    train(phantom_store, tmp_path, config)
    assert len(load_epochs(tmp_path)) == 3


def test_learning_rate_falls_to_a_fifth_on_a_plateau_also_after_going_on(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    session = Session(store, tmp_path, QUICK, build())
    session.epochs = rows(*[(0.5, 1.0)] * 7)
    session.scheduler = session._make_scheduler()
    assert session.optimizer.param_groups[0]["lr"] == pytest.approx(2e-4)
    session.epochs = rows(*[(0.5, 1.0)] * 6)
    session._make_scheduler()
    assert session.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_history_forgets_what_came_after_the_checkpoint(tmp_path):
    for epoch in rows((0.5, 1.0), (0.6, 1.0), (0.7, 1.0)):
        classifier_run.append_epoch(tmp_path, epoch)
    assert [epoch.epoch for epoch in forget_after(tmp_path, 32)] == [1, 2]
    assert [epoch.epoch for epoch in load_epochs(tmp_path)] == [1, 2]


def test_a_loss_that_is_not_finite_ends_training_and_says_what_to_do(phantom_store, tmp_path):
    config = ClassifyConfig(epochs=2, batch_size=16, learning_rate=0.99, device="cpu", precision="fp32").resolve()
    network = build()
    with torch.no_grad():
        network.head.weight.fill_(float("inf"))
    with pytest.raises(UserError, match="the loss is not finite in epoch 1"):
        train_classifier(Store.open(phantom_store), tmp_path, config, network)
    assert list_checkpoints(tmp_path) == []


def test_class_weights_make_up_for_unequal_counts(tmp_path):
    parts = ("train",) * 8 + ("validation", "test") * 2
    labels = ["rare", "rare"] + ["often"] * 6 + ["rare", "rare", "often", "often"]
    store = write_store(tmp_path / "s", [{"split": s, "label": c} for s, c in zip(parts, labels, strict=True)])
    np.testing.assert_allclose(compute_class_weights(store, "balanced"), [8 / 12, 8 / 4])
    np.testing.assert_allclose(compute_class_weights(store, "none"), [1, 1])


def test_all_faults_of_a_store_are_named_at_once(tmp_path):
    faulty = [{"split": "train", "label": label} for label in ("a", "b", "")]
    faulty += [{"split": "validation", "label": "a"}, {"split": "test", "label": "a"}]
    with pytest.raises(UserError) as raised:
        refuse_unfit_store(write_store(tmp_path / "s", faulty), QUICK)
    message = str(raised.value)
    assert "1 of 3 images without a label" in message
    assert "too few training images: got 3; allowed: 16 (one batch) or more" in message
    assert "lacks a class of the train part: got no image of b" in message


def test_a_store_of_one_class_is_refused(tmp_path):
    store = write_store(tmp_path / "s", [{"split": split, "label": "a"} for split in ("train",) * 16 + ("validation",)])
    with pytest.raises(UserError, match="got 1 classes"):
        refuse_unfit_store(store, QUICK)


def test_all_faults_of_a_configuration_are_named_at_once():
    with pytest.raises(UserError) as raised:
        ClassifyConfig(network="resnet", epochs=0, patience=0, batch_size=1, learning_rate=2.0, freeze_body=True)
    assert len(str(raised.value).splitlines()) == 6


def test_learning_rates_are_those_of_the_network():
    assert ClassifyConfig(network="small_cnn").resolve().learning_rate == 1e-3
    assert ClassifyConfig(network="densenet121").resolve().learning_rate == 1e-4
    assert ClassifyConfig(learning_rate=0.02).resolve().learning_rate == 0.02


def test_it_learns_what_lesions_look_like(tmp_path):
    store = phantom(tmp_path / "store", PhantomConfig(modality="cxr", number=240, size=32))
    config = ClassifyConfig(epochs=6, batch_size=16, device="cpu", precision="fp32").resolve()
    train(store.path, tmp_path / "run", config)
    epochs = load_epochs(tmp_path / "run")
    assert epochs[find_best(epochs)].validation_auroc > 0.8
