"""Small frames with vectors."""

import numpy as np
import pandas as pd

import nlu_lite.pandas  # noqa: F401  (registers frame.nlu)

COLUMN = "word_embedding_x"


def tokens(texts=("A cat sat.", "Dogs bark!"), dimension=4, **columns):
    """Return a frame like predict's, with offsets: a row for each word or mark, with a random vector."""
    rows = [(number, *place) for number, text in enumerate(texts) for place in cut(text)]
    frame = pd.DataFrame(rows, columns=["document", "token", "token_begin", "token_end"]).set_index("document")
    frame = frame.rename_axis(None).assign(**columns)
    vectors = np.random.default_rng(1).normal(size=(len(frame), dimension)).astype(np.float32)
    return frame.assign(**{COLUMN: list(vectors)})


def cut(text):
    begin = 0
    for word in text.replace(".", " .").replace("!", " !").split():
        begin = text.index(word, begin)
        yield word, begin, begin + len(word)
        begin += len(word)


def plain(frame):
    """Return the frame without offsets, as predict returns it by default."""
    return frame.drop(columns=["token_begin", "token_end"])
