"""What the oracle itself rests on, by examples that were not made here: `python3 -m unittest`."""

import unittest

from hashing import fnv1a_64, threshold
from head import Strategies
from ottl import Span, condition
from tail import Arrival, Sampler


def span(**more):
    return Span(**{"trace_id": "0" * 32, "parent": "", "kind": 2, "status": 0, "start": 0, "end": 0, **more})


class Hashing(unittest.TestCase):
    def test_published_values_of_fnv(self):
        self.assertEqual(fnv1a_64(b""), 0xCBF29CE484222325)
        self.assertEqual(fnv1a_64(b"a"), 0xAF63DC4C8601EC8C)
        self.assertEqual(fnv1a_64(b"foobar"), 0x85944171F73967E8)

    def test_thresholds(self):
        self.assertEqual(threshold(0), 0)
        self.assertEqual(threshold(100), 2**64 - 1)
        self.assertEqual(threshold(50), 2**63 - 1)
        self.assertEqual(threshold(25), 2**62 - 1)


class Conditions(unittest.TestCase):
    def test_precedence(self):
        holds = condition('kind == SPAN_KIND_CLIENT and kind == SPAN_KIND_SERVER or kind == SPAN_KIND_SERVER')
        self.assertTrue(holds(span()))
        self.assertFalse(condition('kind == SPAN_KIND_SERVER and (kind == SPAN_KIND_CLIENT or IsRootSpan())')(span(parent="1")))

    def test_a_missing_attribute_equals_and_matches_nothing(self):
        for text in ('attributes["a"] == "x"', 'IsMatch(attributes["a"], "^x?$")'):
            self.assertFalse(condition(text)(span()))

    def test_a_line_break_is_not_the_end(self):
        self.assertFalse(condition('IsMatch(attributes["a"], "^x$")')(span(attributes={"a": "x\n"})))

    def test_refuses_what_it_does_not_know(self):
        for text in ("trace_state == 1", 'IsMatch(name, "x")', "kind ==", "kind == 1 1", 'attributes["a\\"b"] == "x"'):
            with self.assertRaises(ValueError):
                condition(text)


class Tail(unittest.TestCase):
    error = {"name": "e", "type": "ottl_condition", "ottl_condition": {"error_mode": "ignore", "span": ["status.code == 2"]}}

    def sampler(self, strategy, *policies):
        return Sampler({"sampling_strategy": strategy, "decision_wait": "10s", "decision_cache": {"x": 1}, "policies": list(policies)})

    def test_what_comes_after_the_decision_shares_its_fate(self):
        arrivals = [Arrival(0, [span()]), Arrival(13, [span(status=2)])]
        for strategy in ("span-ingest", "trace-complete"):
            self.assertIsNone(self.sampler(strategy, self.error).keeps("0" * 32, arrivals))
            self.assertEqual(self.sampler(strategy, self.error).keeps("0" * 32, [*arrivals, Arrival(1, [span(status=2)])]), "e")

    def test_refuses_to_guess_near_the_decision(self):
        with self.assertRaises(ValueError):
            self.sampler("span-ingest", self.error).keeps("0" * 32, [Arrival(0, [span()]), Arrival(9, [span()])])

    def test_not_is_of_what_arrived_together_where_it_decides_on_arrival(self):
        inverse = {"name": "n", "type": "not", "not": {"not_sub_policy": self.error}}
        arrivals = [Arrival(0, [span()]), Arrival(1, [span(status=2)])]
        self.assertEqual(self.sampler("span-ingest", inverse).keeps("0" * 32, arrivals), "n")
        self.assertIsNone(self.sampler("trace-complete", inverse).keeps("0" * 32, arrivals))


class Head(unittest.TestCase):
    def test_what_jaeger_takes_for_its_fallback(self):
        strategies = Strategies({"default_strategy": {"param": 1}, "service_strategies": []}, 0.001)
        self.assertEqual(strategies.rate("a", "b"), 0.001)

    def test_a_service_has_its_own_operations_and_the_default_ones(self):
        def one(operation, rate):
            return {"operation": operation, "type": "probabilistic", "param": rate}

        rate = {"type": "probabilistic", "param": 0.5}
        file = {
            "default_strategy": {**rate, "operation_strategies": [one("x", 0.1), one("y", 0.2)]},
            "service_strategies": [{"service": "s", "type": "probabilistic", "param": 0.3, "operation_strategies": [one("x", 1)]}],
        }
        strategies = Strategies(file, 0.001)
        self.assertEqual([strategies.rate("s", name) for name in "xyz"], [1, 0.2, 0.3])
        self.assertEqual([strategies.rate("t", name) for name in "xyz"], [0.1, 0.2, 0.5])


if __name__ == "__main__":
    unittest.main()
