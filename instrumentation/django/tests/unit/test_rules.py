"""Percentages and the model that the stack hands out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thebot_tracing.rules import parse_rules, percentage


@given(st.decimals(0, 100, places=3))
def test_a_decimal_between_0_and_100_is_a_percentage(number):
    assert percentage(str(number)) == pytest.approx(float(number))


@pytest.mark.parametrize(
    "bad", ["", " ", "-1", "101", "100.1", "1e1", "+5", "5%", "0x1", ".5", "5.", "nan", "inf", "١٠", " 5", "5\n", True, None, []]
)
def test_anything_else_is_none(bad):
    assert percentage(bad) is None


def test_the_first_rule_that_matches_holds():
    text = {"default": 10, "operations": [{"operation": "GET /a/*", "percent": 50}, {"operation": "GET /a/b", "percent": "12.5"}]}
    rules, errors = parse_rules(json.dumps(text), "R")
    assert errors == []
    assert rules.rule("GET", "/a/b").percent == 50
    assert rules.rule("GET", "/c") is None
    assert rules.default == 10


def test_all_errors_are_told_at_once():
    text = '{"default":101,"errors":"x","colour":1,"operations":[{"operation":"get /a","percent":5},{"operation":"GET /a"},7]}'
    _, errors = parse_rules(text, "R")
    assert len(errors) == 6
    for part in (
        "R.default: found 101",
        "R.errors",
        "R.colour: unknown",
        "[0].operation: found 'get /a'",
        "[1].percent: found None",
        "[2]: found 7",
    ):
        assert any(part in error for error in errors), part


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"operations":{}}'])
def test_what_is_no_model_is_an_error(text):
    assert parse_rules(text, "R")[1]
