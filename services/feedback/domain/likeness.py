"""Texts that say the same, and texts that may be spam. Both are marks that an officer can take away; each case counts."""

import re
import unicodedata
from typing import Final

# Shorter ones ("Very good service, thank you") are said by many people who mean just that.
_FEWEST_WORDS: Final = 8
_WORD: Final = re.compile(r"\w+")
_LINK: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
_WARES: Final = re.compile(
    r"\b(?:viagra|cialis|casino|bitcoin|crypto(?:currency)? (?:investment|profit)|backlinks?|seo services?|forex|payday loans?|"
    r"earn \$?\d+ (?:a|per) (?:day|hour)|click here|porn\w*|gagnez \d+|prêt rapide|cliquez ici)\b",
    re.IGNORECASE,
)


def essence(text: str) -> str | None:
    """What two texts have in common that say the same in the same words, whatever their accents, case, punctuation and
    order; None where there are too few words to tell.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    words = _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))
    return " ".join(sorted(set(words))) if len(words) >= _FEWEST_WORDS else None


def may_be_spam(text: str) -> bool:
    """Several links, or a link with the words of those who send the same to everyone."""
    links = len(_LINK.findall(text))
    return links >= 3 or (links > 0 and bool(_WARES.search(text)))
