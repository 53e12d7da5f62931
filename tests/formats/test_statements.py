"""Recipes of sentence vectors in sentence-transformers' files: applied, or refused with the reason."""

import json

import pytest

from nlu_lite.errors import FormatError, UnsupportedReference
from nlu_lite.formats import read_recipe
from nlu_lite.records import Authority, SentencePooling, SentenceRecipe

USUAL = SentenceRecipe(SentencePooling.MEAN, normalize=True, prompt="query: ", authority=Authority.AUTHORS)
OLD_POOLING = {
    "word_embedding_dimension": 768,
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
}


def module(kind, path):
    return {"idx": 0, "name": path or "0", "path": path, "type": f"sentence_transformers.models.{kind}"}


TRANSFORMER, POOLING = module("Transformer", ""), module("Pooling", "1_Pooling")
NORMALIZE, DENSE = module("Normalize", "2_Normalize"), module("Dense", "2_Dense")


@pytest.fixture
def folder(tmp_path):
    """Return a function that writes JSON files into a folder and returns the folder."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_json", ".json")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return tmp_path

    return write


def recipe(folder, modules, pooling=None, usual=USUAL, **files):
    return read_recipe(
        folder(modules_json=modules, **{"1_Pooling__config_json": pooling or OLD_POOLING}, **files), usual
    )


@pytest.mark.parametrize("modules", [[TRANSFORMER, POOLING], [TRANSFORMER, POOLING, NORMALIZE]])
@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        (OLD_POOLING, SentencePooling.MEAN),
        (OLD_POOLING | {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, SentencePooling.CLS),
        ({"word_embedding_dimension": 8, "pooling_mode": "mean", "include_prompt": True}, SentencePooling.MEAN),
        ({"word_embedding_dimension": 8, "pooling_mode": ["cls"]}, SentencePooling.CLS),
    ],
)
def test_what_the_authors_state_comes_before_what_is_usual(folder, modules, pooling, said):
    expected = SentenceRecipe(said, normalize=len(modules) == 3, prompt="query: ")
    assert recipe(folder, modules, pooling) == expected


def test_where_nothing_is_stated_the_usual_recipe_holds(folder):
    found = read_recipe(folder(), USUAL)
    assert (found.pooling, found.normalize, found.prompt) == (USUAL.pooling, USUAL.normalize, USUAL.prompt)
    assert found.authority is Authority.GIVEN


def test_a_recipe_that_was_given_stays_whatever_is_stated(folder):
    given = SentenceRecipe(SentencePooling.CLS)
    assert recipe(folder, [TRANSFORMER, POOLING, DENSE], usual=given) == given


@pytest.mark.parametrize(
    ("settings", "prompt"),
    [
        ({"__version__": {"transformers": "4.6.1"}}, "query: "),
        ({"prompts": {"query": "q: "}, "default_prompt_name": None}, "query: "),
        ({"prompts": {"query": "q: ", "passage": ""}, "default_prompt_name": "query"}, "q: "),
        ({"prompts": {"query": "q: ", "passage": ""}, "default_prompt_name": "passage"}, ""),
    ],
)
def test_a_default_prompt_is_taken(folder, settings, prompt):
    found = recipe(folder, [TRANSFORMER, POOLING], config_sentence_transformers_json=settings)
    assert found.prompt == prompt


@pytest.mark.parametrize(
    ("modules", "pooling", "said"),
    [
        ([TRANSFORMER, POOLING, DENSE], None, "the modules Transformer, Pooling, Dense; expected"),
        ([TRANSFORMER, POOLING, DENSE, NORMALIZE], None, "Dense, Normalize"),
        ([TRANSFORMER, POOLING, NORMALIZE, NORMALIZE], None, "Normalize, Normalize"),
        ([TRANSFORMER], None, "the modules Transformer; expected"),
        ([], None, "the modules none"),
        ([module("Transformer", "0_Transformer"), POOLING], None, "has its transformer in '0_Transformer'"),
        ([TRANSFORMER, {"type": "my_code.Pooling", "path": ""}], None, r"asks for code of its own \(my_code.Pooling\)"),
        ([TRANSFORMER, POOLING], {"pooling_mode_max_tokens": True}, "asks for the pooling max_tokens"),
        ([TRANSFORMER, POOLING], OLD_POOLING | {"pooling_mode_cls_token": True}, "cls_token and mean_tokens"),
        ([TRANSFORMER, POOLING], {"pooling_mode": "lasttoken"}, "asks for the pooling lasttoken"),
        ([TRANSFORMER, POOLING], {"word_embedding_dimension": 8}, "asks for the pooling none"),
        ([TRANSFORMER, POOLING], OLD_POOLING | {"include_prompt": False}, "excludes the prompt from the pooling"),
    ],
)
def test_what_is_not_done_is_refused_by_name(folder, modules, pooling, said):
    with pytest.raises(UnsupportedReference, match=said) as caught:
        recipe(folder, modules, pooling)
    assert '"sentence" table' in str(caught.value)


def test_small_letters_are_refused_where_the_tokenizer_does_not_make_them(folder):
    limits = {"max_seq_length": 128, "do_lower_case": True}
    with pytest.raises(UnsupportedReference, match=r"sentence_bert_config\.json asks for lowercase"):
        recipe(folder, [TRANSFORMER, POOLING], sentence_bert_config_json=limits)
    folder(tokenizer_config_json={"do_lower_case": True})
    assert recipe(folder, [TRANSFORMER, POOLING], sentence_bert_config_json=limits).pooling is SentencePooling.MEAN


@pytest.mark.parametrize(
    "modules",
    [{}, "[", "[" * 10_000, [None], [{"path": ""}], [{"type": "sentence_transformers.models.Transformer", "path": 1}]]
    + [[TRANSFORMER, module("Pooling", path)] for path in ("../other", "/etc", "a\\b", "..", "1_Missing")],
)
def test_damaged_statements_are_errors(folder, modules):
    with pytest.raises(FormatError) as caught:
        recipe(folder, modules)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", [1, "none", ["query"]])
def test_a_default_prompt_that_is_not_there_is_an_error(folder, name):
    settings = {"prompts": {"query": "q: "}, "default_prompt_name": name}
    with pytest.raises(FormatError, match="has no prompt"):
        recipe(folder, [TRANSFORMER, POOLING], config_sentence_transformers_json=settings)
