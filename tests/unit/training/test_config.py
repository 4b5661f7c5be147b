from dataclasses import replace

import pytest

from ganoscope.errors import UserError
from ganoscope.training.config import DEFAULT_EPOCHS, MAX_TICK_IMAGES, TrainConfig


def test_all_faults_are_named_at_once():
    with pytest.raises(UserError) as caught:
        TrainConfig(images=0, batch_size=10, devices=4, epochs=-1.0, warmup_images=-1, project="x")
    named = (
        "--images",
        "--batch-size can't be split evenly",
        "--epochs",
        "--warmup-images",
        "--project without a tracker",
    )
    assert all(words in str(caught.value) for words in named)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"accumulate": 0}, {"ema_half_life_images": -1.0}])
def test_a_value_out_of_range_is_refused(options):
    with pytest.raises(UserError, match=f"--{next(iter(options)).replace('_', '-')} is"):
        TrainConfig(**options)


@pytest.mark.parametrize(
    ("config", "images"),
    [
        (TrainConfig(images=100, epochs=3.0), 128),  # images take precedence, rounded up to whole batches
        (TrainConfig(epochs=1.5), 96),
        (TrainConfig(), DEFAULT_EPOCHS * 64),
    ],
)
def test_the_number_of_images_is_resolved_to_whole_batches(config, images):
    resolved = config.resolve(64, "cpu")
    assert (resolved.images, resolved.epochs, resolved.device) == (images, None, "cpu")
    assert resolved.tick_images % config.batch_size == 0
    assert replace(resolved, images=1, tick_images=None, epochs=None) == replace(
        config, images=1, tick_images=None, epochs=None, device="cpu"
    )


def test_ticks_are_a_twentieth_of_the_run_up_to_a_limit():
    assert TrainConfig(images=3200).resolve(64, "cpu").tick_images == 160
    assert TrainConfig(images=10**8, batch_size=1).resolve(64, "cpu").tick_images == MAX_TICK_IMAGES
    assert TrainConfig(images=3200, tick_images=33).resolve(64, "cpu").tick_images == 64
