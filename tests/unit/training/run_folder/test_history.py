import math
import time
from dataclasses import dataclass

import pytest
import torch

from ganoscope.contracts import Terms
from ganoscope.errors import UserError
from ganoscope.training.run_folder.history import History, forget_after, load_history


@dataclass(frozen=True)
class SomeTerms(Terms):
    adversarial: torch.Tensor


def add(history, images, value):
    history.add(images, 0.5, {"generator": SomeTerms(torch.tensor(value))})


def test_rows_come_back_as_they_were_noted(tmp_path):
    history = History(tmp_path, 0)
    add(history, 32, 1.5)
    add(history, 64, 2.5)
    assert [row["generator.adversarial"] for row in history.flush()] == [1.5, 2.5]
    add(history, 96, 3.5)
    history.flush()
    history.close()
    loaded = load_history(tmp_path)
    assert loaded["images"].tolist() == [32, 64, 96]
    assert loaded["generator.adversarial"].tolist() == [1.5, 2.5, 3.5]
    assert any((tmp_path / "tensorboard").iterdir())


def test_a_resume_forgets_what_came_after_its_checkpoint(tmp_path):
    history = History(tmp_path, 0)
    for images in (32, 64, 96):
        add(history, images, float(images))
    history.flush()
    resumed = History(tmp_path, 64)
    add(resumed, 96, 7.0)
    resumed.flush()
    assert load_history(tmp_path)["generator.adversarial"].tolist() == [32.0, 64.0, 7.0]


def test_a_half_written_last_row_is_dropped(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("images,seconds,generator.adversarial\n32,0.5,1.0\n6")
    forget_after(path, 64)
    assert path.read_text() == "images,seconds,generator.adversarial\n32,0.5,1.0\n"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_named_and_not_written(tmp_path, value):
    history = History(tmp_path, 0)
    add(history, 32, 1.0)
    add(history, 64, value)
    with pytest.raises(UserError, match=r"64 images: generator\.adversarial = (nan|inf)"):
        history.flush()
    assert load_history(tmp_path)["images"].tolist() == [32]


def test_a_run_without_history_is_told(tmp_path):
    with pytest.raises(UserError, match="has not been trained"):
        load_history(tmp_path)


def test_images_seen_always_rise_and_seconds_go_on(tmp_path):
    path = tmp_path / "history.csv"
    header = "images,seconds,generator.adversarial\n"
    path.write_text(header + "32,0.5,1\n64,1.0,2\n32,0.2,3\n96,1.5,4\n64,x,5\nodd,1,1\n128,2.5,6\n160,3.0,7\n")
    assert forget_after(path, 128) == 2.5
    assert load_history(tmp_path)["images"].tolist() == [32, 64, 96, 128]


def test_a_history_killed_before_its_header_begins_again(tmp_path):
    (tmp_path / "history.csv").touch()
    history = History(tmp_path, 0)
    add(history, 32, 1.0)
    history.flush()
    assert load_history(tmp_path)["images"].tolist() == [32]


def test_events_of_the_checkpoint_stay_and_later_ones_are_purged(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    history = History(tmp_path, 0)
    for images in (32, 64, 96):
        add(history, images, float(images))
        history.flush()
    history.close()
    time.sleep(1.1)  # TensorBoard sorts files of one second by a counter as text: 10 before 9
    resumed = History(tmp_path, 64)
    add(resumed, 96, 7.0)
    resumed.flush()
    resumed.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = events.Scalars("generator.adversarial")
    assert [(event.step, event.value) for event in found] == [
        (32, 32),
        (64, 64),
        (96, 7),
    ]
