"""The generator writes exactly the data files, and refuses tables that it would misread."""

import importlib.util
import json
from pathlib import Path

import pytest

from nlu_lite.records import Action
from nlu_lite.registry.catalogue import REPOSITORY, Catalogue, load_nlu_rows

ROOT = Path(__file__).parents[2]
DATA = ROOT / "nlu_lite" / "registry" / "data"
HEAD = "lang\tnlu_ref\tjsl_model_name\tcomponent_class_or_id\tfamily\tspellbook_table\n"

SOURCES = [ROOT / "tools" / name for name in ("cards.toml", "origins.tsv", "facts.tsv")]


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("build_catalogue", ROOT / "tools" / "build_catalogue.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(tmp_path, *rows):
    path = tmp_path / "table.tsv"
    path.write_text(HEAD + "".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_models_are_what_the_cards_say(generator):
    made = generator.models(*SOURCES)
    assert (DATA / "models.json").read_text(encoding="utf-8") == made


def test_cards_suit_the_models_that_they_are_of():
    """Two cards of Spark NLP can have the same name: of a token model and of a sentence model."""
    catalogue, known = Catalogue(load_nlu_rows()), json.loads((DATA / "models.json").read_text(encoding="utf-8"))
    of = {row.model: row for row in catalogue.rows.values()}
    assert known.keys() <= of.keys()
    assert len({(row.model, row.kind) for row in catalogue.rows.values() if row.model in known}) == len(known)
    for name, facts in known.items():
        row, card = of[name], catalogue.build_spec(of[name]).card
        if card.input_labels is not None:
            assert ("token" in card.input_labels) == (row.action is Action.EMBED), name
        if facts.get("archive"):
            begin, _, rest = facts["archive"].partition(f"{name}_{row.language}_")
            assert begin == "", name
            assert f"Spark NLP {rest.partition('_')[0]} " in card.edition, name
        if facts.get("hub"):
            assert REPOSITORY.fullmatch(facts["hub"]), name
            assert any("hub" in names for names in facts["stated_by"].values()), name


def test_a_table_becomes_lines_with_actions_and_statuses(generator, tmp_path):
    lines = generator.references(
        table(
            tmp_path,
            ("en", "bert", "small", "BertEmbeddings", "f", "alias"),
            ("en", "en.embed.bert", "base", "BertEmbeddings", "f", "pretrained"),
            ("en", "es.embed.x", "x", "BertEmbeddings", "f", "healthcare(licensed)"),
            ("es", "es.embed.x", "x", "BertEmbeddings", "f", "healthcare(licensed)"),
            ("en", "use", "use", "Use", "f", "alias"),
            ("en", "en.embed_sentence.use", "use", "Use", "f", "pretrained"),
        )
    )
    assert lines.splitlines() == [
        "reference\tlanguage\taction\tmodel\tkind\tstatus",
        "bert\ten\tembed\tsmall\tBertEmbeddings\talias",
        "en.embed.bert\ten\tembed\tbase\tBertEmbeddings\tpublic",
        "es.embed.x\tes\tembed\tx\tBertEmbeddings\tlicensed",
        "use\ten\tembed_sentence\tuse\tUse\talias",
        "en.embed_sentence.use\ten\tembed_sentence\tuse\tUse\tpublic",
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("en", "a", "m", "K", "f", "nope")], "line 2: spellbook_table 'nope'"),
        ([("en", " a", "m", "K", "f", "alias")], "line 2: an empty cell, or one with odd characters"),
        ([("en", "a\u200b", "m", "K", "f", "alias")], "odd characters"),
        ([("en", "a", "", "K", "f", "alias")], "an empty cell"),
        ([("en", "a", "m", "K", "f", "alias"), ("en", "a", "n", "K", "f", "alias")], "a occurs twice"),
    ],
)
def test_a_table_that_would_be_misread_is_refused(generator, tmp_path, rows, said):
    with pytest.raises(SystemExit, match=said):
        generator.references(table(tmp_path, *rows))


def test_a_fact_that_two_sources_state_is_refused(generator, tmp_path):
    cards = tmp_path / "cards.toml"
    cards.write_text('[m]\n[[m.stated]]\nsource = "a"\ntask = "x"\n[[m.stated]]\nsource = "b"\ntask = "y"\n')
    with pytest.raises(SystemExit, match="m: two sources state task"):
        generator.models(cards, *SOURCES[1:])


def test_a_model_that_stands_twice_is_refused(generator, tmp_path):
    cards, origins = tmp_path / "cards.toml", tmp_path / "origins.tsv"
    cards.write_text('[m]\nhub = "a/b"\nhub_source = "s"\n', encoding="utf-8")
    origins.write_text("model\trepository\tcard\nm\ta/b\t2023-09-07\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"m occurs twice in origins\.tsv, or also in cards\.toml"):
        generator.models(cards, origins, SOURCES[2])


def test_single_facts_are_added_to_those_of_the_card(generator, tmp_path):
    cards, facts = tmp_path / "cards.toml", tmp_path / "facts.tsv"
    cards.write_text('[m]\n[[m.stated]]\nsource = "a"\ntask = "x"\n')
    head = "model\tfact\tvalue\tsource\n"
    facts.write_text(f"{head}m\tdimension\t8\tb\nm\tlanguages\tde, fr\tb\nn\tdimension\t9\tb\n")
    made = json.loads(generator.models(cards, SOURCES[1], facts))
    assert made["m"]["card"] == {"name": "m", "task": "x", "dimension": 8, "languages": ["de", "fr"]}
    assert made["m"]["stated_by"] == {"a": ["task"], "b": ["dimension", "languages"]}
    assert made["n"]["card"] == {"name": "n", "dimension": 9}
    facts.write_text(f"{head}m\tdimension\t8\tb\nm\tdimension\t9\tb\n")
    with pytest.raises(SystemExit, match="m has the fact 'dimension' twice"):
        generator.models(cards, SOURCES[1], facts)


def test_single_facts_are_those_of_models_of_one_language():
    """Models of several languages can have the same name, but not the same facts."""
    with SOURCES[2].open(encoding="utf-8") as file:
        models = {line.split("\t")[0] for line in list(file)[1:]}
    languages = {(row.model, row.language) for row in load_nlu_rows().values() if row.model in models}
    assert len(languages) == len(models)


def test_the_generator_writes_both_files(generator, tmp_path, monkeypatch):
    rows = table(tmp_path, ("en", "en.embed.bert", "base", "BertEmbeddings", "f", "pretrained"))
    monkeypatch.setattr("sys.argv", ["build_catalogue", "--table", str(rows), "--out", str(tmp_path)])
    generator.main()
    assert (tmp_path / "references.tsv").read_text(encoding="utf-8").count("\n") == 2
    assert "xlm_roberta_base" in json.loads((tmp_path / "models.json").read_text(encoding="utf-8"))
