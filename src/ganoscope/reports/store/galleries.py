"""Galleries: pictures that show the same thing, each with its words."""

from dataclasses import dataclass

from ganoscope.reports.kit.pictures import Picture, embed_image
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.marked_pictures import SIDE_PX, draw_thumbnail


@dataclass(frozen=True)
class Exhibit:
    """One picture of a gallery.

    Attributes:
        picture: The picture with its words.
        badges: What is serious about it, in a word or two each.
        lines: Lines of text below it.
    """

    picture: Picture
    badges: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gallery:
    """Pictures that show the same thing.

    Attributes:
        title: What they show, or "".
        sentence: How many there are, and how they were chosen.
        exhibits: The pictures.
        look: `small`, `large`, or `wide` where each exhibit holds two pictures.
    """

    title: str
    sentence: str
    exhibits: tuple[Exhibit, ...]
    look: str = "small"


def show_plainly(evidence: Evidence, index: int, what: str, *lines: str) -> Exhibit:
    """Returns one image without anything drawn into it.

    Args:
        evidence: What is shown of the store.
        index: Position of the image in the store.
        what: What is remarkable about it, for readers who can't see it.
        *lines: Lines of text below it.
    """
    alt = f"Image of the class {evidence.labels[index]}, {what}: {', '.join(lines)}."
    return show_single(evidence, index, embed_image(draw_thumbnail(evidence, index)), alt, *lines)


def show_single(evidence: Evidence, index: int, source: str, alt: str, *lines: str) -> Exhibit:
    """Returns one image with its class, lines of its own, and its id.

    Args:
        evidence: What is shown of the store.
        index: Position of the image in the store.
        source: The picture as a data URI.
        alt: Text for readers who can't see it.
        *lines: Lines of text between the class and the id.
    """
    named = (str(evidence.labels[index]),) if evidence.labelled else ()
    picture = Picture(source, alt, "", True, SIDE_PX)
    return Exhibit(picture, (), (*named, *lines, str(evidence.columns["sample_id"][index])))


def count_shown(shown: int, found: int) -> str:
    """Returns how many images of how many a gallery shows.

    Example:
        >>> count_shown(36, 1200), count_shown(5, 5)
        ('1,200 images; 36 chosen at random are shown.', '5 images; all are shown.')
    """
    chosen = f"{shown} chosen at random are shown" if shown < found else "all are shown"
    return f"{found:,} image{'' if found == 1 else 's'}; {chosen}."
