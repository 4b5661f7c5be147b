"""A trained run finds its own store, and says why where it can't be used."""

from dataclasses import replace

import pytest

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files import load_json, save_json
from ganoscope.training.run_folder.record import load_record
from ganoscope.training.run_folder.trained_run import (
    find_checkpoint,
    open_run,
    open_run_store,
    refuse_changed_store,
    refuse_translation,
)


def change(run, **changes):
    return replace(run, record=replace(run.record, **changes))


def test_the_store_is_found_where_the_run_notes_it_or_where_it_is_now(tiny_run, phantom_store, tmp_path):
    run = open_run(tiny_run)
    found = run.open_store()
    assert (found.reason, found.store.path, found.path) == ("", phantom_store, phantom_store)
    moved = change(run, store=str(tmp_path / "nowhere"))
    assert moved.open_store(phantom_store).store.fingerprint == run.record.store_fingerprint
    refuse_changed_store(run, found)


def test_a_store_that_is_gone_or_changed_comes_with_the_reason(tiny_run, phantom_store, tmp_path):
    run = open_run(tiny_run)
    gone = change(run, store=str(tmp_path / "nowhere")).open_store()
    assert (gone.store, gone.reason, gone.path) == (None, "gone", tmp_path / "nowhere")
    refuse_changed_store(run, gone)
    changed = change(run, store_fingerprint="0" * 64)
    found = changed.open_store()
    assert (found.store, found.reason, found.fingerprint) == (None, "changed", Store.open(phantom_store).fingerprint)
    with pytest.raises(UserError, match=r"its fingerprint differs: got .*; allowed: 000000000000"):
        refuse_changed_store(changed, found)


def test_a_damaged_store_is_refused(tiny_run, tmp_path):
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(UserError):
        open_run_store(open_run(tiny_run).record, tmp_path)


def test_domains_of_one_store_are_its_classes_and_none_without_it(disc_run, disc_store):
    run = open_run(disc_run)
    domains = run.open_domains(Store.open(disc_store))
    assert {name: domain.name for name, domain in domains.items()} == {"well": "well", "sick": "sick"}
    assert run.open_domains(None) == {}


def test_networks_are_frozen_and_in_evaluation_mode(tiny_run):
    run = open_run(tiny_run)
    assert run.generator is run.averages["G"]
    for network in (*run.networks.values(), *run.averages.values()):
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_checkpoint_that_is_not_there_is_refused_with_those_that_are(tiny_run):
    assert open_run(tiny_run, images_seen=320).images_seen == 320
    with pytest.raises(UserError, match=r"no checkpoint at 7 images; allowed: .*320"):
        find_checkpoint(tiny_run, 7)


def test_a_translation_generates_no_images_from_noise(disc_run, tiny_run):
    refuse_translation(open_run(tiny_run))
    with pytest.raises(UserError, match="translates between well and sick"):
        refuse_translation(open_run(disc_run))


def test_a_run_names_its_store_relative_to_itself_and_finds_it(tiny_run, phantom_store):
    text = (tiny_run / "run.json").read_text()
    assert str(phantom_store.parent) not in text
    assert load_record(tiny_run).store == str(phantom_store.resolve())
    assert open_run(tiny_run).open_store().store is not None


def test_a_record_of_an_earlier_version_with_a_whole_path_still_opens(tiny_run, phantom_store, tmp_path):
    content = load_json(tiny_run / "run.json")
    save_json(tmp_path / "run.json", {**content, "store": str(phantom_store)})
    assert load_record(tmp_path).store == str(phantom_store)


def test_printed_it_is_a_line_that_names_folder_method_and_progress(tiny_run):
    assert repr(open_run(tiny_run)) == f"TrainedRun({str(tiny_run)!r}, dcgan, 320 images seen)"
