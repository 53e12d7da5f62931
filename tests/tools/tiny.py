"""Open the tiny model of `tests/data`, and split texts for it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from nlu_lite.encoding import open_encoder
from nlu_lite.encoding.backends.torch import TorchBackend
from nlu_lite.formats import read
from nlu_lite.frames import read as read_words
from nlu_lite.options import EncoderSettings, PredictRequest
from nlu_lite.records import Batch, Corpus
from nlu_lite.text import segment

DATA = Path(__file__).parents[1] / "data"
MODEL = DATA / "xlmroberta_weights"
TRANSLATIONS = json.loads((DATA / "translations.json").read_text(encoding="utf-8"))
TEXTS = [sentence for sentences in TRANSLATIONS.values() for sentence in sentences]


def nothing(_):
    pass


def open_tiny(checkpoint=None, backend=None, **settings):
    """Open the tiny model, or another checkpoint, on a backend (torch's by default) with settings."""
    checkpoint = checkpoint or read(MODEL)
    return open_encoder(checkpoint, backend or TorchBackend(checkpoint), EncoderSettings(**settings))


def segments_of(texts):
    return segment(Corpus(texts, ["xx"] * len(texts), pd.RangeIndex(len(texts))))


def segments_of_words(documents):
    """Return the texts and the segments of documents that are lists of words."""
    given = read_words(documents, PredictRequest(), str)
    return given.corpus.texts, given.segments


def token_vectors(encoder, texts):
    return encoder.token_vectors(texts, segments_of(texts), nothing)


def hidden_states(backend, ids, mask, layers):
    """Return the hidden states of all positions, [layers, windows, length, d]."""
    found = backend.submit(Batch(ids, mask, np.arange(ids.size)), layers).result()
    return found.reshape(len(layers), *ids.shape, -1)
