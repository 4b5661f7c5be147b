"""What is printed while a user waits."""

from ganoscope.progress import CONSOLE


def test_brackets_in_paths_and_class_names_are_printed_as_they_are(capsys):
    CONSOLE.print("teacher a[b]/run[/] of [grade i]")
    assert capsys.readouterr().err == "teacher a[b]/run[/] of [grade i]\n"
