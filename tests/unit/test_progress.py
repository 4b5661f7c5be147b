"""What is printed while a user waits."""

from ganoscope.progress import CONSOLE, ProgressBar


def test_brackets_in_paths_and_class_names_are_printed_as_they_are(capsys):
    CONSOLE.print("teacher a[b]/run[/] of [grade i]")
    assert capsys.readouterr().err == "teacher a[b]/run[/] of [grade i]\n"


def test_a_total_that_is_passed_is_no_longer_shown(capsys):
    with ProgressBar("translating", 2) as bar:
        bar.advance(2)
        assert bar.total == 2
        bar.advance(1)
    assert capsys.readouterr().err.startswith("translating: 3 images, ")


def test_other_things_than_images_have_no_rate(capsys):
    with ProgressBar("tasks", 3, unit="tasks") as bar:
        bar.advance(2, "about 5 min left")
    assert capsys.readouterr().err == "tasks: 2/3 tasks\n"
