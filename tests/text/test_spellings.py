"""The search for spellings of list markers: memory changes no result."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.text.spellings import SpellingSearch

TEXTS = st.lists(st.sampled_from(["a. ", "b. ", "xa. ", "word ", "•", "\n", "10. ", "字1."]), max_size=60).map("".join)
RANGES = st.lists(
    st.tuples(st.sampled_from(["a.", "b.", "•", "1."]), st.integers(0, 150), st.integers(0, 60)), max_size=12
)


def find_all(text, wanted, begin, end):
    """Find a spelling after anything but a letter or digit of a script with spaces."""
    hits = [match.start() for match in re.finditer(re.escape(wanted), text)]
    return [hit for hit in hits if begin <= hit <= end - len(wanted) and not re.search(r"[a-z0-9]\Z", text[:hit])]


@given(TEXTS, RANGES)
@settings(max_examples=200, deadline=None)
def test_each_search_finds_all_hits(text, ranges):
    search = SpellingSearch(text)
    for wanted, begin, length in sorted(ranges, key=lambda one: one[1]):
        hits = find_all(text, wanted, begin, begin + length)
        for hit in hits:
            assert search.find_next(wanted, begin, begin + length) == hit
            begin, length = hit + 1, length - (hit + 1 - begin)
        assert search.find_next(wanted, begin, begin + length) == -1
        read = search.find_read_end(wanted, begin)
        assert not find_all(text, wanted, begin, read)
