"""The public surface of the package, and the cost of its import."""

import inspect
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import nlu_lite

HEAVY = ["torch", "transformers", "pandas", "pyarrow", "huggingface_hub", "openvino", "pyspark", "ray", "plotly"]


def test_the_public_surface_is_this():
    assert sorted(nlu_lite.__all__) == [
        "BadReference",
        "BatchMapper",
        "FormatError",
        "Info",
        "InputError",
        "IntegrityError",
        "LicensedReference",
        "MissingExtra",
        "ModelError",
        "NluLiteError",
        "OfflineError",
        "OptionError",
        "Pipeline",
        "SourceError",
        "UnknownOption",
        "UnknownReference",
        "UnsupportedCall",
        "UnsupportedReference",
        "__version__",
        "clear_models",
        "info",
        "load",
        "matrix",
        "mean_vectors",
        "references",
        "register",
        "search",
    ]


def test_the_names_of_the_annotators_are_these():
    from nlu_lite import annotators

    assert annotators.__all__ == [
        "AlbertEmbeddings",
        "Annotation",
        "AnnotatorType",
        "BGEEmbeddings",
        "BertEmbeddings",
        "BertSentenceEmbeddings",
        "CamemBertEmbeddings",
        "ChunkEmbeddings",
        "DeBertaEmbeddings",
        "DistilBertEmbeddings",
        "DocumentAssembler",
        "E5Embeddings",
        "EmbeddingsFinisher",
        "Finisher",
        "LightPipeline",
        "MPNetEmbeddings",
        "Pipeline",
        "PipelineModel",
        "ReadAs",
        "RegexTokenizer",
        "RoBertaEmbeddings",
        "RoBertaSentenceEmbeddings",
        "SentenceDetector",
        "SentenceEmbeddings",
        "Tokenizer",
        "TokenizerModel",
        "XlmRoBertaEmbeddings",
        "XlmRoBertaSentenceEmbeddings",
        "start",
        "version",
    ]


def signature(function):
    return [
        f"{'*' if p.kind is p.VAR_POSITIONAL else ''}{p.name}" + ("" if p.default is p.empty else f"={p.default!r}")
        for p in inspect.signature(function).parameters.values()
    ]


def test_load_takes_these():
    assert signature(nlu_lite.load) == [
        "*references",
        "path=None",
        "device='cpu'",
        "backend='auto'",
        "precision='fp32'",
        "threads=None",
        "words='icu'",
        "pooling='first'",
        "sentence_pooling=None",
        "prompt=None",
        "layers=(-1,)",
        "layer_merge='mean'",
        "alignment='word'",
        "context='sentence'",
        "max_length=None",
        "normalize=False",
        "reproducible=False",
        "newline_breaks='paragraphs'",
        "keep_whole=()",
        "sentence_splitter=None",
        "tokenizer=None",
        "compat=None",
        "source=None",
        "revision=None",
        "cache_dir=None",
        "offline=None",
        "lock=None",
        "versions='same'",
    ]


def test_predict_takes_these():
    assert signature(nlu_lite.Pipeline.predict) == [
        "self",
        "data",
        "output_level=None",
        "positions=False",
        "metadata=False",
        "text_column=None",
        "keep_columns=True",
        "lang=None",
        "lang_column=None",
        "missing='error'",
        "empty='drop'",
        "split='words'",
        "as_='pandas'",
        "vectors='numpy'",
        "progress=None",
    ]


def test_encode_takes_these():
    assert signature(nlu_lite.Pipeline.encode) == [
        "self",
        "texts",
        "normalize=False",
        "column=None",
        "text_column=None",
        "lang=None",
        "lang_column=None",
        "split='words'",
        "progress=None",
    ]


def test_mean_vectors_takes_these():
    assert signature(nlu_lite.mean_vectors) == ["frame", "by", "column=None"]


def test_stream_takes_these():
    assert signature(nlu_lite.Pipeline.stream) == [
        "self",
        "data",
        "chunk=1024",
        "output_level=None",
        "positions=False",
        "metadata=False",
        "text_column=None",
        "keep_columns=True",
        "lang=None",
        "lang_column=None",
        "missing='error'",
        "empty='drop'",
        "split='words'",
        "as_='pandas'",
    ]


def test_predict_file_takes_these():
    assert signature(nlu_lite.Pipeline.predict_file) == [
        "self",
        "source",
        "target",
        "chunk=1024",
        "dtype='float32'",
        "existing='error'",
        "format=None",
        "delimiter=None",
        "output_level=None",
        "positions=False",
        "metadata=False",
        "text_column=None",
        "keep_columns=True",
        "lang=None",
        "lang_column=None",
        "missing='error'",
        "empty='drop'",
        "progress=None",
    ]


def test_save_takes_these():
    assert signature(nlu_lite.Pipeline.save) == ["self", "path", "weights=False"]


def test_every_error_is_of_one_tree():
    errors = [getattr(nlu_lite, name) for name in nlu_lite.__all__ if inspect.isclass(getattr(nlu_lite, name))]
    errors.remove(nlu_lite.Pipeline)
    errors.remove(nlu_lite.BatchMapper)
    errors.remove(nlu_lite.Info)
    assert errors
    assert all(issubclass(error, nlu_lite.NluLiteError) for error in errors)


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_loads_nothing_heavy():
    assert run(f"import sys, nlu_lite; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_import_loads_its_parts_when_they_are_used():
    own = "sorted(name for name in sys.modules if name.partition('.')[0] in ('nlu_lite', 'numpy'))"
    assert run(f"import sys, nlu_lite; print({own})") == "['nlu_lite', 'nlu_lite._version']"
    assert run(f"import sys, nlu_lite; nlu_lite.OptionError; print({own})").count("nlu_lite") == 3


def test_every_public_name_is_found_by_all_ways_of_looking():
    code = """if True:
        import pydoc, nlu_lite
        assert set(nlu_lite.__all__) <= set(dir(nlu_lite)) and 'load' not in vars(nlu_lite)
        page = pydoc.plain(pydoc.render_doc(nlu_lite))
        from nlu_lite import *
        assert load is nlu_lite.load is vars(nlu_lite)['load']
        print([name for name in nlu_lite.__all__ if name.strip("_") not in page.lower() + page])
    """
    assert run(code) == "[]"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'nlu_lite' has no attribute 'lode'"):
        nlu_lite.lode  # noqa: B018


def test_a_text_component_predicts_without_torch():
    code = "import sys, nlu_lite; nlu_lite.load('de.tokenize').predict('Ja.'); print('torch' in sys.modules)"
    assert run(code) == "False"


def test_the_version_is_the_distributions():
    assert nlu_lite.__version__ == metadata.version("nlu-lite")


def test_the_citation_and_the_changelog_name_the_version():
    root = Path(__file__).parents[1]
    assert f"\nversion: {nlu_lite.__version__}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {nlu_lite.__version__}\n" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_an_error_repeats_a_page_at_most_of_what_was_got():
    error = nlu_lite.FormatError("x" * 200_000, "less", "Cut it")
    assert str(error) == "x" * 3000 + "...; expected less. Cut it."
