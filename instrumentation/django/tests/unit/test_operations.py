"""The same answers as the stack's own normaliser gives."""

import json

import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st

from thebot_tracing.operations import parse_operation

vectors = json.loads((PROJECT / "tests" / "vectors" / "sampling.json").read_text())


@pytest.mark.parametrize("case", vectors["requests"], ids=lambda case: f"{case['operation']} | {case['method']} {case['path']!r}")
def test_matches_as_the_vectors_say(case):
    operation = parse_operation(case["operation"])
    assert operation is not None
    assert operation.matches(case["method"], case["path"]) is case["matches"], case["why"]


@pytest.mark.parametrize("case", vectors["invalid"], ids=lambda case: repr(case["operation"]))
def test_refuses_as_the_vectors_say(case):
    assert parse_operation(case["operation"]) is None, case["why"]


segment = st.text("abcXYZ019._~!$&()+,;=:@%-", min_size=1, max_size=8)


@given(st.lists(segment, max_size=5), st.booleans(), st.booleans(), st.text("abc/?&=", max_size=5))
def test_a_plain_path_matches_itself_with_slashes_and_query(segments, first, last, query):
    path = "/".join(segments)
    operation = parse_operation(f"GET /{path}")
    assert operation is not None
    asked = f"{'/' if first else ''}{path}{'/' if last and path else ''}?{query}"
    assert operation.matches("GET", asked)
    assert not operation.matches("POST", asked)


@given(st.text(max_size=30))
def test_never_fails_on_any_text(text):
    operation = parse_operation(text)
    assert operation is None or operation.text.startswith(operation.method)
