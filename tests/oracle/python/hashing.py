"""Which share of all traces a trace id falls into, as tail_sampling's policy `probabilistic` has it."""

from fractions import Fraction

_OFFSET = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MOST = 0xFFFFFFFFFFFFFFFF


def fnv1a_64(data: bytes) -> int:
    """FNV-1a, 64 bit."""
    value = _OFFSET
    for byte in data:
        value = ((value ^ byte) * _PRIME) & _MOST
    return value


def threshold(percentage: float) -> int:
    """The largest hash that is kept. Go multiplies 2^64 - 1 by the ratio as a float with 64 bits of mantissa, and cuts the fraction off."""
    ratio = percentage / 100
    if ratio >= 1:
        return _MOST
    exact = Fraction(ratio) * _MOST
    if exact <= 0:
        return 0
    # Exponent e with 2^(e-1) <= exact < 2^e; the mantissa's last bit is worth 2^(e-64).
    exponent = exact.numerator.bit_length() - exact.denominator.bit_length()
    if exact >= Fraction(2) ** exponent:
        exponent += 1
    unit = Fraction(2) ** (exponent - 64)
    rounded = round(exact / unit) * unit  # half to even, as Go does
    return min(int(rounded), _MOST)


def keeps(salt: str, trace_id: str, percentage: float) -> bool:
    """Whether a policy with this salt and percentage keeps the trace."""
    return fnv1a_64(salt.encode() + bytes.fromhex(trace_id)) <= threshold(percentage)
