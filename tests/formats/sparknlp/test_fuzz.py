"""Mutants of Spark NLP's own archives: each is read completely or is an error, without other effects."""

import pytest
from sparknlp_fuzz import make, try_mutant

SEED = 1
INPUTS = 500


@pytest.mark.slow
def test_no_mutant_of_an_archive_does_harm(tmp_path):
    results, findings = set(), []
    for number in range(INPUTS):
        mutant = make(SEED, number, tmp_path)
        outcome = try_mutant(mutant)
        results.add(outcome.result)
        if outcome.finding:
            findings.append((number, mutant.name, mutant.changes, outcome.finding))
    assert findings == []
    assert {"read", "FormatError", "IntegrityError"} <= results
