"""Runs Presidio over texts and tells how long it took: presidio.py FILE, where FILE is a JSON list of strings.

Every text is one call of AnalyzerEngine.analyze, with recognizers for the identifiers chot looks for: the same shapes,
and the words that announce them as context. The language model is a blank spaCy pipeline that only splits words, the
cheapest there is; no names are looked for. Prints one object of JSON.
"""

import json
import sys
import time
from importlib.metadata import version

import spacy
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language

# What counts: a shape that stands for itself, or a weaker one with a word nearby (which adds 0.35).
THRESHOLD = 0.4

RECOGNIZERS = {
    "cccd": (
        [
            ("structure", r"\b0\d{2}[0-3]\d{8}\b", 0.5),
            ("digits", r"\b\d{12}\b", 0.1),
            ("threes", r"\b\d{3}[ .-]\d{3}[ .-]\d{3}[ .-]\d{3}\b", 0.4),
            ("fours", r"\b\d{4}[ .-]\d{4}[ .-]\d{4}\b", 0.4),
        ],
        ["cccd", "soCccd", "căn cước", "định danh"],
    ),
    "cmnd": ([("digits", r"\b\d{9}\b", 0.1)], ["cmnd", "chứng minh"]),
    "bhxh": ([("digits", r"\b\d{10}\b", 0.1)], ["bhxh", "masobhxh", "sổ bảo hiểm"]),
    "bhyt": ([("card", r"\b[A-Z]{2}[1-5]\d{12}\b", 0.6)], ["bhyt", "thẻ"]),
    "passport": ([("digits", r"\b[A-Z]\d{7}\b", 0.1)], ["hộ chiếu", "passport"]),
}


@Language.component("plain_lemmas")
def plain_lemmas(doc):
    """Presidio looks context words up by lemma, and a blank pipeline has none."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


def analyzer():
    nlp = spacy.blank("xx")
    nlp.add_pipe("plain_lemmas")
    engine = SpacyNlpEngine(models=[{"lang_code": "xx", "model_name": "blank"}])
    engine.nlp = {"xx": nlp}
    registry = RecognizerRegistry(recognizers=[], supported_languages=["xx"])
    for entity, (patterns, context) in RECOGNIZERS.items():
        registry.add_recognizer(
            PatternRecognizer(
                supported_entity=entity,
                supported_language="xx",
                patterns=[Pattern(name, regex, score) for name, regex, score in patterns],
                context=context,
            )
        )
    return AnalyzerEngine(
        registry=registry, nlp_engine=engine, supported_languages=["xx"], default_score_threshold=THRESHOLD
    )


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        texts = json.load(file)
    engine = analyzer()
    engine.analyze(text="CCCD 001090123456", language="xx")
    found = dict.fromkeys(RECOGNIZERS, 0)
    begun = time.process_time()
    for text in texts:
        for result in engine.analyze(text=text, language="xx"):
            found[result.entity_type] += 1
    spent = time.process_time() - begun
    print(
        json.dumps(
            {
                "presidio": version("presidio-analyzer"),
                "bytes": sum(len(text.encode()) for text in texts),
                "seconds": spent,
                "found": {entity: count for entity, count in found.items() if count},
            }
        )
    )


main()
