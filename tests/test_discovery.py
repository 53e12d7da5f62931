"""References as users see them: frames, cards in a terminal, cards in a notebook."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from time import process_time

import pandas as pd
import pytest

import nlu_lite
from nlu_lite.errors import OptionError, UnknownReference
from nlu_lite.records import Card
from nlu_lite.registry import catalogue, registrations
from tests.store.hub_server import COMMIT, tiny_files

HEART = "xx.embed.xlm_roberta_xtreme_base"
IDENTITY = ["reference", "language", "action", "kind", "model"]
FACTS = ["dimension", "languages", "licence", "size"]
COLUMNS = [*IDENTITY, *FACTS, "loadable_by", "source", "why_not", "in_cache"]


@pytest.fixture(scope="module")
def frame():
    return nlu_lite.references()


# --- frames ----------------------------------------------------------------------------------------------------------


def test_every_reference_is_listed_once(frame):
    assert list(frame.columns) == COLUMNS
    assert len(frame) == frame["reference"].nunique() == 1529  # NLU's 1,524, and five of the library's own
    assert frame["in_cache"].dtype == bool


def test_each_can_be_loaded_or_says_why_not(frame):
    loads = frame["loadable_by"] != ""
    assert (frame["why_not"] == "").equals(loads)
    assert (frame["source"] != "").equals(loads)
    assert loads.sum() == 1064


def test_facts_of_a_model_are_columns(frame):
    facts = frame.set_index("reference")[[*FACTS, "in_cache"]]
    dimension, languages, licence, size, here = facts.loc[HEART]
    assert (dimension, licence, size is pd.NA, here) == (768, "Open Source", True, False)
    assert languages.split(", ")[:2] == ["af", "ar"]
    packaged = facts.loc["xx.embed.multilingual_e5_small_q4"]
    assert (packaged["dimension"], packaged["licence"], packaged["in_cache"]) == (384, "MIT", True)
    assert packaged["size"] > 50_000_000
    assert facts.loc["de.embed.bert", ["dimension", "size"]].isna().all()
    assert facts.loc["bert", ["dimension", "languages"]].tolist() == [128, "en"]
    assert len(facts.loc["xx.embed.xlm", "languages"].split(", ")) == 98


def test_words_narrow_the_list(frame):
    found = nlu_lite.references("xlm base")["reference"].tolist()
    assert sorted(found) == sorted(nlu_lite.search("xlm base")["reference"])
    assert found == [name for name in frame["reference"] if name in found]
    with pytest.raises(OptionError):
        nlu_lite.references("x" * 201)


def test_notebooks_show_the_columns_that_fit_a_page():
    cells = re.findall(r"<t[hd]>(.*?)</t[hd]>", nlu_lite.search("xtreme")._repr_html_())
    assert HEART in cells
    assert not {"why_not", "source"} & set(cells)
    assert max(map(len, cells)) <= len(HEART)
    assert "72 MB" in nlu_lite.references("e5_small_q4")._repr_html_()
    assert "source" in nlu_lite.search("xtreme")[["source", "reference"]].columns


def test_what_is_in_the_cache_is_marked(hub, tmp_path):
    hub.repositories["FacebookAI/xlm-roberta-base"] = tiny_files()

    def here():
        found = nlu_lite.search("xx.embed.xlm", cache_dir=tmp_path / "cache")
        return dict(zip(found["reference"], found["in_cache"], strict=True))["xx.embed.xlm"]

    assert not here()
    nlu_lite.load("xx.embed.xlm", source="hub", cache_dir=tmp_path / "cache")
    hub.requests.clear()
    assert here()
    assert hub.requests == []


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("xtreme", HEART),
        ("XTREME", HEART),
        ("xlm base xtreme", HEART),
        ("de bert", "de.embed.bert"),  # not those of which a word of their descriptions has "de" in it
        ("xtrme", HEART),  # mistyped
        ("wikiann", HEART),  # of its card
        ("xx.embed.xlm", "xx.embed.xlm"),
        ("small_bert_L2_128", "bert"),  # the model's name
        ("nothing of this kind", None),
    ],
)
def test_search_puts_the_best_first(query, first):
    found = nlu_lite.search(query)["reference"].tolist()
    assert (found[0] if found else None) == first


def test_search_prefers_what_can_be_loaded():
    found = nlu_lite.search("embed", language="de")
    loads = (found["loadable_by"] != "").tolist()
    assert loads[0]
    assert (found["language"] == "de").all()


def test_search_narrows_down_by_kind():
    found = nlu_lite.search(kind="e5embeddings")
    assert set(found["kind"]) == {"E5Embeddings"}
    assert len(found) == 19


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"language": "qq"}, "no model has the language 'qq'"),
        ({"kind": "BertEmbedding"}, "no kind is called 'BertEmbedding'.*Nearest: BertEmbeddings"),
        ({"query": "x" * 201}, "query has 201 characters"),
        ({"query": None}, "query is of type NoneType"),
    ],
)
def test_bad_searches_are_errors(arguments, said):
    with pytest.raises(OptionError, match=said):
        nlu_lite.search(**arguments)


# --- cards -----------------------------------------------------------------------------------------------------------


def test_the_card_has_every_field():
    card = nlu_lite.info(HEART).to_dict()
    assert None not in card.values()
    assert card["title"] == "XLM-RoBERTa XTREME Base (xlm_roberta_xtreme_base)"
    assert card["use in Spark NLP"] == (
        'XlmRoBertaEmbeddings.pretrained("xlm_roberta_xtreme_base", "xx")'
        '.setInputCols("sentence", "token").setOutputCol("embeddings")'
    )
    assert card["use through NLU"] == f'nlu.load("{HEART}").predict("""Put your text here.""")'
    assert "docs/_posts" in card["facts from"]
    assert len(card) >= len(Card.__dataclass_fields__) + 10


def test_what_no_source_states_is_not_known():
    card = nlu_lite.info("en.embed.glove")
    assert card["licence"] is None
    assert "static word vectors" in card["loads"]
    assert "licence                  not known" in repr(card)
    with pytest.raises(KeyError):
        card["no such field"]


def test_traps_of_nlus_are_named():
    card = nlu_lite.info("bert")
    assert card["also called"] == "en.embed.bert.small_L2_128"
    assert card["not the same"] == "en.bert: bert_base_uncased (BertEmbeddings)"
    assert card["stands in"] == "NLU 5.4.0, its table of aliases"


def test_the_look_up_is_told():
    assert nlu_lite.info("embed.xlm")["look-up"] == "'embed.xlm' is not a reference by itself: with xx. in front"


@pytest.mark.parametrize(
    ("reference", "rules"),
    [
        ("de.tokenize", "by rules of their own for 'de'"),
        ("pcm.sentence_detector", "by Unicode's default rules: there are none of their own for 'pcm'"),
        ("pcm.embed.xlm_roberta", "by Unicode's default rules"),
        (HEART, "by the rules of the language that each text is found to be in"),
    ],
)
def test_the_rules_that_split_texts_are_told(reference, rules):
    assert nlu_lite.info(reference)["sentences and words"].startswith(rules)


def test_a_language_that_is_unknown_is_an_error():
    with pytest.raises(OptionError, match="language 'qqq' is unknown"):
        nlu_lite.info("qqq.tokenize")


def test_a_direct_reference_has_a_card(hub):
    card = nlu_lite.info("hf:org/tiny")
    assert (card["in cache"], card["kind"]) == ("no", None)
    nlu_lite.load("hf:org/tiny")
    card = nlu_lite.info("hf:org/tiny")
    assert card["revision"] == COMMIT
    assert COMMIT in card["in cache"]


@pytest.mark.parametrize(
    "reference",
    ["xx.embed.xlmm", "", "x" * 10_000_000, "xx.embed.\u200bxlm", "\x00", "XX.EMBED.XLM"],
    ids=["mistyped", "empty", "10 MB", "invisible", "NUL", "case"],
)
def test_what_is_no_reference_is_an_error(reference):
    with pytest.raises(UnknownReference) as caught:
        nlu_lite.info(reference)
    assert len(str(caught.value)) < 1500


def test_lines_fit_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = repr(nlu_lite.info(HEART)).split("\n")
    long = [line for line in lines if len(line) > 80]
    assert all(")" in line or "https://" in line or ".zip" in line for line in long)
    assert max(map(len, lines)) < 200


class Cells(HTMLParser):
    """Collect a table's cells, and check that every tag is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag != "br":
            self.open.append(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells[-1] += data


def test_the_card_in_a_notebook_is_a_table_of_the_same():
    card = nlu_lite.info("en.embed.glove")
    cells = Cells(card._repr_html_()).cells
    assert cells[::2] == list(card.to_dict())
    shown = [(value or "not known").replace("\n", "") for value in card.to_dict().values()]
    assert cells[1::2] == shown


def test_the_card_in_a_notebook_links_and_escapes():
    html = nlu_lite.info(HEART)._repr_html_()
    assert "<a href='https://arxiv.org/abs/1911.02116' rel='noopener'>" in html
    evil = nlu_lite.Info((("<b>", "<script>alert('x')</script>"), ("a", "https://x.org/'onclick='y")))
    assert "<script>" not in evil._repr_html_()
    assert "onclick='y'" not in evil._repr_html_()
    assert Cells(evil._repr_html_()).cells == ["<b>", "<script>alert('x')</script>", "a", "https://x.org/'onclick='y"]


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_importing_reads_no_catalogue_and_looking_up_imports_no_library():
    code = """if True:
        import sys, nlu_lite
        from nlu_lite.registry import registrations
        assert registrations.load_built_in.cache_info().currsize == 0
        nlu_lite.info("bert")
        print([name for name in ("torch", "transformers", "pandas") if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_the_catalogue_is_small_and_quick():
    """Under 30 ms on the machine that it was written on; a slower one may take three times as long."""

    def seconds():
        for read in (registrations.load_built_in, catalogue.load_nlu_rows, catalogue.load_kinds, catalogue._load_facts):
            read.cache_clear()
        begin = process_time()
        registrations.load_built_in().build_spec(registrations.load_built_in().rows[HEART])
        return process_time() - begin

    assert min(seconds() for _ in range(5)) < 0.09
    assert sum(path.stat().st_size for path in Path(catalogue.__file__).with_name("data").iterdir()) < 300_000
