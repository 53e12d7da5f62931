"""Entries of users: the keys of a file, and the error for each mistake in it."""

import os
import sys
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlu_lite
from nlu_lite._util.toml import TomlFile
from nlu_lite.errors import FormatError, NluLiteError, SourceError, UnknownReference
from nlu_lite.records import Action, BucketArchive, HubRepository, InstalledFile, LocalFolder, SentencePooling
from nlu_lite.registry import load_catalogue, look_up, register, registrations, resolve
from nlu_lite.registry.extension import extend_catalogue

MODEL = """
[[model]]
reference = "de.embed.house"
kind = "BertEmbeddings"
hub = "org/house"
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="my.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.delenv("NLU_LITE_CATALOGUE", raising=False)
    before = registrations._REGISTRY.files
    yield
    registrations._REGISTRY.files = before


def only(reference):
    (spec,) = resolve([reference])
    return spec


# --- what a file can say ---------------------------------------------------------------------------------------------


def test_an_entry_is_a_reference_like_any_other(write):
    with register(write(MODEL)) as registration:
        spec = only("de.embed.house")
        assert spec.origins == (HubRepository("org/house"),)
        assert (spec.language, spec.name, spec.kind) == ("de", "house", "BertEmbeddings")
        assert spec.card.annotator is None
        assert "my.toml, line 2" in nlu_lite.info("de.embed.house")["stands in"]
        assert "my.toml" in repr(registration)
    with pytest.raises(UnknownReference):
        only("de.embed.house")
    registration.remove()  # twice does no harm


def test_an_entry_has_places_a_card_and_a_recipe(write, tmp_path):
    digest = "0" * 64
    register(
        write(
            f"""
[[model]]
reference = "xx.embed_sentence.mine.large"
kind = "XlmRoBertaSentenceEmbeddings"
model = "mine"
hub = "org/mine"
revision = "v1"
folder = "models/mine"
archive = "mine_xx_3.1.3_2.4_1.zip"
installed = {{ distribution = "mine", path = "mine/model.bin", sha256 = "{digest}", size = 5 }}
sentence = {{ pooling = "mean", prompt = "passage: " }}

[model.card]
title = "Mine"
languages = ["de", "fr"]
dimension = 32
case_sensitive = false

[[alias]]
reference = "mine"
of = "also.mine"

[[alias]]
reference = "also.mine"
of = "xx.embed_sentence.mine.large"
"""
        )
    )
    spec = only("mine")
    assert spec.reference == "mine"
    assert spec.action is Action.EMBED_SENTENCE
    assert spec.origins == (
        InstalledFile("mine", "", "mine/model.bin", digest, 5),
        LocalFolder(str(tmp_path / "models/mine")),
        BucketArchive("mine", "xx", "mine_xx_3.1.3_2.4_1.zip"),
        HubRepository("org/mine", "v1"),
    )
    assert (spec.sentence.pooling, spec.sentence.prompt) == (SentencePooling.MEAN, "passage: ")
    assert (spec.card.title, spec.card.languages, spec.card.dimension) == ("Mine", ("de", "fr"), 32)
    assert sorted(load_catalogue().list_synonyms(look_up("mine").row)) == ["also.mine", "xx.embed_sentence.mine.large"]


def test_an_entry_can_be_loaded(write, tmp_path):
    folder = Path(__file__).parents[1] / "data" / "xlmroberta_weights"
    (tmp_path / "house").symlink_to(folder)
    path = write(
        """
[[model]]
reference = "xx.embed.house"
kind = "XlmRoBertaEmbeddings"
folder = "house"
"""
    )
    with register(path):
        frame = nlu_lite.load("xx.embed.house").predict("Put your text here.")
    assert frame.columns.tolist() == ["token", "word_embedding_house"]


def test_an_alias_of_a_built_in_reference(write):
    with register(write('[[alias]]\nreference = "xx.embed.xlmr"\nof = "xx.embed.xlm"\n')):
        assert only("xx.embed.xlmr").name == "xlm_roberta_base"
        assert only("embed.xlmr").reference == "xx.embed.xlmr"


def test_shadowing_has_to_be_said(write):
    text = MODEL.replace("de.embed.house", "xx.embed.xlm")
    with pytest.raises(
        FormatError, match=r"my\.toml, line 3: 'xx\.embed\.xlm' is already declared in the built-in catalogue"
    ):
        register(write(text))
    with register(write(text + "shadows = true\n")):
        assert only("xx.embed.xlm").origins == (HubRepository("org/house"),)
    assert only("xx.embed.xlm").name == "xlm_roberta_base"


def test_an_alias_can_shadow_too(write):
    with register(write('[[alias]]\nreference = "bert"\nof = "en.embed.bert"\nshadows = true\n')):
        assert only("bert").name == "bert_base_uncased"


# --- where files are found -------------------------------------------------------------------------------------------


def test_files_of_the_environment_are_read_and_read_again_when_they_change(write, monkeypatch):
    first, second = write(MODEL), write(MODEL.replace("house", "home"), "second.toml")
    monkeypatch.setenv("NLU_LITE_CATALOGUE", os.pathsep.join([str(first), str(second)]))
    assert only("de.embed.house").name == "house"
    assert only("de.embed.home").name == "home"
    first.write_text(MODEL.replace("de.embed.house", "de.embed.mansion"), encoding="utf-8")
    assert only("de.embed.mansion").origins == (HubRepository("org/house"),)
    with pytest.raises(UnknownReference):
        only("de.embed.house")


def test_a_missing_file_of_the_environment_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("NLU_LITE_CATALOGUE", str(tmp_path / "no.toml"))
    with pytest.raises(SourceError, match=r"no\.toml, which NLU_LITE_CATALOGUE names, cannot be read"):
        only("xx.embed.xlm")


def test_two_files_with_one_reference_are_an_error(write):
    with (
        register(write(MODEL)),
        pytest.raises(FormatError, match=r"second\.toml, line 3.*is already declared in .*my\.toml, line 2"),
    ):
        register(write(MODEL, "second.toml"))
    with register(write(MODEL)):  # what failed left nothing behind
        assert only("de.embed.house")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with an entry point, as pip installs one; importing it would fail."""

    def make(value, text=MODEL):
        folder = tmp_path / "site" / "house_models"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise RuntimeError('imported')")
        (folder / "models.toml").write_text(text, encoding="utf-8")
        info = tmp_path / "site" / "house_models-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house-models\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nlu_lite.catalogue]\nhouse = {value}\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        registrations._read_packages.cache_clear()

    yield make
    sys.modules.pop("house_models", None)
    registrations._read_packages.cache_clear()


def test_a_package_adds_entries_and_is_not_imported(package):
    package("house_models:models.toml")
    assert only("de.embed.house").origins == (HubRepository("org/house"),)
    assert "house_models" not in sys.modules


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("house_models:no.toml", r"no\.toml, which the entry point 'house' names, cannot be read"),
        ("house_models", "which is not a package's file"),
        ("no_such_package:models.toml", "which is not a package's file"),
    ],
)
def test_an_entry_point_that_names_no_file_is_an_error(package, value, said):
    package(value)
    with pytest.raises(SourceError, match=said):
        only("xx.embed.xlm")


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[model]\n", r"my\.toml is not valid TOML: .*line 1"),
        (
            "\n\nmodels = 3\n",
            r"my\.toml, line 3: the file has an unknown key 'models'.*Nearest: model",
        ),
        ("model = 3\n", "model is 3; expected an array of tables"),
        (MODEL.replace("hub", "hubb"), r"line 5: model has an unknown key 'hubb'.*Nearest: hub"),
        (MODEL.replace('"org/house"', "5"), r"line 5: hub is 5; expected a string"),
        (MODEL.replace('kind = "BertEmbeddings"\n', ""), r"line 2: model has no kind"),
        (MODEL.replace('hub = "org/house"\n', ""), r"line 2: de\.embed\.house has no source"),
        (
            MODEL.replace("BertEmbeddings", "BertEmbedings"),
            r"line 4: kind 'BertEmbedings' is not one that the library runs.*Nearest: Bert",
        ),
        (MODEL.replace("BertEmbeddings", "ElmoEmbeddings"), r"kind 'ElmoEmbeddings' is not one that the library runs"),
        (MODEL.replace("org/house", "org/house/x"), r"line 5: hub is 'org/house/x'; expected organisation/name"),
        (MODEL.replace("org/house", "../house"), r"line 5: hub is '\.\./house'; expected organisation/name"),
        (MODEL + 'revision = "../x"\n', r"line 6: revision is '\.\./x'; expected a branch, tag or commit"),
        (MODEL + 'revision = ""\n', r"line 6: revision is ''"),
        (MODEL + 'model = "a/b"\n', r"line 6: model is 'a/b'; expected a name"),
        (MODEL + 'archive = "../x.zip"\n', r"line 6: archive is '\.\./x\.zip'; expected the file name of a zip"),
        (MODEL + 'archive = "https://x.org/x.zip"\n', r"line 6: archive is 'https"),
        (MODEL + 'folder = ""\n', r"line 6: folder is ''; expected a path"),
        (MODEL + 'folder = "a\\u0000b"\n', r"line 6: folder is 'a\\x00b'"),
        (MODEL + 'folder = "~nobody-of-this-name/x"\n', r"line 6: folder is '~nobody"),
        (
            MODEL + "installed = {distribution = 'a', path = 'x', sha256 = 'z', size = 1}\n",
            r"line 6: sha256 is 'z'; expected 64 lowercase hexadecimal digits",
        ),
        (
            MODEL.replace("de.embed.house", "de.embed.ho use"),
            r"line 3: 'de\.embed\.ho use' is not a reference of a",
        ),
        (MODEL.replace("de.embed.house", "de.embed.ho\u200buse"), r"line 3: .* is not a reference of a model"),
        (MODEL.replace("de.embed.house", "de.embed.häuser"), r"is not a reference of a model"),
        (MODEL.replace("de.embed.house", "house"), r"is not a reference of a model"),
        (MODEL.replace("de.embed.house", "de.tokenize"), r"is not a reference of a model"),
        (MODEL.replace("de.embed.house", "x" * 10_000), r"line 3: 'xxx.*\.\.\. is not a reference of a model"),
        (MODEL + MODEL, r"line 8: 'de\.embed\.house' is declared twice, first in .*my\.toml, line 2"),
        (MODEL + "shadows = true\n", r"line 6: 'de\.embed\.house' shadows nothing"),
        (MODEL + "shadows = 1\n", r"line 6: shadows is 1; expected true or false"),
        (
            MODEL.replace("hub", "archive").replace("Bert", "E5"),
            r"line 5: models of kind E5Embeddings cannot be read from archive",
        ),
        (MODEL.replace("hub", "revision"), r"line 5: revision is given without hub"),
        (MODEL + "[model.card]\ndimension = true\n", r"line 7: dimension is True; expected a whole number"),
        (MODEL + "[model.card]\nlicense = 'MIT'\n", r"line 7: card has an unknown key 'license'.*Nearest: licence"),
        (MODEL + "[model.card]\ntags = [1]\n", r"line 7: tags is \[1\]; expected a list of strings"),
        (
            MODEL + "sentence = {pooling = 'max'}\n",
            r"line 6: 'max' is not a valid SentencePooling in the table sentence",
        ),
        (MODEL + "sentence = {}\n", r"line 6: sentence has no pooling"),
        (MODEL + "installed = {size = 3}\n", r"line 6: installed has no distribution"),
        ('[[alias]]\nreference = "a"\nof = "b"\n', r"line 3: 'b' is not in the catalogue"),
        ('[[alias]]\nreference = "a b"\nof = "bert"\n', r"line 2: 'a b' cannot be used as a reference"),
        (
            '[[alias]]\nreference = "xx.tokenize"\nof = "bert"\n',
            r"line 2: 'xx\.tokenize' cannot be used as a",
        ),
        ('[[alias]]\nreference = "a"\n', r"line 1: alias has no of"),
        ('[[alias]]\nreference = "a"\nof = "a"\n', r"line 3: the aliases form a circle: a -> a"),
        (
            "".join(f'[[alias]]\nreference = "{a}"\nof = "{b}"\n' for a, b in ("ab", "bc", "ca")),
            r"line 9: the aliases form a circle: a -> b -> c -> a",
        ),
        ("a = " + "[" * 5000, "is not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(write, text, said):
    path = write(text)
    with pytest.raises(FormatError, match=said) as caught:
        register(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 2000
    assert load_catalogue().rows.keys() == registrations.load_built_in().rows.keys()


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "my.toml").write_bytes(b"\xef\xbb\xbf" + MODEL.replace("\n", "\r\n").encode())
    with register(tmp_path / "my.toml"):
        assert only("de.embed.house").origins == (HubRepository("org/house"),)


def test_many_entries_take_little_time():
    """With the maximum number of lines and aliases, no line is examined again for each entry."""
    chain = "".join(f'[[alias]]\nreference = "a{n}"\nof = "a{n + 1}"\n' for n in range(5000))
    models = "".join(MODEL.replace("house", f"house{n}") for n in range(5000))
    text = f'{chain}[[alias]]\nreference = "a5000"\nof = "xx.embed.xlm"\n{models}'
    begin = process_time()
    found = extend_catalogue(registrations.load_built_in(), [TomlFile("any.toml", text, "")])
    assert found.rows["a0"].model == "xlm_roberta_base"
    assert found.rows["de.embed.house4999"].declared_at.endswith(f"line {len(text.splitlines()) - 3}")
    assert process_time() - begin < 10  # a quadratic way takes minutes


def test_other_files_are_refused(tmp_path):
    for path in (tmp_path / "a\0b", "~nobody-of-this-name/my.toml"):
        with pytest.raises(SourceError, match="cannot be read"):
            register(path)
    (tmp_path / "latin.toml").write_bytes(b"# \xff")
    with pytest.raises(FormatError, match=r"latin\.toml is not UTF-8 at byte 2"):
        register(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (registrations.MAXIMUM_SIZE + 1))
    with pytest.raises(FormatError, match="at most 4,194,304"):
        register(tmp_path / "large.toml")
    with pytest.raises(SourceError, match="cannot be read"):
        register(tmp_path)


@given(st.text(max_size=300))
def test_any_text_gives_a_catalogue_or_an_error_of_ours(text):
    try:
        found = extend_catalogue(registrations.load_built_in(), [TomlFile("any.toml", text, "")])
    except NluLiteError:
        return
    assert found.rows.keys() >= registrations.load_built_in().rows.keys()
