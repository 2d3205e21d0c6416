"""Secrets, hidden before a span is sent: by the names that they have in arguments, cache keys and query strings."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
# Characters of a key, an argument or a result that are recorded, at most.
LONGEST_TEXT = 256

_WORDS = (
    "password", "passwd", "secret", "token", "authorization", "api_key", "apikey", "api-key", "access_key", "accesskey", "private_key",
    "credential", "cookie", "signature",
)  # fmt: skip
_ANY_WORD = "|".join(_WORDS)

# A name with such a word, quoted or not, and its value: a quoted text, a number or a constant. The end of any other value is not known
# from the text, so all that follows is hidden; that of a text which is cut, too.
_MEMBER = re.compile(
    rf"""((?:{_ANY_WORD})[^'":=,(){{}}\[\]]*[\\'"]*\s*[:=]\s*)"""
    r"""(?:[bu]?'(?:[^'\\]|\\.)*'|[bu]?"(?:[^"\\]|\\.)*"|[\w.+-]+(?=[,)}\]])|.+)""",
    re.IGNORECASE | re.DOTALL,
)

# In a query string these are secrets too: a word, and whole names, of signed URLs and of OAuth. A URL within one is percent-encoded.
_PARAMETER_WORDS, _PARAMETERS = (*_WORDS, "session"), ("sig", "key", "code", "auth", "pass", "pwd", "jwt", "otp", "sid")
_LETTER = r"(?:[\w.~\[\]-]|%5[bd])"
_PARAMETER = re.compile(
    rf"((?:[?&;#]|%3f|%26)(?:{_LETTER}{{0,64}}?(?:{'|'.join(_PARAMETER_WORDS)}){_LETTER}{{0,64}}|{'|'.join(_PARAMETERS)})(?:=|%3d))"
    r"[^&#\s]+",
    re.IGNORECASE,
)

_URLS = frozenset(("http.url", "http.target", "url.full", "url.query"))


def names_a_secret(text: str) -> bool:
    """Whether a name has a word that says that it is a secret's."""
    lower = text.lower()
    return any(word in lower for word in _WORDS)


def without_secrets(text: str) -> str:
    """A Python or JSON text of arguments, with the values hidden whose names say that they are secret, at any depth."""
    return _MEMBER.sub(rf"\1{HIDDEN}", text)


def without_secret_parameters(text: str) -> str:
    """A text, with the values of query parameters in it hidden whose names say that they are secret."""
    if "=" not in text:
        return text
    lower = text.lower()
    # Most query strings have none of the words, and the expression looks for them at each parameter.
    found = any(word in lower for word in (*_PARAMETER_WORDS, *_PARAMETERS))
    return _PARAMETER.sub(rf"\1{HIDDEN}", text) if found else text


def shown(key: str, value: str) -> str:
    """What is sent of a span's attribute: of a URL or a query string, all but secret parameters."""
    # With a question mark, as a query string has none.
    return without_secret_parameters(f"?{value}")[1:] if key in _URLS and "=" in value else value
