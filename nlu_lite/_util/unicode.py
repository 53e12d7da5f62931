"""Text that UTF-8 can encode."""

from __future__ import annotations


def is_encodable(text: str) -> bool:
    r"""Return whether UTF-8 can encode a text: it cannot encode lone surrogates.

    Example:
        >>> is_encodable("\U0001f600"), is_encodable("\ud83d")
        (True, False)
    """
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
