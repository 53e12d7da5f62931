"""The documents that both engines process, and a comparison with `predict`."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.tools.tiny import TEXTS

MODEL = f"path:{Path(__file__).parents[1] / 'data' / 'xlmroberta_weights'}"
COLUMN = "word_embedding_xlmroberta_weights"
LEVEL = {"output_level": "sentence", "positions": True, "metadata": False}


def build_table(rows):
    """Return documents in many languages, some without words, with columns that are kept."""
    texts = [TEXTS[n % len(TEXTS)] + ("" if n % 3 else f" {TEXTS[(n + 1) % len(TEXTS)]}") for n in range(rows)]
    texts[1::50] = [""] * len(texts[1::50])
    return pa.table({"id": pa.array(range(rows), pa.int64()), "text": texts, "half": [n / 2 for n in range(rows)]})


def assert_equal(found, expected, atol=5e-6, column=COLUMN):
    """Compare two tables whose rows may come in another order; with `atol=0`, bit for bit."""
    found, expected = (
        table.sort_by([("id", "ascending"), ("sentence_begin", "ascending")]) for table in (found, expected)
    )
    names = ["id", "half", "sentence", "sentence_begin", "sentence_end"]
    assert found.select(names).to_pydict() == expected.select(names).to_pydict()
    vectors = [np.stack(table.column(column).to_pylist()) for table in (found, expected)]
    np.testing.assert_allclose(*vectors, rtol=0, atol=atol)
