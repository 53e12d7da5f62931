r"""Spark NLP's own sentences and tokens: the rules of its `SentenceDetector` and `Tokenizer`, for every language.

They are for results that have to equal those of Spark NLP; the rules of the languages are better. Releases 3.4.4 and
5.5.3 of Spark NLP have the same rules, apart from the exceptions of its `Tokenizer`. Whitespace is that of Java's
``\s`` and ``trim()``, which is ASCII: a no-break space is part of a token, and control characters at the edge of a
sentence are in no sentence.

Differences from Spark NLP:

- Offsets count code points, are half-open, and are always those of the sentence or token in the text. Spark NLP counts
  UTF-16 units, and searches for the text of each sentence, which can give -1.
- The characters that Spark NLP itself uses as marks (U+F050 to U+F057, nine box-drawing characters, U+2187 and U+2188)
  are ordinary characters. In Spark NLP they end a sentence or a token, or turn into periods and other marks.
- Lengths count code points, and separators of any width are found, where a user sets such parameters.
"""

from nlu_lite.text.sparknlp.patterns import Pattern, compile_java
from nlu_lite.text.sparknlp.sentences import DetectorRules, find_sentences
from nlu_lite.text.sparknlp.tokens import TokenRules, find_tokens

__all__ = ["DetectorRules", "Pattern", "TokenRules", "compile_java", "find_sentences", "find_tokens"]
