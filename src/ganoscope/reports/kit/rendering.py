"""Renders a page from its template: everything is escaped, nothing is loaded from elsewhere."""

import re
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape


def render(content: dict[str, Any], template: str) -> str:
    """Returns a page as HTML.

    Args:
        content: What the template shows; all of it is escaped. The date of today, as `date`, is added.
        template: Path of the template below `reports/`.

    Raises:
        jinja2.UndefinedError: The template shows something that `content` lacks.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ganoscope.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = mark_code
    return environment.get_template(template).render({"date": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC", **content})


def mark_code(text: str) -> Markup:
    """Returns a sentence, escaped, with text between backticks as code.

    Example:
        >>> str(mark_code("a < b: see `ganoscope explain`"))
        'a &lt; b: see <code>ganoscope explain</code>'
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
