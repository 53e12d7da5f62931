"""What the rules of languages say, and that every file can be read."""

import re
from dataclasses import fields
from importlib import resources

import pandas as pd
import pytest

from nlu_lite.errors import FormatError, OptionError
from nlu_lite.records import Corpus
from nlu_lite.text import check_language, detect, segment
from nlu_lite.text.rules import (
    Evidence,
    SentenceRules,
    WordRules,
    list_languages_with_rules,
    load_evidence_of_script,
    load_rules,
    parse_rules,
)

CARD = """
af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th tl tr ur vi yo zh
"""


def split(text, language):
    found = segment(Corpus([text], [language], pd.RangeIndex(1)))
    sentences = [text[b:e] for b, e in zip(found.sentence_begin, found.sentence_end, strict=True)]
    return sentences, [text[b:e] for b, e in zip(found.token_begin, found.token_end, strict=True)]


@pytest.mark.parametrize("language", sorted(list_languages_with_rules()))
def test_every_file_can_be_read(language):
    rules = load_rules(language)
    assert rules.language == language
    assert language == "xx" or rules.evidence.script
    assert all(len(joint) == 3 for joint in rules.words.join)
    assert check_language(language) == language
    for pattern in rules.words.clitics:
        assert pattern.groups
    for characters in (
        rules.words.single_character_words,
        rules.words.surnames,
        rules.words.suffixes,
        rules.words.prefixes,
    ):
        assert "".join(characters.split()) == characters
        assert not {"|", "[", "(", ".", ","} & set(characters)


def test_the_languages_of_the_card_have_rules():
    assert set(CARD.split()) <= list_languages_with_rules()


def test_a_language_inherits_the_keys_that_it_lacks():
    croatian, bosnian = load_rules("hr"), load_rules("bs")
    assert bosnian.sentences.titles == croatian.sentences.titles
    assert bosnian.words == croatian.words
    assert bosnian.sentences.months != croatian.sentences.months


def test_a_language_without_rules_has_those_that_hold_for_any():
    assert load_rules("lb").words == load_rules("xx").words


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("af", "Diere, bv. Die kat, leef. Ja."),
        ("bg", "Животни, напр. Това куче, живеят. Да."),
        ("bg", "Това, т.е. Той, дойде. Да."),
        ("de", "Das ist z.B. Ihr Hund. Ja."),
        ("de", "Tiere, d.h. Die Katze, leben. Ja."),
        ("el", "Ζώα, π.χ. Ο γάτος, ζουν. Ναι."),
        ("el", "Αυτό δηλ. Ο γάτος. Ναι."),
        ("en", "He met people, e.g. The Beatles, there. Yes."),
        ("en", "One, i.e. He himself, came. Yes."),
        ("en", "Smith vs. The State was long. Yes."),
        ("en", "See cf. The book. Yes."),
        ("en", "It is approx. One mile. Yes."),
        ("es", "Animales, p. ej. El gato, viven. Sí."),
        ("et", "Loomad, nt. See kass, elavad. Jah."),
        ("fi", "Eläimet, esim. Se kissa, elävät. Kyllä."),
        ("fr", "Des animaux, p. ex. Le chat, vivent ici. Oui."),
        ("fr", "Voir cf. Le livre. Oui."),
        ("hu", "Állatok, pl. Az utca, élnek. Igen."),
        ("it", "Animali, p.es. Il gatto, vivono. Sì."),
        ("it", "Vedi cfr. Il libro. Sì."),
        ("nl", "Dieren, bijv. De kat, leven. Ja."),
        ("nl", "Het is o.a. De Volkskrant. Ja."),
        ("pt", "Animais, p. ex. O gato, vivem. Sim."),
        ("ru", "Звери, т.е. Он сам, пришли. Да."),
        ("ru", "Звери, напр. Это, тут. Да."),
        ("tr", "Hayvanlar, örn. Bu kedi, yaşar. Evet."),
    ],
)
def test_what_follows_completes_some_abbreviations_even_where_it_begins_sentences(language, text):
    sentences, _ = split(text, language)
    assert sentences == [text[: text.rindex(" ")], text.split()[-1]]


def test_abbreviations_are_listed_without_their_trailing_period():
    for language in list_languages_with_rules():
        listed = load_rules(language).sentences.listed_abbreviations
        assert [word for word in listed if word.endswith(".")] == [], language


def test_no_word_stands_in_two_lists_of_abbreviations():
    for language in list_languages_with_rules():
        rules = load_rules(language).sentences
        lists = (rules.titles, rules.prepositive, rules.final, rules.abbreviations)
        lists = [{word for word in words if word != "π.χ"} for words in lists]  # π.χ. is e.g., π.Χ. is B.C.
        assert len(set().union(*lists)) == sum(map(len, lists)), language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("af", "Daar is 'n kol. Mense kom."),
        ("af", "Hy is 'n lid. 5 mense kom."),
        ("bg", "Дойде цял полк. Войници има."),
        ("bg", "Това е първият тур. Мъже идват."),
        ("de", "Ich danke Dir. Peter geht."),
        ("de", "Da kam Franz. Niemand sah ihn."),
        ("de", "Es gab einen Sog. Schiffe sanken."),
        ("de", "Das macht ein Gen. Danach geht es."),
        ("el", "Αυτά είναι τα συν. Πάμε."),
        ("en", "I asked my prof. Nobody knew."),
        ("en", "We saw a lot. 3 of us left."),
        ("en", "I said no. 5 people left."),
        ("en", "Get the app. 3 people have it."),
        ("en", "That is modern art. 3 of us left."),
        ("en", "They play pop. 3 of us left."),
        ("en", "He is my ex. 3 of us left."),
        ("en", "I met Max. 3 of us left."),
        ("es", "Aquí crece la vid. Juan viene."),
        ("es", "Dijo que no. 5 personas vinieron."),
        ("es", "Fui al mar. 5 personas vinieron."),
        ("es", "Gracias a Ud. Hoy llueve."),
        ("et", "Ta tuleb ehk. Jaan tuleb ka."),
        ("fr", "Il vit au Cap. Marie aussi."),
        ("hu", "Eljöttetek ti. Péter is."),
        ("hu", "Fáj a fej. 5 ember van."),
        ("id", "Terima kasih Ibu. Ali pulang."),
        ("id", "Dia ada di kota tsb. Ali pulang."),
        ("it", "Andiamo al mar. 5 persone vengono."),
        ("kk", "Бұл қаз. Асан келді."),
        ("kk", "Келді полк. Асан көрді."),
        ("ms", "Terima kasih Ibu. Ali pulang."),
        ("nl", "Dat is eng. Jan bleef thuis."),
        ("nl", "Dat doet een gen. Jan weet het."),
        ("nl", "De bus is vol. 5 mensen wachten."),
        ("pt", "Fui ao mar. 5 pessoas vieram."),
        ("ru", "Я думаю о нем. Мать ушла."),
        ("ru", "Я сказал им. Они ушли."),
        ("ru", "Пришёл полк. Солдаты устали."),
        ("ru", "В море плыл кит. Дети смотрели."),
        ("ru", "Там был груз. Корабль ушёл."),
        ("ru", "Столы, стулья и пр. Всё продали."),
        ("ru", "Добавьте 5 мл. Перемешайте."),
        ("sw", "Asante Bibi. Juma anakuja."),
        ("ta", "அவர் டாக்டர். ராமன் வந்தார்."),
        ("te", "ఆయన డాక్టర్. రాము వచ్చాడు."),
        ("fa", "پیش دکتر. علی رفت."),
        ("ur", "وہ ہے ڈاکٹر. علی آیا۔"),
        ("tr", "O bir Rus. Ali de geldi."),
        ("tr", "Bu bir rum. Ali de geldi."),
        ("yo", "Mo rí Alhaji. Ayọ̀ lọ."),
    ],
)
def test_a_plain_word_ends_its_sentence_though_it_looks_like_an_abbreviation(language, text):
    sentences, _ = split(text, language)
    assert len(sentences) == 2
    assert sentences[0] == text[: text.index(".") + 1]


@pytest.mark.parametrize(
    "text",
    [
        "He lives in room No. 5 now.",
        "See no. 5.",
        "The house no. 5 is red.",
        "See Lot No. 5 and Ex. 3 there.",
        "Read NO. 5 AND VOL. 3 THERE.",
        "DR. SMITH CAME WITH MS. J. JONES.",
        "Театр им. Горького открыт.",
    ],
)
def test_an_abbreviation_ends_no_sentence_before_what_it_speaks_of(text):
    assert split(text, "ru" if "им" in text else "en")[0] == [text]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("hi", "अच्छा है. वह गया. वह आई. उसने चाय पी. राम था.", 5),
        ("hi", "ए. पी. जे. अब्दुल आए. आई. के. गुजराल भी.", 2),
        ("hi", "दूरी 5 कि.मी. की है. वह 5 कि.मी. गया. दूरी 5 कि.मी. वह गया.", 4),
        ("mr", "तू जा. असे हो. मला दे. राम गेला.", 4),
        ("mr", "पु. ल. देशपांडे आले. वि. दा. सावरकर आणि श्री. ना. पेंडसे गेले.", 2),
        ("mr", "तो ५ कि.मी. चालला. अंतर ५ कि.मी. तो गेला.", 3),
        ("bn", "এ. কে. ফজলুল হক এলেন. আমি যাব না. তুমি কে. সে এল.", 4),
        ("ta", "இங்கே வா. அங்கே போ. மு. கருணாநிதி வந்தார். வ. உ. சி. போனார்.", 4),
        ("te", "వి. వి. గిరి వచ్చారు. ఆయన వెళ్ళారు.", 2),
        ("ml", "കെ. കരുണാകരൻ വന്നു. അവൻ പോയി.", 2),
        ("ar", "ولد سنة 1400 هـ. كان شاعرا. عنده تفاح إلخ. ذهب د. محمد.", 4),
        ("fa", "او آمد. دکتر رفت.", 2),
        ("he", "פרופ. כהן בא. הוא הלך.", 2),
        ("ka", "ა. კახიძე მოვიდა. სიგრძე 5 კმ. ის წავიდა.", 3),
        ("ko", "그는 갔다. 나는 왔다.", 2),
        ("el", "Ζει στις Η.Π.Α. Ο Πρόεδρος ήρθε. Ο κ. Γ. Α. Παππάς έφυγε.", 3),
        ("kk", "Ұзындығы 5 км. Асан келді.", 2),
    ],
)
def test_full_stops_of_every_script(language, text, expected):
    assert len(split(text, language)[0]) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "He left the SEC. They stayed. Ask HR. She knows. It took 5 MS. It did.", 6),
        ("en", "I was sad :( He left. She stayed (too). Good.", 3),
        ("en", "It hurts :-( Now what. He came =( She left.) Yes.", 3),
        ("en", "He left the U.S. A man came. He left the U.S. I saw it.", 4),
        ("it", "(cito: La casa) bene. Dice (cito: La casa) bene.", 2),
        ("it", "Dice: La casa.", 2),
        ("es", "Vino (así; No sé) ayer.", 1),
    ],
)
def test_signs_that_end_sentences_by_what_stands_around_them(language, text, expected):
    assert len(split(text, language)[0]) == expected


@pytest.mark.parametrize("code", ["pcm", "lou", "zz", "", "ü", "x" * 50])
def test_any_code_without_rules_splits_like_any_language(code):
    assert split("Hi! You?", code) == (["Hi!", "You?"], ["Hi", "!", "You", "?"])


@pytest.mark.parametrize(
    ("code", "nearest"),
    [("deuu", "de"), ("Deutsch", "de"), ("english", "en"), ("fran", "fr"), ("suomi", "fi"), ("vii", "vi")],
)
def test_an_unknown_language_is_an_error_that_names_the_nearest(code, nearest):
    with pytest.raises(OptionError, match=f"{code!r} is unknown.*Pass 'xx'") as caught:
        check_language(code)
    assert caught.value.nearest[0] == nearest


@pytest.mark.parametrize("code", [None, 5, ""])
def test_what_is_no_language_is_an_error(code):
    with pytest.raises(OptionError, match="is unknown"):
        check_language(code)


def test_scripts_know_their_languages():
    assert list(load_evidence_of_script("Cyrillic")) == [
        "be",
        "bg",
        "kk",
        "ky",
        "mk",
        "mn",
        "ru",
        "sr",
        "uk",
        "uz",
    ]


SENTENCES = [
    (
        "en",
        "Dr. Smith met J. R. Hale at 5 p.m. on Monday. He left.",
        ["Dr. Smith met J. R. Hale at 5 p.m. on Monday.", "He left."],
    ),
    ("en", '"Stop!" he cried. "Why?" I ran.', ['"Stop!" he cried.', '"Why?"', "I ran."]),
    ("en", "Wait... what? (Yes.) 1. One thing. 2. Two.", ["Wait... what?", "(Yes.)", "1. One thing.", "2. Two."]),
    ("en", "The U.S. army left the U.S. He stayed.", ["The U.S. army left the U.S.", "He stayed."]),
    (
        "de",
        "Am 3. Oktober kam Prof. Meier. Der 2. Tag war z.B. schön.",
        ["Am 3. Oktober kam Prof. Meier.", "Der 2. Tag war z.B. schön."],
    ),
    ("fr", "M. Dupont arrive. « Bonjour ! » dit-il.", ["M. Dupont arrive.", "« Bonjour ! » dit-il."]),
    ("hu", "A 2000. évi terv. A II. kerület.", ["A 2000. évi terv.", "A II. kerület."]),
    ("ja", "「行く。」と言った。雨だ。2020年。", ["「行く。」と言った。", "雨だ。", "2020年。"]),
    ("hi", "यह घर है। वह डॉ. शर्मा हैं।", ["यह घर है।", "वह डॉ. शर्मा हैं।"]),
    ("el", "Τι κάνεις; Καλά.", ["Τι κάνεις;", "Καλά."]),
    ("ka", "ეს ა. კახიძეა. ის წავიდა.", ["ეს ა. კახიძეა.", "ის წავიდა."]),
    ("ur", "یہ گھر ہے۔ وہ آیا۔", ["یہ گھر ہے۔", "وہ آیا۔"]),
    ("ms", "Dr. Ahmad tiba. Dia pergi ke K.L. Ampang.", ["Dr. Ahmad tiba.", "Dia pergi ke K.L. Ampang."]),
    ("tl", 'Sabi ni Dr. Rizal: "Oo." Umalis siya.', ['Sabi ni Dr. Rizal: "Oo."', "Umalis siya."]),
    ("bn", "ড. ইউনূস এসেছেন। তিনি কি যাবেন?", ["ড. ইউনূস এসেছেন।", "তিনি কি যাবেন?"]),
    ("my", "သူက ဆရာ ဖြစ်သည်။ သူ သွားသည်။", ["သူက ဆရာ ဖြစ်သည်။", "သူ သွားသည်။"]),
    ("th", "นาย ก. มา กทม. เวลา 8.30 น. แล้ว", ["นาย ก. มา กทม. เวลา 8.30 น. แล้ว"]),
    ("es", "¿Qué tal? ¡Bien! El Sr. Paz vino.", ["¿Qué tal?", "¡Bien!", "El Sr. Paz vino."]),
    ("de", "„Nein!“ Sie ging. »Gut.« Er blieb.", ["„Nein!“", "Sie ging.", "»Gut.«", "Er blieb."]),
    (
        "de",
        "Es war z. B. Otto, d. h. er. Das sind 5 Mio. Euro.",
        ["Es war z. B. Otto, d. h. er.", "Das sind 5 Mio. Euro."],
    ),
    (
        "de",
        "Am 3. 10. 2020 stand es 3:2. Er ist 20. Sie auch.",
        ["Am 3. 10. 2020 stand es 3:2.", "Er ist 20.", "Sie auch."],
    ),
    (
        "es",
        "Nació en 50 a. C. en los EE. UU. Murió a las 5 p. m. Fin.",
        ["Nació en 50 a. C. en los EE. UU.", "Murió a las 5 p. m.", "Fin."],
    ),
    (
        "ru",
        "Он жил в г. Москве в XIX в. Он писал и т. д. и т. п.",
        ["Он жил в г. Москве в XIX в.", "Он писал и т. д. и т. п."],
    ),
    ("nl", "Het regent. 't Is koud. 's Avonds ook.", ["Het regent.", "'t Is koud.", "'s Avonds ook."]),
    (
        "en",
        "He came (in a cab. The rain fell) and left. (So. It ended.)",
        ["He came (in a cab. The rain fell) and left.", "(So.", "It ended.)"],
    ),
    (
        "en",
        "i went home. then i slept. it was bad. so i left.",
        ["i went home.", "then i slept.", "it was bad.", "so i left."],
    ),
    (
        "en",
        "Smith et al. The end. Main St. It is 5 km. See no. 5.",
        ["Smith et al.", "The end.", "Main St.", "It is 5 km.", "See no. 5."],
    ),
    ("ko", "2020. 3. 1.에 왔다. 갔다.", ["2020. 3. 1.에 왔다.", "갔다."]),
    ("hi", "बी.ए. पास है। ए. पी. जे. आए।", ["बी.ए. पास है।", "ए. पी. जे. आए।"]),
    ("my", "သူ သွားသည်၊ ပြန်လာသည်။ လာ။", ["သူ သွားသည်၊ ပြန်လာသည်။", "လာ။"]),
    ("xx", "ሰላም ነው። እሺ፧", ["ሰላም ነው።", "እሺ፧"]),
]


@pytest.mark.parametrize(("language", "text", "expected"), SENTENCES)
def test_sentences(language, text, expected):
    assert split(text, language)[0] == expected


WORDS = [
    (
        "en",
        "Don't well-known @me #tag :-) http://a.bc/d?e=f, a@b.co!",
        "Don't|well|-|known|@me|#tag|:-)|http://a.bc/d?e=f|,|a@b.co|!",
    ),
    ("en", "$1,234.50 on 3/4/2020 at 10:30... etc.", "$|1,234.50|on|3/4/2020|at|10:30|...|etc."),
    (
        "fr",
        "L'ami d’Aujourd'hui aujourd'hui, dit-il: y a-t-il Jean-Luc?",
        "L'|ami|d’|Aujourd'hui|aujourd'hui|,|dit|-il|:|y|a|-t-il|Jean-Luc|?",
    ),
    ("it", "Dell'arte un po' c'è.", "Dell'|arte|un|po'|c'|è|."),
    ("af", "'n Boek", "'n|Boek"),
    ("nl", "'s Avonds in Zuid-Holland", "'s|Avonds|in|Zuid-Holland"),
    ("fi", "EU:n 10 000 talous- ja A-luokka", "EU:n|10 000|talous-|ja|A-luokka"),
    ("ar", "وقال للحكومة بالكتاب كتابها", "و|قال|ل|لحكومة|ب|الكتاب|كتاب|ها"),
    ("ar", "وزارة", "وزارة"),
    ("vi", "Công ty có thể phát triển.", "Công ty|có thể|phát triển|."),
    ("he", 'ארה"ב', 'ארה"ב'),
    ("en", "It stood (c. 1890) in vol. 3.", "It|stood|(|c.|1890|)|in|vol.|3|."),
    ("es", "El art. 5.º y el 1.er piso, n.º 3.", "El|art.|5.º|y|el|1.er|piso|,|n.º|3|."),
    ("es", "EE. UU. vino.", "EE.|UU.|vino|."),
    ("pt", "A 2.ª vez, o n.º 3.", "A|2.ª|vez|,|o|n.º|3|."),
    ("fr", "M.-A. Durand, n° 5.", "M.-A.|Durand|,|n°|5|."),
    ("tr", "2020'de TBMM'nin 10.30'da.", "2020'de|TBMM'nin|10.30'da|."),
    ("th", "ดร.สมชาย พ.ศ. 2560 ต่างๆ", "ดร.|สมชาย|พ.ศ.|2560|ต่าง|ๆ"),
    ("zh", "他饰演主角，我在港铁。", "他|饰演|主角|，|我|在|港铁|。"),
    ("ko", "2020년 3,5가 漢字는", "2020년|3,5가|漢字는"),
    ("bn", "ড. রহমান ১,২৩,৪৫৬ টাকা।", "ড.|রহমান|১,২৩,৪৫৬|টাকা|।"),
    ("ms", "Kanak-kanak di Jln. Ampang, RM1,250.50.", "Kanak-kanak|di|Jln.|Ampang|,|RM1,250.50|."),
    ("tl", "Mag-aral sa ika-5 ng U.P.", "Mag-aral|sa|ika-5|ng|U.P."),
    ("my", "ကျောင်းသွားသည်။", "ကျောင်း|သွား|သည်|။"),
    ("ko", "2020년에 갔다.", "2020년에|갔다|."),
    ("ja", "勉強をしていました。", "勉強|を|し|て|い|まし|た|。"),
    ("xx", "👨‍👩‍👧 🇩🇪 é", "👨‍👩‍👧|🇩🇪|é"),
    ("en", "I am. She said no. He sat.", "I|am|.|She|said|no|.|He|sat|."),
    ("de", "Das ist so. Ich hab's.", "Das|ist|so|.|Ich|hab's|."),
    ("de", "Im Sept., sagt er.", "Im|Sept.|,|sagt|er|."),
    ("en", "Rock 'n' roll in the '80s: x >= 2 && y -> z ^_^", "Rock|'n'|roll|in|the|'80s|:|x|>=|2|&&|y|->|z|^_^"),
    ("fr", "L'88e, l' été, donne-m'en, dis-le-moi.", "L'|88e|,|l'|été|,|donne|-m'|en|,|dis|-le|-moi|."),
    (
        "nl",
        "'s-Gravenhage, in- en uitvoer, in-, uit- en doorvoer",
        "'s-Gravenhage|,|in-|en|uitvoer|,|in-|,|uit-|en|doorvoer",
    ),
    ("et", "1990.-date 3.–5. mai", "1990.-date|3.|–|5.|mai"),
    ("hu", "Bp.-en 5%-os", "Bp.-en|5%-os"),
    ("el", "Ό,τι θέλεις", "Ό,τι|θέλεις"),
    ("ko", "A사의 iPhone은 10:30에", "A사의|iPhone은|10:30에"),
    ("ja", "www.a.jp参照。行きましょう。", "www.a.jp|参照|。|行き|ましょう|。"),
    ("hi", "प्रो॰ सिंह", "प्रो॰|सिंह"),
    ("km", "ឆ្នាំ២០២០។ល។", "ឆ្នាំ|២០២០|។ល។"),
    ("tl", "'Di mo 'to", "'Di|mo|'to"),
    ("en", "Prof.Müller came.He walked 5 km.Then he sat.", "Prof.|Müller|came|.|He|walked|5|km.|Then|he|sat|."),
    ("en", "a --> b <- c <==> d != e -- f ->", "a|-->|b|<-|c|<==>|d|!=|e|--|f|->"),
]


@pytest.mark.parametrize(("language", "text", "expected"), WORDS)
def test_words(language, text, expected):
    assert split(text, language)[1] == expected.split("|")


AFFIXES = """
有限|公司 有限|公司|的 人民|政府 市|政府 縣|政府 高速|公路 高速|公司 分|公司 博物|館 早餐|店 陳列|館 許可證
总|书记 總|書記 大|教堂 总|决赛 全|世界 非|政府 副|市長 副|总|经理
李|建国 孙|中山 李|先生 陳|先生 欧阳|修 謝謝|你 谢谢|你
"""
WHOLE = """
俱樂部 俱乐部 巧克力 任天堂 地中海 天安門 天安门 明信片 天花板 下午茶 萬聖節 万圣节 秦始皇 始皇帝 蘇黎世 苏黎世
蘇利南 苏里南 蘇里南 苏利南 蘇美爾 苏美尔 張家口 张家口 張家界 张家界 早稻田 大猩猩 大力士 王八蛋 葉綠體 叶绿体
何首烏 何首乌 朱古力 德意志 唐古拉 王府井 金槍魚 金枪鱼 主人翁 大伙兒 大伙儿 大陸架 大陆架 大氣層 大气层 數位 数位
反應堆 反应堆 主席台
"""


@pytest.mark.parametrize("expected", [*AFFIXES.split(), *WHOLE.split()])
def test_chinese_affixes_are_cut_off_where_words_are_left(expected):
    assert split(expected.replace("|", ""), "zh")[1] == expected.split("|")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("th", "ไป #สวัสดี ครับ @รักดี", "ไป|#สวัสดี|ครับ|@รักดี"),
        ("hi", "#भारत की #हिन्दी!", "#भारत|की|#हिन्दी|!"),
        ("bn", "#বাংলা @বাংলা", "#বাংলা|@বাংলা"),
        ("km", "#ភ្នំពេញ ខ្ញុំ", "#ភ្នំពេញ|ខ្ញុំ"),
        ("my", "#ကမ္ဘာ", "#ကမ္ဘာ"),
        ("fa", "#کتاب\u200cها، خوب", "#کتاب\u200cها|،|خوب"),
        ("si", "#ශ්\u200dරී ලංකා", "#ශ්\u200dරී|ලංකා"),
        ("ar", "#العَرَبِيَّة هنا", "#العَرَبِيَّة|هنا"),
        ("he", "#שָׁלוֹם לך", "#שָׁלוֹם|לך"),
        ("en", "#cafe\u0301s, @zoe\u0308 #\u0301a", "#cafe\u0301s|,|@zoe\u0308|#\u0301|a"),
        ("ja", "#葛\U000e0100城", "#葛\U000e0100城"),
        ("xx", "#\U0001110c\U0001112e\U0001110b", "#\U0001110c\U0001112e\U0001110b"),
    ],
)
def test_tags_and_mentions_have_the_marks_of_every_script(language, text, expected):
    assert split(text, language)[1] == expected.split("|")


DETECTED = {
    "de": "Das ist nicht der Hund, den wir gesehen haben.",
    "en": "This is not the dog that we have seen.",
    "fr": "Ce n'est pas le chien que nous avons vu.",
    "tr": "Bu bizim gördüğümüz köpek değil.",
    "vi": "Đây không phải là con chó mà chúng tôi đã thấy.",
    "ru": "Это не та собака, которую мы видели.",
    "kk": "Бұл біз көрген ит емес.",
    "fa": "این سگی نیست که ما دیدیم.",
    "ur": "یہ وہ کتا نہیں ہے جو ہم نے دیکھا۔",
    "mr": "हा आम्ही पाहिलेला कुत्रा नाही आणि ती मांजर आहे.",
    "ja": "これは私たちが見た犬ではない。",
    "zh": "这不是我们看到的狗。",
    "my": "ဒါက ကျွန်တော်တို့ မြင်ခဲ့တဲ့ ခွေး မဟုတ်ဘူး။",
    "az": "Bu bizim gördüyümüz it deyil və mənə məxsusdur.",
    "cs": "To není pes, kterého jsme viděli, ale může to být kočka.",
    "sk": "To nie je pes, ktorého sme videli, ale môže to byť mačka.",
    "hr": "To nije pas kojeg smo vidjeli prije tjedan dana na tom mjestu.",
    "sr": "To nije pas koga smo videli pre nedelju dana na tom mestu.",
    "bs": "To je lahko, a kahva je u Sarajevu hiljadu puta bolja nego što se misli.",
    "gl": "Este non é o can que vimos onte na rúa.",
    "ca": "Aquest no és el gos que vam veure ahir.",
    "sl": "To ni pes, ki smo ga videli včeraj.",
    "ro": "Acesta nu este câinele pe care l-am văzut ieri.",
    "is": "Þetta er ekki hundurinn sem við sáum í gær.",
    "af": "Dit is nie die hond wat ons gister gesien het nie.",
    "hi-Latn": "Yeh woh kutta nahi hai jo humne dekha tha.",
    "no": "Dette er ikke hunden som jeg så etter at vi ble kjent.",
    "da": "Dette er ikke hunden, som jeg så, efter at vi blev bekendt.",
    "uk": "Це не той собака, якого ми бачили.",
    "be": "Гэта не той сабака, якога мы бачылі.",
    "mk": "Ова не е кучето што го видовме.",
    "hy": "Սա այն շունը չէ, որը մենք տեսանք։",
    "am": "ይህ ያየነው ውሻ አይደለም።",
    "pa": "ਇਹ ਉਹ ਕੁੱਤਾ ਨਹੀਂ ਹੈ ਜੋ ਅਸੀਂ ਦੇਖਿਆ।",
    "as": "এইটো আমি দেখা কুকুৰটো নহয়।",
    "bn": "এটি আমাদের দেখা কুকুর নয় এবং সে আমার।",
    "ps": "دا هغه سپی نه دی چې موږ ولیدلو.",
    "sd": "هي اهو ڪتو ناهي جيڪو اسان ڏٺو.",
    "ug": "بۇ بىز كۆرگەن ئىت ئەمەس.",
    "yi": "דאָס איז נישט דער הונט װאָס מיר האָבן געזען.",
    "xx": "12 + 3",
}


@pytest.mark.parametrize("language", sorted(DETECTED))
def test_a_text_shows_its_language(language):
    assert detect(DETECTED[language]) == language


def test_the_guide_explains_every_key_and_no_other():
    guide = (resources.files("nlu_lite.text") / "data" / "rules" / "README.md").read_text(encoding="utf-8")
    keys = [key.name for table in (Evidence, SentenceRules, WordRules) for key in fields(table)]
    assert sorted(re.findall(r"(?m)^\| `(\w+)` \|", guide)) == sorted(keys)


@pytest.mark.parametrize(
    ("text", "message", "nearest"),
    [
        ("[sentence]", r"de.toml, line 1: the file has an unknown key 'sentence'", ("sentences",)),
        ("[sentences]\ntitle = 'Dr'", r"de.toml, line 2: \[sentences\] has an unknown key 'title'", ("titles",)),
        ("[words]\nclitics = ['(']", r"de.toml, line 2: clitics cannot be used: missing \)", ()),
        ("[words]\nruns = '.'\njoin = 5", "de.toml, line 3: join is 5; expected a string", ()),
        ("[words]\nruns = 5", "de.toml, line 2: runs is 5; expected a string", ()),
        ("[sentences]\ncase = 'none'", "it is 'none', not one of 'bicameral', 'unicameral'", ()),
        ("[sentences]\nordinals = 'short long'", "it is 'long', not one of 'short', 'all'", ()),
        ("[sentences]\ntitles = Dr", "de.toml is not valid TOML: .*line 2", ()),
    ],
)
def test_a_rule_file_with_a_mistake_is_an_error_that_names_the_key(text, message, nearest):
    with pytest.raises(FormatError, match=message) as caught:
        parse_rules(text, "de", "de.toml")
    assert caught.value.nearest == nearest


@pytest.mark.parametrize("code", sorted(list_languages_with_rules()))
def test_the_evidence_for_a_language_is_that_of_its_rules(code):
    evidence = load_rules(code).evidence
    assert all(load_evidence_of_script(script)[code] == evidence for script in evidence.script)
