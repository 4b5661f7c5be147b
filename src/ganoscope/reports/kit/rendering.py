"""Renders a page from its template: everything is escaped, nothing is loaded from elsewhere."""

import re
from typing import Any

from markupsafe import Markup, escape


def render(content: dict[str, Any], template: str) -> str:
    """Returns the page; everything in `content` is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ganoscope.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = mark_code
    return environment.get_template(template).render(content)


def mark_code(text: str) -> Markup:
    """Returns a sentence, escaped, with what stands between backticks as code.

    Example:
        >>> str(mark_code("a < b: see `ganoscope explain`"))
        'a &lt; b: see <code>ganoscope explain</code>'
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
