"""Text of the data for pages and figures: shortened, on one line, and escaped."""

from __future__ import annotations

from html import escape

from nlu_lite.errors import escape_surrogates

LONGEST = 60
"""Maximum number of characters of a label, and of the text on each side of a token."""
ELLIPSIS = "…"
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
"""Unicode's marks around text of another direction, such as an Arabic word in an English line."""


def shorten(text: str, most: int = LONGEST) -> str:
    r"""Return the beginning of a text on one line.

    Example:
        >>> shorten("two\n words"), shorten("abcdef", 4)
        ('two words', 'abc…')
    """
    line = " ".join(text[: 4 * most + 1].split())
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + ELLIPSIS


def shorten_left(text: str, most: int = LONGEST) -> str:
    """Return the end of a text; white space stays, so that the text can be followed by a word.

    Example:
        >>> shorten_left("abcdef ", 4)
        '…ef '
    """
    return text if len(text) <= most else ELLIPSIS + text[len(text) - most + 1 :]


def escape_label(value: object) -> str:
    """Return a value as text in which a figure finds no markup.

    Example:
        >>> escape_label("<b>a & b</b>")
        '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return escape(escape_surrogates(shorten(str(value))), quote=False)


def isolate(label: str) -> str:
    """Return a label between Unicode's marks for text of another direction."""
    return f"{ISOLATE}{label}{END_OF_ISOLATE}"
