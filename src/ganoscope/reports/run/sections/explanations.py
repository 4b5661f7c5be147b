"""The explanations of a run: sentences, figures with captions, key statistics.

Only what every such folder holds is read: `summary.txt`, `results.json` and `figures/*.png`. An estimate is found
anywhere in the results by its keys, and an unknown figure is shown under its file's name.
"""

from pathlib import Path

from ganoscope.files.records import load_mapping
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.kit.estimates import tabulate_estimates
from ganoscope.reports.kit.pictures import Picture, show_file
from ganoscope.reports.kit.text_blocks import read_blocks
from ganoscope.reports.run.artefacts import Sources

CAPTIONS = {
    "real_and_generated": "Where the discriminator looks. Real and generated images, each with the maps of the "
    "evidence for 'real' and of the evidence for 'generated'.",
    "randomisation_why_real": "Check by randomisation: evidence for 'real'. The map while weights are replaced by "
    "random ones, layer by layer. A map that stays the same does not depend on what the network has learned.",
    "randomisation_why_generated": "Check by randomisation: evidence for 'generated'. The same for the map of the "
    "evidence for 'generated'.",
    "randomisation": "Check by randomisation: all images. How similar the maps stay to the original ones as more "
    "layers are replaced.",
    "regions": "Where attention lies: inside the anatomy, on its boundary and in the background, beside the share of "
    "the picture that each region covers, which is what a uniform map would show.",
    "deletion": "Check by deletion and insertion. The score while marked pixels are removed or restored, compared "
    "with pixels marked at random. A map that marks relevant pixels changes the score more.",
}
"""Captions by a part of the figure's file name, in the order in which figures are shown; the first that fits counts."""


def make_chapter(sources: Sources) -> Chapter | None:
    """Returns the chapter on explanations; None for a translation.

    Raises:
        UserError: A file in their folder is damaged.
    """
    if sources.translates:
        return None
    found = sources.explanations
    sections = describe_explanations(found.value) if found.value else (Section((found.missing,)),)
    return Chapter("explanations", "Explanations", sections)


def describe_explanations(folder: Path) -> tuple[Section, ...]:
    """Returns the content of a folder of explanations: its summary and all figures, then its estimates."""
    tables = tabulate_estimates(load_mapping(folder / "results.json"), "Key statistics")
    return (
        Section(blocks=read_blocks(folder / "summary.txt"), figures=load_figures(folder / "figures")),
        *(Section(tables=(table,)) for table in tables),
    )


def load_figures(folder: Path) -> tuple[Picture, ...]:
    """Returns all PNG figures in a folder: those with a known name first, in the order of `CAPTIONS`."""
    return tuple(show_figure(path) for path in sorted(folder.glob("*.png"), key=rank))


def rank(path: Path) -> tuple[int, str]:
    """Returns the place of a figure."""
    known = recognise(path)
    return (list(CAPTIONS).index(known) if known else len(CAPTIONS), path.name)


def recognise(path: Path) -> str | None:
    """Returns the first key of `CAPTIONS` that is a part of a file's name, or None."""
    return next((part for part in CAPTIONS if part in path.stem.lower()), None)


def show_figure(path: Path) -> Picture:
    """Returns a figure with its caption; an unknown one has its file's name in words."""
    known = recognise(path)
    title = path.stem.replace("_", " ").replace("-", " ").capitalize() + "."
    return show_file(path, CAPTIONS[known] if known else title)
