"""One finds a file where one looks for it: folders are small, and no two files share a name without a reason."""

from collections import defaultdict

from tests.fixtures.source import FILES, SOURCE

MOST_FILES = 14
"""Modules in a folder, without `__init__.py`."""
REGISTRIES = (
    *("cli", "workflows"),
    *(
        "methods",
        "nets",
        "nets/classifiers",
        "explanation/feature_attribution",
        "explanation/checks",
        "training/checks",
    ),
    *("data/checks", "data/layouts", "data/readers", "data/writers", "data/fetch/sources"),
    *("evaluate/fidelity", "evaluate/labels", "evaluate/units", "audits/questions"),
    *("reports/run/sections", "reports/store/sections", "reports/classifier/sections", "reports/study/sections"),
)
"""Folders that hold one file per thing of a kind, as many as there are."""

MIRRORS = {
    "config": "the configuration of a verb lies in the room of its verb",
    "session": "training of GANs and of classifiers",
    "run_folder": "runs of GANs and of classifiers",
    "checks": "checks lie beside what they check",
    "page": "one page per report",
    "sections": "one list of sections per report",
    "content": "what a page is filled with",
    "alarms": "the types, and the section of a report that shows them",
    "counterfactual": "objective, workflow, command and section of one name",
    "cam": "activation maps: network and objective",
    "dicom": "reader and format",
    "nifti": "reader and writer",
    "npz": "reader and writer",
    "png": "reader and writer",
}
"""Names that files in several folders may share, and why."""
MIRRORED_FOLDERS = (
    {"methods", "nets", "objectives"},  # a GAN, its networks, its losses
    {"workflows", "cli", "reports/run"},  # a verb, its command, its section of the report
    {"data/layouts", "data/fetch/sources", "data/fetch/clients"},  # a data set
    {"data/readers", "data/writers"},  # a format
    {
        *("reports/store/sections", "reports/classifier/sections", "reports/run/sections", "reports/study/sections"),
        "counterfactuals/results",
    },
    {"data/checks", "reports/store/sections"},  # a check, and the section that shows it
    {"evaluate/fidelity", "training/run_folder", "reports/run/sections", "audits/questions"},  # what a run has, is
    # shown, and is asked
    {"evaluate/units", "audits/questions"},  # what is measured, and the question that it answers
    {"reports/store", "reports/classifier", "reports/run", "reports/study"},  # the pages are made alike
)
"""Folders whose files bear each other's names on purpose."""
MOST_REPEATED = 0
"""Names shared without such a reason: may only shrink."""


def test_folders_are_small():
    sizes = defaultdict(int)
    for file in FILES:
        sizes[file.parent.relative_to(SOURCE).as_posix()] += file.name != "__init__.py"
    large = {folder: size for folder, size in sizes.items() if size > MOST_FILES and folder not in REGISTRIES}
    assert large == {}


def find_repeated():
    places = defaultdict(set)
    for file in FILES:
        if file.name != "__init__.py":
            places[file.stem].add(file.parent.relative_to(SOURCE).as_posix())
    return {
        stem: sorted(folders)
        for stem, folders in places.items()
        if len(folders) > 1 and stem not in MIRRORS and not any(folders <= mirror for mirror in MIRRORED_FOLDERS)
    }


def test_no_two_files_share_a_name():
    repeated = find_repeated()
    listed = "\n".join(f"{stem}: {', '.join(folders)}" for stem, folders in sorted(repeated.items()))
    assert len(repeated) <= MOST_REPEATED, listed
