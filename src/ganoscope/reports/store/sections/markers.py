"""Burnt-in text and markers: how many images of each class have any, and a gallery with boxes around them."""

from ganoscope.reports.kit.content import Table
from ganoscope.reports.kit.pictures import embed_image
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter
from ganoscope.reports.store.galleries import Exhibit, Gallery, count_shown, show_single
from ganoscope.reports.store.marked_pictures import LARGE_PX, draw_thumbnail, parse_boxes

ANCHOR, TITLE = "markers", "Burnt-in text and markers"


def show(evidence: Evidence) -> StoreChapter:
    """Returns images with burnt-in text or markers."""
    seen, searched = evidence.columns["markers"] != "", evidence.columns["searched"] == "yes"
    if not seen.any():
        none = (
            f"None were found in the {int(searched.sum()):,} images that were searched. Small images are not "
            f"searched, and pale or dark text is missed."
        )
        return StoreChapter(ANCHOR, TITLE, (none,))
    text = (
        "Boxes show what looks like letters or markers: a hint, not a certainty. Letters may name a person, and a "
        "classifier may learn them."
    )
    rows = []
    for label in evidence.classes:
        members = searched & (evidence.labels == label)
        number = int((seen & members).sum())
        rows.append((label, f"{int(members.sum()):,}", f"{number:,}", f"{number / max(1, members.sum()):.1%}"))
    table = Table("Images with supposed markers", ("Class", "Searched", "Marked", "Share"), tuple(rows))
    chosen = [int(index) for index in evidence.findings.exhibits.markers]
    exhibits = tuple(show_marked(evidence, index) for index in chosen)
    gallery = Gallery("", count_shown(len(chosen), int(seen.sum())), exhibits, "large")
    return StoreChapter(ANCHOR, TITLE, (text,), tables=(table,), galleries=(gallery,))


def show_marked(evidence: Evidence, index: int) -> Exhibit:
    """Returns one image with boxes around supposed markers."""
    boxes = parse_boxes(evidence.columns["markers"][index])
    picture = draw_thumbnail(evidence, index, LARGE_PX, marks=boxes)
    alt = f"Image of the class {evidence.labels[index]}, {len(boxes)} supposed markers boxed in red."
    return show_single(evidence, index, embed_image(picture), alt)
