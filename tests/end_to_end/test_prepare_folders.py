"""`ganoscope prepare` on folder trees as they are handed out: what was understood is printed, and stored right."""

import unicodedata
from collections import Counter

import numpy as np
import pytest

from ganoscope.cli import execute
from ganoscope.data.store import Store
from ganoscope.data.store.contents import FINDINGS, compute_statistics


def draw(seed, size=40):
    """A picture of its own."""
    texture = np.random.default_rng(seed).integers(0, 255, (size // 4, size // 4))
    return texture.repeat(4, 0).repeat(4, 1).astype(np.uint8)


@pytest.fixture
def prepare(make_source, tmp_path, capfd):
    """The store of a tree of pictures by name, and what was printed."""

    def prepare(pictures, *options):
        target = tmp_path / "store"
        status = execute(
            ["prepare", str(make_source(pictures)), str(target), "--size", "32", "--workers", "1", *options]
        )
        printed = capfd.readouterr().err
        return (Store.open(target) if status == 0 else None), printed

    return prepare


def test_lung_masks_beside_films_are_anatomy_and_diagnoses_the_classes(prepare):
    tree = {}
    for seed, name in enumerate(f"{c}-{n}" for c in ("COVID", "Lung_Opacity", "Normal") for n in range(8)):
        folder = name.split("-")[0]
        tree[f"{folder}/images/{name}.png"] = draw(seed)
        tree[f"{folder}/masks/{name}.png"] = (draw(seed, 24) > 128).astype(np.uint8) * 255
    store, printed = prepare(tree)
    assert Counter(store.column("label").tolist()) == {"COVID": 8, "Lung_Opacity": 8, "Normal": 8}
    assert store.count == 24
    assert "level 1: class (3 folders: COVID, Lung_Opacity, Normal)" in printed
    assert "masks taken as outlines of anatomy, not of findings: 24" in printed
    assert not any(sample.annotated for sample in store.samples())


def test_lesion_masks_that_are_empty_in_the_healthy_are_merged_and_counted_as_findings(prepare):
    tree = {}
    for seed, (c, n) in enumerate((c, n) for c in ("benign", "malignant", "normal") for n in range(1, 9)):
        tree[f"Dataset_BUSI/{c}/{c} ({n}).png"] = draw(seed)
        mask = np.zeros((40, 40), np.uint8)
        mask[:20, :20] = 255 * (c != "normal")
        tree[f"Dataset_BUSI/{c}/{c} ({n})_mask.png"] = mask
        if (c, n) == ("benign", 3):
            tree[f"Dataset_BUSI/{c}/{c} ({n})_mask_1.png"] = mask[::-1, ::-1]
    store, printed = prepare(tree)
    assert Counter(store.column("label").tolist()) == {"benign": 8, "malignant": 8, "normal": 8}
    areas = np.asarray(store.masks).mean((1, 2))
    assert Counter(areas.round(2).tolist()) == {0: 8, 0.25: 15, 0.5: 1}
    assert store.anatomy is None
    assert (
        "masks of findings, since those of normal are empty, and those of benign and malignant are not: 25" in printed
    )
    assert compute_statistics(store).masked == {FINDINGS: 16}


def test_patients_below_classes_stay_in_one_split_and_names_stay_out_of_the_store(prepare):
    tree = {
        f"{c}/Patient {p}/slice_{k}.png": draw((place, p, k))
        for place, c in enumerate(("tumour", "healthy"))
        for p in range(1, 5)
        for k in range(4)
    }
    store, printed = prepare(tree)
    assert Counter(store.column("label").tolist()) == {"tumour": 16, "healthy": 16}
    pairs = set(zip(store.column("patient").tolist(), store.column("split").tolist(), strict=True))
    assert len(pairs) == 8
    assert "level 2: patient (4 folders: Patient 1, Patient 2, Patient 3, ...)" in printed
    assert not any(b"Patient 1" in path.read_bytes() for path in store.path.iterdir())


def test_two_equal_readings_are_refused_and_levels_settles_them(prepare, tmp_path):
    tree = {
        f"{a}/{b}/{k}.png": draw((i, j, k)) for i, a in enumerate("KL") for j, b in enumerate("MN") for k in range(9)
    }
    store, printed = prepare(tree)
    assert store is None
    assert "two levels of folders could be the class" in printed
    assert "--levels" in printed
    assert not (tmp_path / "store").exists()
    store, _ = prepare(tree, "--levels", "-/class")
    assert Counter(store.column("label").tolist()) == {"M": 18, "N": 18}


def test_a_statement_on_levels_goes_before_a_manifest(prepare):
    tree = {f"{'ab'[k % 2]}/{k}.png": draw(k) for k in range(18)}
    tree["manifest.csv"] = ("path,label\n" + "".join(f"{'ab'[k % 2]}/{k}.png,sick\n" for k in range(18))).encode()
    store, printed = prepare(tree, "--levels", "class", "--label-column", "label")
    assert store is None
    assert "the class is stated twice" in printed
    store, printed = prepare(tree, "--levels", "class")
    assert Counter(store.column("label").tolist()) == {"a": 9, "b": 9}
    assert "levels of folders as stated: class" in printed


def test_a_german_tree_with_lung_masks_and_a_table_is_read_as_an_english_one(prepare):
    tree, rows = {}, ["Dateiname;Patienten-Nr.;Befund"]
    for n in range(12):
        label, name = ("Unauffällig", "Lungenentzündung")[n % 2], f"RX{n:02d}.png"
        tree[unicodedata.normalize("NFD", f"Aufnahmen/{label}/{name}")] = draw(n)
        tree[f"Lungenmasken/{name}"] = (draw(n, 24) > 128).astype(np.uint8) * 255
        rows.append(f"{name};{70000 + n // 2};{label}")
    tree["Metadaten.csv"] = "\n".join(rows).encode("cp1252")
    store, printed = prepare(tree)
    assert Counter(store.column("label").tolist()) == {"Unauffällig": 6, "Lungenentzündung": 6}
    assert store.masks is None
    assert len(store.anatomy) == 12
    assert "patient from 'Patienten-Nr.'" in printed
    assert "masks taken as outlines of anatomy, not of findings: 12" in printed


@pytest.mark.parametrize("hospitals", [False, True])
def test_a_folder_of_two_classes_is_no_source_that_gives_them_away(prepare, hospitals):
    names = [f"PNEUMONIA/person{n}_{('bacteria', 'virus')[n % 2]}_1.png" for n in range(60)]
    names += [f"NORMAL/IM-{n:04}-0001.png" for n in range(30)]
    above = [f"{'south' if 'IM' in name else 'north'}/" if hospitals else "" for name in names]
    store, printed = prepare(
        {folder + name: draw(seed) for seed, (folder, name) in enumerate(zip(above, names, strict=True))}
    )
    assert Counter(store.column("label").tolist()) == {"BACTERIA": 30, "NORMAL": 30, "VIRUS": 30}
    assert "the names of files tell BACTERIA and VIRUS apart" in printed
    assert ("from source folder" in (store.path / "alarms.json").read_text()) == hospitals
