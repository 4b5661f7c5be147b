"""The generator of a split learns from as few images as the split has."""

import shutil

from ganoscope.data.store import Store
from ganoscope.studies.result_files import RUN, STORE
from ganoscope.studies.steps.generator import train_generator
from ganoscope.training.run_folder.trained_run import open_run

TRAINING = {"seed": 1, "device": "cpu", "precision": "fp32"}


def test_a_split_with_fewer_images_than_a_batch_of_the_preset_is_learned_from(phantom_store, tmp_path):
    shutil.copytree(phantom_store, tmp_path / "data" / STORE)
    count = len(Store.open(phantom_store).indices("train"))
    assert count < 128, "the batch of the preset"
    inputs = {"data": tmp_path / "data"}
    train_generator(tmp_path, inputs, method="pneumonia_cgan", training=TRAINING | {"images": count})
    assert open_run(tmp_path / RUN, "cpu").record.train.batch_size == count
