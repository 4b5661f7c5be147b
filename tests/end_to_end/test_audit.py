"""`ganoscope audit` from images of any origin to a scorecard: resumed, refused, judged by a policy."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.commands import assert_told, run
from tests.fixtures.pages import Page

import ganoscope
from ganoscope.audits import asking
from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.questions import list_questions
from ganoscope.audits.scorecard import Entry, load_scorecard, save_scorecard
from ganoscope.contracts import Measured
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.files.tables import read_csv
from ganoscope.statistics.estimate import Estimate


def measure_brightness(evidence: AuditEvidence) -> Answer:
    """A question that is quick to answer: how bright the images are."""
    images = evidence.synthetic.load(np.arange(evidence.synthetic.count))[:, 0]
    means = images.mean(axis=(1, 2))
    estimate = Estimate(float(means.mean()), float(means.min()), float(means.max()), len(means), len(means))
    return Answer(
        "clear",
        f"Mean brightness {means.mean():.3f}.",
        (Value("mean", Measured(estimate, None, "like real"), "all", "pixels"),),
        columns={"mean": means.tolist()},
        sheets={"first.png": np.rint((images[0] + 1) * 127.5).astype(np.uint8)},
    )


def refuse_to_answer(evidence: AuditEvidence) -> Answer:
    raise UserError("there is nothing to ask.")


@pytest.fixture
def asked(monkeypatch):
    """Two questions in the place of all, and how often the first was asked."""
    calls = []

    def ask(evidence):
        calls.append(evidence)
        return measure_brightness(evidence)

    questions = {
        "brightness": SimpleNamespace(QUESTION="How bright are they?", RANK=1, ask=ask),
        "nothing": SimpleNamespace(QUESTION="Is there nothing?", RANK=2, ask=refuse_to_answer),
    }
    monkeypatch.setattr(asking, "list_questions", lambda: questions)
    return calls


@pytest.fixture
def foreign(tmp_path):
    """Pictures of another program: other sizes, class folders, and a file that is none."""
    rng, folder = np.random.default_rng(0), tmp_path / "foreign"
    for index in range(60):
        path = folder / ("lesion" if index % 2 else "healthy") / f"made {index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (40, 44), dtype=np.uint8)).save(path)
    (folder / "lesion" / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def places(asked, foreign, tiny_run, phantom_store, tmp_path):
    return {"tmp": tmp_path, "store": phantom_store, "run": tiny_run, "foreign": foreign}


def test_a_run_is_audited_with_its_own_store(asked, tiny_run, phantom_store, tmp_path, capsys):
    out = tmp_path / "audit"
    assert run("audit", out, "--synthetic", tiny_run, "--number", 50) == 0
    printed = capsys.readouterr().out
    assert "[clear] brightness: Mean brightness" in printed
    assert "[not tested] nothing: Not tested: there is nothing to ask." in printed
    scorecard, store = load_scorecard(out), Store.open(phantom_store)
    assert scorecard.subject.members == len(store.indices("train"))
    assert scorecard.subject.held_out == len(store.indices("test"))
    assert scorecard.subject.weights_sha256 == ganoscope.open_run(tiny_run).weights_sha256
    assert [entry.outcome for entry in scorecard.entries] == ["clear", "untested"]
    rows = list(read_csv(out / "images.csv"))
    drawn = store.intensity.to_network(ganoscope.sample(ganoscope.open_run(tiny_run), 50))
    assert np.allclose([float(row["brightness.mean"]) for row in rows], drawn.mean(axis=(1, 2)), atol=0.01)
    lines = (out / "summary.txt").read_text().splitlines()
    assert "2 questions: none with a fault, 1 clear, 1 not tested." in lines[:8]
    page = Page((out / "report.html").read_text())
    assert (page.open, page.faults, page.pictures[0]["src"][:15]) == ([], [], "data:image/webp")
    assert "How bright are they?" in page.text


def test_the_same_call_goes_on_and_another_one_is_refused(asked, tiny_run, tmp_path, capsys):
    arguments = ("audit", tmp_path / "audit", "--synthetic", tiny_run, "--number", 50)
    assert run(*arguments) == 0
    first = (tmp_path / "audit" / "images.csv").read_bytes()
    (tmp_path / "audit" / "images.csv").unlink()
    assert run(*arguments) == 0
    assert len(asked) == 1
    assert (tmp_path / "audit" / "images.csv").read_bytes() == first
    capsys.readouterr()
    assert run(*arguments, "--seed", 1) == 2
    assert "holds another audit: it differs in seed" in capsys.readouterr().err


def test_pictures_of_any_program_are_audited_under_their_names(asked, foreign, phantom_store, tmp_path):
    out = tmp_path / "audit"
    known = sorted(set(Store.open(phantom_store).column("label").tolist()))
    for old, new in zip(("healthy", "lesion"), known[:2], strict=True):
        (foreign / old).rename(foreign / new)
    assert run("audit", out, "--synthetic", foreign, "--real", phantom_store) == 0
    rows = list(read_csv(out / "images.csv"))
    assert {row["name"] for row in rows} == {str(path.relative_to(foreign)) for path in foreign.rglob("made*")}
    assert all(row["name"].split("/")[0] == row["label"] for row in rows)
    subject = load_scorecard(out).subject
    assert "60 images were resampled to 32 px." in subject.notes
    assert [name.split("/")[1] for name in subject.unreadable] == ["broken.png"]
    assert "1 file could not be read" in (out / "summary.txt").read_text()


@pytest.mark.parametrize(("limit", "status"), [(2.0, 0), (-2.0, 1)])
def test_a_policy_gives_the_exit_status(limit, status, asked, tiny_run, tmp_path, monkeypatch):
    monkeypatch.setattr("ganoscope.workflows.audit.list_modules", lambda _: ["brightness", "nothing"])
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"brightness.mean": {"at_most": limit}}))
    call = ("audit", tmp_path / "audit", "--synthetic", tiny_run, "--number", 50, "--policy", policy)
    assert run(*call) == status
    policy.write_text(json.dumps({"brightness.mean": {"at_most": 2.0}, "nothing.outcome": "clear"}))
    assert run(*call) == 3
    assert load_scorecard(tmp_path / "audit").judged.result == "unknown"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--synthetic", "{tmp}/none"], "--synthetic is no folder"),
        (["--synthetic", "{store}", "--real", "{store}"], "holds the real images themselves: 144 of 144"),
        (["--synthetic", "{foreign}"], "--real is missing"),
        (["--synthetic", "{foreign}", "--real", "{store}"], "classes that the real ones lack: got healthy"),
        (["--synthetic", "{foreign}", "--real", "{store}", "--checkpoint", "3"], "--checkpoint needs a run"),
        (["--synthetic", "{run}", "--checkpoint", "3"], "has no checkpoint at 3 images"),
        (["--synthetic", "{run}", "--number", "49"], "--number is out of range: got 49; allowed: 50 or more"),
        (["--synthetic", "{run}", "--holdout", "{store}"], "holds images of --real, or near-duplicates of them"),
        (["--synthetic", "{run}", "--bank", "{store}"], "bank.json"),
        (["--synthetic", "{run}", "--policy", "{tmp}/none.json"], "none.json"),
    ],
)
def test_mistakes_are_told(arguments, words, places, capsys):
    assert_told(["audit", "{tmp}/audit", *arguments], words, places, capsys)


def test_few_images_are_refused(asked, tiny_run, phantom_store, tmp_path, capsys):
    ganoscope.generate(tiny_run, tmp_path / "made", ganoscope.GenerateConfig(number=49))
    arguments = ["audit", "{tmp}/audit", "--synthetic", "{tmp}/made", "--real", str(phantom_store)]
    assert_told(arguments, "too few synthetic images to audit: got 49", {"tmp": tmp_path}, capsys)


def test_every_question_is_a_file_with_a_rank_of_its_own():
    found = list_questions()
    ranks = [question.RANK for question in found.values()]
    assert len(set(ranks)) == len(ranks)
    assert all(question.QUESTION.endswith("?") for question in found.values())


def test_checkpoints_make_a_curve(asked, tiny_run, tmp_path, capsys):
    out = tmp_path / "audit"
    assert run("audit", out, "--synthetic", tiny_run, "--number", 50, "--checkpoints", "all") == 0
    points = load_scorecard(out).points
    names = sorted(int(path.name) for path in (tiny_run / "checkpoints").iterdir())
    assert [point.images_seen for point in points] == names
    assert [row["images_seen"] for row in read_csv(out / "checkpoints.csv")] == [str(name) for name in names]
    assert "can't say which checkpoint to take" in capsys.readouterr().out
    assert "Over training" in Page((out / "report.html").read_text()).text
    earlier = sorted((out / "checkpoints").iterdir(), key=lambda path: int(path.name))
    assert [int(path.name) for path in earlier] == names[:-1], "the last one is audited above, once"
    assert all((path / "summary.txt").exists() for path in earlier)


def test_checkpoints_need_a_run(asked, foreign, phantom_store, tmp_path, capsys):
    places = {"tmp": tmp_path, "foreign": foreign, "store": phantom_store}
    call = ["audit", "{tmp}/audit", "--synthetic", "{foreign}", "--real", "{store}", "--checkpoints"]
    assert_told([*call, "all"], "--checkpoints needs a run", places, capsys)
    assert_told([*call, "x"], "--checkpoints are no list: got x", places, capsys)


@pytest.fixture
def followed(asked, tiny_run, tmp_path, monkeypatch):
    """A run with an audit of all of its checkpoints, in its folder, in which every later one leaks more."""
    place = tmp_path / "run"
    shutil.copytree(tiny_run, place)
    assert run("audit", place / "audit", "--synthetic", place, "--number", 50, "--checkpoints", "all") == 0
    card = load_scorecard(place / "audit")
    points = [
        replace(one, times_floor=9.0 - number, auc=0.5 + 0.1 * number, copies=0.0, tested=1)
        for number, one in enumerate(card.points)
    ]
    fault = Entry("membership", "Can members be told?", "fault", "Leak shown: AUC 0.9.")
    save_scorecard(place / "audit", replace(card, points=tuple(points), entries=(*card.entries, fault)))
    return place, points


def test_images_are_drawn_at_the_checkpoint_that_leaks_little(followed, tmp_path, capsys):
    place, points = followed
    call = ("generate", place, tmp_path / "made", "--number", 2, "--audit", place / "audit", "--max-leak")
    assert run(*call, 0.65) == 0
    assert f"checkpoint at {points[1].images_seen} images: AUC 0.600" in capsys.readouterr().out
    rows = list(read_csv(tmp_path / "made" / "manifest.csv"))
    assert {row["images_seen"] for row in rows} == {str(points[1].images_seen)}
    assert run(*call[:2], tmp_path / "none", *call[3:], 0.45) == 2
    assert "no checkpoint leaks as little as --max-leak 0.45" in capsys.readouterr().err
    card = load_scorecard(place / "audit")
    save_scorecard(place / "audit", replace(card, points=tuple(replace(one, weights_sha256="b") for one in points)))
    assert run(*call[:2], tmp_path / "none", *call[3:], 0.65) == 2
    assert "is about other weights" in capsys.readouterr().err


def test_the_page_of_the_run_shows_its_audit_and_tells_when_it_is_outdated(followed, tmp_path):
    place, _ = followed
    assert run("report", place, "--out", tmp_path / "page.html", "--number", 8) == 0
    page = Page((tmp_path / "page.html").read_text())
    assert "Leak shown: AUC 0.9." in page.text
    assert "How bright are they?" in page.text
    assert "not at the checkpoint that this report is about" not in page.text
    card = load_scorecard(place / "audit")
    save_scorecard(place / "audit", replace(card, subject=replace(card.subject, weights_sha256="b", images_seen=80)))
    assert run("report", place, "--out", tmp_path / "page.html", "--number", 8) == 0
    assert "audits were made at 80 images, not at the checkpoint" in Page((tmp_path / "page.html").read_text()).text
