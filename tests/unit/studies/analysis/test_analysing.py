"""The analysis as a whole: parts can be left out, and what took time is kept for the same request."""

from dataclasses import replace
from types import SimpleNamespace

from tests.fixtures.study_tables import UNKNOWN, MadeUpSplit, decide

from ganoscope.data.store import Store
from ganoscope.studies.analysis import FOLDER
from ganoscope.studies.analysis.analysing import analyse
from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.evidence.estimated_means import EstimatedMeans

MEANS = EstimatedMeans(0.25, UNKNOWN)
FEW = {"ssim_real": 4, "ssim_synthetic": 3, "gradcam_samples": 1}


def test_parts_are_left_out_and_made_when_asked_for(phantom_store, tiny_classifier, tmp_path):
    store, design = Store.open(phantom_store), decide(tmp_path, phantom_store)
    split = MadeUpSplit(SimpleNamespace(design=design), store, store, store, tiny_classifier)
    folder = tmp_path / FOLDER
    analyse(tmp_path, split, AnalysisConfig(**FEW, skip_ssim=True, skip_gradcam=True), MEANS)
    assert not (folder / "ssim.json").exists()
    assert not (folder / "grad_cams.json").exists()
    analyse(tmp_path, split, AnalysisConfig(**FEW), MEANS)
    made = (folder / "ssim.npz").stat().st_mtime_ns
    assert (folder / "grad_cams.json").exists()
    analyse(tmp_path, split, AnalysisConfig(**FEW, skip_plots=True), MEANS)
    assert (folder / "ssim.npz").stat().st_mtime_ns == made, "the same request is kept"
    analyse(tmp_path, replace(split, contents="others"), AnalysisConfig(**FEW), MEANS)
    assert (folder / "ssim.npz").stat().st_mtime_ns > made, "other images are looked at anew"
    analyse(tmp_path, split, AnalysisConfig(**FEW, skip_ssim=True), MEANS)
    assert not (folder / "ssim.npz").exists()


def test_without_synthetic_images_there_is_nothing_to_compare(phantom_store, tiny_classifier, tmp_path):
    store, design = Store.open(phantom_store), decide(tmp_path, phantom_store)
    split = MadeUpSplit(SimpleNamespace(design=design), store, store, None, tiny_classifier)
    analyse(tmp_path, split, AnalysisConfig(**FEW), MEANS)
    assert {path.name for path in (tmp_path / FOLDER).glob("*.npz")} == {"grad_cams.npz"}


def test_files_that_were_edited_or_deleted_are_made_again(phantom_store, tiny_classifier, tmp_path):
    store, design = Store.open(phantom_store), decide(tmp_path, phantom_store)
    split = MadeUpSplit(SimpleNamespace(design=design), store, store, store, tiny_classifier)
    path, config = tmp_path / FOLDER / "ssim.json", AnalysisConfig(**FEW, skip_gradcam=True)
    analyse(tmp_path, split, config, MEANS)
    honest = path.read_bytes()
    path.write_text(path.read_text().replace('"pairs": 12', '"pairs": 99'))
    assert path.read_bytes() != honest
    analyse(tmp_path, split, config, MEANS)
    assert path.read_bytes() == honest
    path.unlink()
    analyse(tmp_path, split, config, MEANS)
    assert path.read_bytes() == honest
