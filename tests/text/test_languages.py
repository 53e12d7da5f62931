"""All languages of XLM-RoBERTa: sentences and words of examples, and exact spans of any text."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.errors import OptionError
from nlu_lite.records import Corpus
from nlu_lite.registry import look_up
from nlu_lite.text import check_language, detect, detect_languages, segment
from nlu_lite.text.rules import list_languages_with_rules, load_rules

XLM_ROBERTA = """
af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it ja jv
ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so sq sr su sv sw
ta te th tl tr ug uk ur uz vi xh yi zh bn-Latn hi-Latn ta-Latn te-Latn ur-Latn
"""
LANGUAGES = XLM_ROBERTA.split()


def split(text, language):
    found = segment(Corpus([text], [language], pd.RangeIndex(1)))
    sentences = [text[b:e] for b, e in zip(found.sentence_begin, found.sentence_end, strict=True)]
    return sentences, [text[b:e] for b, e in zip(found.token_begin, found.token_end, strict=True)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_of_the_model_have_rules_and_can_be_named(language):
    assert language in list_languages_with_rules()
    assert look_up(f"{language}.tokenize").spec.language == language
    assert look_up(f"{language}.sentence_detector").spec.language == language


def test_a_language_in_latin_letters_is_found_by_its_other_code():
    assert check_language("hi_rom") == check_language("hi_Latn") == "hi-Latn"
    with pytest.raises(OptionError) as caught:
        check_language("Hinglish")
    assert caught.value.nearest[0] == "hi-Latn"


SENTENCES = """
am|ሰላም ነው። ‖እሺ፧ ‖አዎ።
am|እሱ በ1990 ዓ.ም. ተወለደ። ‖ሞተ።
am|ሰላም ነው፡፡ ‖እሺ ፡ ነው:: ‖አዎ።
as|তেওঁ আহিল। ‖মই গ'লোঁ।
az|Prof. Əliyev gəldi. ‖O getdi.
be|Ён жыў у г. Менску. ‖У 1897 г. беларусы жылі тут.
br|Deuet eo Dr. Le Gall. ‖Mont a ra kuit.
bs|Došao je 3. maja prof. Hadžić. ‖Otišao je.
bo|བཀྲ་ཤིས། ‖བདེ་ལེགས།
ca|La Sra. Puig viu a l'Av. Diagonal núm. 5. ‖És lluny.
cs|Dne 3. května přišel prof. Novák. ‖Šel domů.
cs|Viz kapitolu 5. ‖Tam je to, např. Praha atd. ‖Konec.
cs|V roce 2005. ‖2. Druhý bod.
cy|Daeth Dr. Jones. ‖Aeth adref.
da|Den 3. maj kom hr. Jensen kl. 20.00. ‖Han gik.
da|Hvad nu? spurgte han. ‖Ingen svarede.
eo|D-ro Zamenhof venis k.t.p. ‖Li foriris.
ga|Tháinig an Dr. Ó Briain. ‖D'imigh sé.
gl|O Sr. Castro vive na Avda. Nova. ‖Está lonxe.
gu|ડૉ. પટેલ આવ્યા. ‖તેઓ ગયા.
hr|Dana 3. svibnja 2004. godine došao je prof. Horvat. ‖Otišao je.
hy|Նա եկավ: ‖Դուք գնացի՞ք։ ‖Ժամը 10:30 է:
hy|1828 թ. Թուրքիան եկավ: ‖Նա գնաց:
is|Herra forseti. Ég þakka svarið. ‖Hann kom 3. maí.
kn|ಡಾ. ರಾವ್ ಬಂದರು. ‖ಅವರು ಹೋದರು.
ku|Dr. Azad hat. ‖Ew çû.
la|Lib. 3 cap. 5 legit. ‖Deinde abiit.
lt|Tai kainavo 5 mln. eurų. ‖Prof. Kazlauskas atėjo.
lv|Viņš dzimis 2011. gada 3. maijā. ‖Tas ir viss.
mk|Дојде проф. Петров. ‖Тој си отиде.
ne|डा. शर्मा आए। ‖उनी गए।
no|Han kom 3. mai kl. 20. ‖De gikk bl.a. Til byen.
no|Det er klart: ‖Vi må gå.
or|ସେ ଆସିଲେ।‖ସେ ଗଲେ।
pa|ਡਾ. ਐੱਸ. ਪੀ. ਸਿੰਘ ਆਏ। ‖ਉਹ ਗਏ।
pa|ਜਲੰਧਰ (ਮਾਨ)- ‖ਉਹ ਆਇਆ।
pl|W ul. Matejki o godz. 17.15 był prof. Nowak. ‖Wyszedł 3. maja.
ps|هغه راغی. ‖ته چېرته ځې؟ ‖زه ځم.
ro|Vezi art. 5 alin. 2. ‖Dl. Popescu a venit la nr. 12.
ro|S-a oprit. ‖3.4.2. Încercarea se face.
sa|सः गच्छति। ‖सा आगच्छति॥
sd|هو آيو ، ‖هن چيو . ‖اهو سٺو آهي .
sk|Dňa 3. mája 24. 9. - 23. 10. prišiel prof. Novák. ‖Odišiel.
sl|Dne 3. maja je prišel prof. Novak, npr. Janez. ‖Odšel je.
sq|Erdhi prof. Hoxha. ‖Ai tha: ‖Po.
sr|Дана 3. маја 2004. године дошао је проф. Јовић. ‖Отишао је.
sr|Dana 3. maja došao je prof. Jović. ‖Otišao je.
sv|Hon kom t.ex. Till Malmö. ‖Dr. Berg gick.
ug|ئۇ كەلدى. ‖سىز كىم؟ ‖مەن بارىمەن.
ug|مەن كەلدىم، ‖ئۇ كەتتى.
uk|Це вул. Хрещатик у м. Київ. ‖У 2016 р. він пішов.
uz|Prof. Karimov keldi. ‖U ketdi.
yi|ער איז געקומען. ‖זי איז אַװעק.
hi-Latn|Dr. Sharma aaye. ‖Woh chale gaye.
"""


@pytest.mark.parametrize("case", SENTENCES.strip().splitlines())
def test_sentences_of_each_language(case):
    language, text = case.split("|")
    assert split(text.replace("‖", ""), language)[0] == [sentence.strip() for sentence in text.split("‖")]


WORDS = """
am|ሰላም ነው፡፡|ሰላም|ነው|፡፡
am|ዶ/ር አበበ መጣ።|ዶ/ር|አበበ|መጣ|።
be|19-й век|19-й|век
br|n'eo ket d'ar vro|n'|eo|ket|d'ar|vro
br|en deus ul levr|en deus|ul|levr
ca|l'home col·laborà; dona-me-la|l'|home|col·laborà|;|dona|-me|-la
cs|3. května česko-polský|3|.|května|česko|-|polský
cy|mae'r gath; rwy'n mynd|mae|'r|gath|;|rwy|'n|mynd
eo|la ĝis-revido|la|ĝis-revido
ga|d'fhág sé|d'|fhág|sé
gd|a' dol a's 'se|a'|dol|a's|'se
hy|1-ին Մի՞թե|1|-|ին|Մի՞թե
is|3. maí|3.|maí
lt|pvz. Vilnius|pvz|.|Vilnius
no|stats- og kommune|stats-|og|kommune
pa|ਘਰ 'ਚ ਹੈ|ਘਰ|'ਚ|ਹੈ
pl|biało-czarny ZUS-owski|biało|-|czarny|ZUS-owski
ro|s-a dus să-l vadă|s-|a|dus|să|-l|vadă
sq|t'i ç'bën|t'i|ç'|bën
sv|EU:s råd|EU:s|råd
uk|2016-го 1,5 т.д.|2016-го|1|,|5|т.д|.
uz|o'zbek oʻzbek chora-tadbir|o'zbek|oʻzbek|chora|-|tadbir
yi|מאַמע־לשון ד״ר|מאַמע־לשון|ד״ר
"""


@pytest.mark.parametrize("case", WORDS.strip().splitlines())
def test_words_of_each_language(case):
    language, text, *expected = case.split("|")
    assert split(text, language)[1] == expected


LETTERS = {
    "Latin": "aÀżơ", "Cyrillic": "дЎқ", "Greek": "ωΆ", "Armenian": "Աբ՞", "Hebrew": "אָ״", "Arabic": "بڪي",
    "Ethiopic": "ሰመ", "Devanagari": "कि्", "Bengali": "কৰি", "Gurmukhi": "ਕਿ", "Gujarati": "કિ", "Oriya": "କି",
    "Tamil": "கி",
    "Telugu": "కి", "Kannada": "ಕಿ", "Malayalam": "കി", "Sinhala": "කි", "Thai": "กิ", "Lao": "ກິ", "Myanmar": "ကိ",
    "Khmer": "កិ", "Georgian": "კი", "Hangul": "한국", "Kana": "かカ", "Han": "漢字",
}  # fmt: skip
SIGNS = [*".,:;!?()'’\"«»-–/…0123 \n", "։", "՞", "،", "؛", "؟", "۔", "።", "፧", "॥", "।", "។", "·", "--", ". "]


EXAMPLES = [5, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_spans_of_every_language_are_exact(language, examples):
    letters = [letter for script in load_rules(language).evidence.script for letter in LETTERS[script]]

    @given(st.lists(st.sampled_from(letters + SIGNS), max_size=30).map("".join))
    @settings(max_examples=examples, deadline=None)
    def exact(text):
        found = segment(Corpus([text], [language], pd.RangeIndex(1)))
        for begins, ends in ((found.sentence_begin, found.sentence_end), (found.token_begin, found.token_end)):
            pieces = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
            assert all(piece and piece.strip() == piece for piece in pieces)
            assert (begins[1:] >= ends[:-1]).all()
            assert "".join("".join(pieces).split()) == "".join(text.split())

    exact()


ROWS = (Path(__file__).parents[1] / "data" / "short_texts.tsv").read_text(encoding="utf-8").splitlines()
SHORT_TEXTS = [row.split("\t") for row in ROWS if not row.startswith("#")]


@pytest.mark.parametrize(("text", "languages"), SHORT_TEXTS)
def test_short_texts_are_in_prevalent_languages_or_in_none(text, languages):
    assert detect(text) in languages.split()


@given(st.text(st.characters(categories=["Ll", "Lu", "Nd", "Po", "Zs"]), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_short_text_is_in_a_language_with_rules(text):
    language = detect(text)
    assert language in list_languages_with_rules()


PIECES = st.sampled_from(
    ["the ", "und ", "не ", "ა", "字", "か", "한", "é", "ı", "ї ", "12. ", "\ud83d", "🙂", "z" * 40]
)


@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=8))
@settings(max_examples=60, deadline=None)
def test_languages_are_found_together_as_alone(texts):
    assert detect_languages(texts) == [detect(text) for text in texts]
