"""The history of a classifier: the best epoch, when to stop, and rows that are dropped."""

from ganoscope.training.classifier.epochs import Epoch, append_epoch, find_best, forget_after, load_epochs, should_stop


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


def test_history_forgets_what_came_after_the_checkpoint(tmp_path):
    for epoch in rows((0.5, 1.0), (0.6, 1.0), (0.7, 1.0)):
        append_epoch(tmp_path, epoch)
    assert [epoch.epoch for epoch in forget_after(tmp_path, 32)] == [1, 2]
    assert [epoch.epoch for epoch in load_epochs(tmp_path)] == [1, 2]
