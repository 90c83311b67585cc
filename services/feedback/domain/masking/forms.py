"""How personal identifiers are written in Canada, in both languages: one row a form, the surest first.

In each pattern the group `it` is what is taken out; what introduces it ("my SIN is") stays.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from services.feedback.domain.masking.checks import anything, iban, ip_4, ip_6, luhn, social_insurance
from shared.language import Bilingual

Kind = Literal[
    "email", "card", "social_insurance", "business_number", "passport", "permanent_resident", "licence", "health",
    "account", "birth", "phone", "ip", "postal_code", "address",
]  # fmt: skip

LABELS: Final[dict[Kind, Bilingual]] = {
    "email": Bilingual(en="e-mail", fr="courriel"),
    "card": Bilingual(en="card number", fr="numéro de carte"),
    "social_insurance": Bilingual(en="SIN", fr="NAS"),
    "business_number": Bilingual(en="business number", fr="numéro d'entreprise"),
    "passport": Bilingual(en="passport number", fr="numéro de passeport"),
    "permanent_resident": Bilingual(en="immigration number", fr="numéro d'immigration"),
    "licence": Bilingual(en="licence number", fr="numéro de permis"),
    "health": Bilingual(en="health card number", fr="numéro de carte santé"),
    "account": Bilingual(en="account number", fr="numéro de compte"),
    "birth": Bilingual(en="date of birth", fr="date de naissance"),
    "phone": Bilingual(en="phone number", fr="numéro de téléphone"),
    "ip": Bilingual(en="IP address", fr="adresse IP"),
    "postal_code": Bilingual(en="postal code", fr="code postal"),
    "address": Bilingual(en="address", fr="adresse"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing one kind; a match counts where `holds`."""

    kind: Kind
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] = anything


# What may stand between groups of digits: spaces of three widths, dots, hyphens and dashes.
_S = r"[ \u00a0\u202f.\-\u2010-\u2013]?"
_GAP = r"[ \u00a0\u202f.\-\u2010-\u2013]"
_NOT_IN = r"(?<![\w])"
_END = r"(?![\w])"
# Between a word such as "passport" and its number. Possessive: what people repeat a hundred times is read once.
_IS = r"(?:\s*(?:is|was|number|num|nos?|n[°º]|id|est|le|la|du|de|mon|my|the|numéro|numero|[#:=.,(\-–])){0,6}+\s*"


def _form(kind: Kind, pattern: str, holds: Callable[[str], bool] = anything, *, exact: bool = False) -> Form:
    return Form(kind, re.compile(pattern, 0 if exact else re.IGNORECASE), holds)


def _said(kind: Kind, words: str, it: str) -> Form:
    """A number that is one because the word before it says so."""
    return _form(kind, rf"\b(?:{words}){_IS}(?P<it>{it}){_END}")


_USER = r"(?<![\w.+\-])[\w.+\-]{1,64}+"
_AT = r"(?:\(at\)|\[at\]|\(a\)|\(arobase\)|\[arobase\])"
_HOST = r"[\w\-]{1,63}"
_DOT = r"(?:\s?(?:\(dot\)|\[dot\]|\(point\)|\[point\])\s?|\s(?:dot|point)\s)"
_TLD = r"(?:ca|com|org|net|info|gov|edu|fr|uk|us|io|me|quebec)"
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|"
    r"october|november|december|janvier|janv|février|fevrier|févr|fév|mars|avril|avr|mai|juin|juillet|juil|août|aout|"
    r"septembre|octobre|novembre|décembre|decembre|déc)"
)
_DATE = (
    r"(?:\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ](?:\d{4}|\d{2})|"
    rf"(?:\d{{1,2}}|1er)[ -]{_MONTH}\.?[ -,]{{1,2}}(?:\d{{4}}|\d{{2}})|{_MONTH}\.?[ -]\d{{1,2}}(?:st|nd|rd|th)?,?[ -]\d{{4}}|"
    rf"\d{{4}}[ -]{_MONTH}\.?[ -]\d{{1,2}}|\d{{8}})"
)
# Words that no street is called by: "30 minutes on the road" is no address.
_PLAIN = (
    r"(?:the|a|an|on|in|of|at|to|for|from|by|per|and|or|my|your|our|this|that|each|every|first|second|other|hours?|minutes?|"
    r"days?|weeks?|months?|years?|times?|people|persons?|calls?|business|working|calendar|percent|with|without|km|metres?|miles?)\b"
)
_NAME = rf"(?!{_PLAIN})[\w'’.\-]{{1,40}}+"
_STREET = r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|crescent|cres|highway|hwy|lane|ln|parkway|pkwy)"
_WAY = r"(?:(?<!Supreme )(?<!Federal )(?<!Tax )Court|Way|Place|Pl|Terrace|Circle|Trail|Gate|Square|Close|Grove|Heights|Row|Walk|Bay)"
_RUE = r"(?:rue|avenue|av\.?|boulevard|boul\.?|chemin|ch\.(?=\s+[^\W\d]{3})|route|rang|montée|place|allée|impasse|côte|ruelle|promenade|croissant|terrasse)"
_UNIT = r"(?:,?\s*(?:apt|apartment|unit|suite|app|appartement|bureau|#)\.?\s*#?\d{1,5}[a-z]?)?"
_DIRECTION = r"(?:\s+(?:[NSEWO]|NE|NW|SE|SW|NO|SO|north|south|east|west|nord|sud|est|ouest)\b\.?)?"

FORMS: Final = (
    _form("email", r"(?P<it>(?<![\w.+\-'])[\w.+\-']{1,64}+\s?(?:@|＠)\s?[\w\-]{1,63}+(?:\.[\w\-]{1,63}+){1,8})"),
    _form("email", rf"(?P<it>{_USER}\s?{_AT}\s?{_HOST}(?:\s?(?:\.|{_DOT})\s?{_HOST}){{0,4}}\s?(?:\.|{_DOT})\s?{_TLD}\b)"),
    _form("email", rf"(?P<it>{_USER}\s(?:at|arobase|arobas|à commercial)\s{_HOST}(?:{_DOT}{_HOST}){{0,4}}{_DOT}{_TLD}\b)"),
    _form("account", r"(?P<it>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b)", iban, exact=True),
    _form("business_number", rf"(?P<it>{_NOT_IN}\d{{3}}{_S}\d{{3}}{_S}\d{{3}}{_S}R[A-Z]{_S}\d{{4}}{_END})"),
    _said(
        "business_number",
        r"BN|NE|business number|numéro d['’]entreprise|GST(?:/HST)?(?: account)?|TPS(?:/TVH)?|NEQ",
        rf"\d{{3}}{_S}\d{{3}}{_S}\d{{3,4}}",
    ),
    _said("social_insurance", r"SIN|S\.I\.N\.|NAS|N\.A\.S\.|social insurance|assurance sociale", rf"\d{{3}}{_S}\d{{3}}{_S}\d{{3}}"),
    _form("account", rf"(?P<it>{_NOT_IN}\d{{5}}[\s\-]\d{{3}}[\s\-]\d{{7,12}}{_END})"),
    _form("card", rf"(?P<it>{_NOT_IN}[2-6]\d{{3}}{_S}\d{{4}}{_S}\d{{4}}{_S}\d{{4}}(?:{_S}\d{{1,3}})?{_END})", luhn),
    _form("card", rf"(?P<it>{_NOT_IN}3[47]\d{{2}}{_S}\d{{6}}{_S}\d{{5}}{_END})", luhn),
    _said(
        "card",
        r"(?:credit|debit|visa|mastercard|amex|bank)(?: card)?|carte(?: de (?:crédit|débit)| bancaire)?",
        rf"\d{{4}}{_S}\d{{4,6}}{_S}\d{{4,5}}(?:{_S}\d{{4}})?",
    ),
    _said("passport", r"passports?|passeports?", r"(?=[a-z0-9]*\d{5})[a-z0-9]{6,9}"),
    _form("passport", r"(?P<it>\b[A-Z]{2} ?\d{6}\b)", exact=True),
    _form("passport", r"(?P<it>\b[A-Z]\d{6}[A-Z]{2}\b)", exact=True),
    _said(
        "permanent_resident",
        r"permanent resident(?: card)?|PR card|carte de (?:résident|RP)(?: permanent)?|résident permanent|UCI|IUC|client id|identifiant (?:unique )?(?:de )?client",
        rf"(?:[a-z]{{2}}\d{{7,10}}|\d{{2}}{_S}\d{{4}}{_S}\d{{4}}|\d{{4}}{_S}\d{{4}})",
    ),
    _form("permanent_resident", r"(?P<it>\b(?:PA|RA|PC|RC)\d{7,10}\b)", exact=True),
    _form("licence", r"(?P<it>\b[A-Z]\d{4}[ -]?\d{5}[ -]?\d{5}\b)"),
    _form("licence", r"(?P<it>\b[A-Z]\d{4}[ -]\d{6}[ -]\d{2}\b)"),
    _form("licence", r"(?P<it>\b[A-Z]\d{12}\b)"),
    _form("licence", r"(?P<it>\b[A-Z]{5}\d{9}\b)", exact=True),
    _said(
        "licence",
        r"(?:driver['’]?s?|driving) licen[cs]e|licen[cs]e (?:number|no\.?)|permis de conduire|DL",
        r"(?=[a-z0-9\-]*\d{4})[a-z0-9][a-z0-9\-]{5,15}",
    ),
    # Year, month (of women: plus 50) and day of birth stand in it.
    _form("health", r"(?P<it>\b[A-Z]{4} ?\d{2}(?:[05][1-9]|[16][0-2]) ?(?:[0-2]\d|3[01])\d{2}\b)"),
    _said("health", r"health card|OHIP|RAMQ|carte[ -](?:santé|soleil|d['’]assurance maladie)|assurance maladie", r"\d{4}[ -]?\d{3}[ -]?\d{3}(?:[ -]?[a-z]{2})?"),
    _said(
        "account",
        r"(?:bank |chequing |savings )?account|acct|compte(?: (?:bancaire|chèques|d['’]épargne))?",
        rf"\d(?:{_S}\d){{4,16}}",
    ),
    _form(
        "birth",
        rf"\b(?:born|birth(?:day|date)?|date of birth|dob|d\.o\.b\.|née?|naissance|date de naissance|ddn|anniversaire)(?:\s*(?:is|was|on|in|of|est|le|du|[:,=\-]))*\s*(?P<it>{_DATE}){_END}",
    ),
    _form("birth", rf"{_NOT_IN}(?P<it>{_DATE})\s*\(?(?:is my|est ma)\s+(?:date of birth|birthday|birth date|date de naissance)"),
    _form(
        "phone",
        rf"(?P<it>(?<![\w+])(?:\+?1{_S})?\(?[2-9]\d{{2}}\)?(?:{_GAP}|(?<=\))){{1,2}}[2-9]\d{{2}}{_GAP}\d{{4}}(?:,?\s*(?:ext|x|poste|p)\.?\s*\d{{1,6}})?{_END})",
    ),
    _form("phone", rf"(?P<it>(?<![\w+.,$\-])(?:\+?1)?[2-9]\d{{2}}[2-9]\d{{6}}{_END})"),
    _form("phone", rf"(?P<it>(?<!\w)\+(?:\d{_S}){{7,14}}\d{_END})"),
    _said(
        "phone",
        r"(?:tele)?phone|tel|tél(?:éphone)?|cell(?:ulaire|phone)?|mobile|fax|call me(?: at| on)?|call us at|appelez[- ]moi(?: au)?|rejoindre au|texto au",
        rf"(?:\(?\d{{3}}\)?{_S}{_S})?\d{{3}}{_S}\d{{4}}",
    ),
    _form("social_insurance", rf"(?P<it>(?<![\w.,$\-])\d{{3}}{_S}\d{{3}}{_S}\d{{3}}{_END}(?![.,\-]\d))", social_insurance),
    _form("ip", r"(?P<it>(?<![\w.])(?<!section )(?<!sections )(?<!clause )(?<!article )(?<!paragraphe )(?<!version )\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d))", ip_4),
    _form("ip", r"(?P<it>(?<![\w:])(?=[0-9a-f]{0,4}:)[0-9a-f:.]{4,45}+(?<!:)(?![\w:]))", ip_6),
    _form("postal_code", r"(?P<it>\b[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ \u00a0\u202f\-]?\d[ABCEGHJ-NPRSTV-Z]\d\b)"),
    _form(
        "address",
        rf"(?P<it>(?<![\w$.\-])(?:\d{{1,4}}-)?\d{{1,6}}[a-z]?,?[ \u00a0]+(?:{_NAME}[ \u00a0]+){{1,3}}?{_STREET}\b\.?{_DIRECTION}{_UNIT})",
    ),
    _form("address", rf"(?P<it>(?<![\w$.\-])(?:\d{{1,4}}-)?\d{{1,6}}[A-Za-z]?,?\s+(?:[A-Z][\w'’.\-]{{1,40}}+\s+){{1,3}}?{_WAY}\b{_DIRECTION})", exact=True),
    _form(
        "address",
        rf"(?P<it>(?<![\w$.\-])(?:\d{{1,4}}-)?\d{{1,6}}[a-z]?,?\s+{_RUE}\s+(?:(?:de|du|des|de la|la|le|les|saint|sainte|st|ste)[ \-]|d['’]|l['’]){{0,4}}[\w'’.\-]{{1,60}}+{_DIRECTION}{_UNIT})",
    ),
    _form("address", r"(?P<it>\b(?:P\.? ?O\.? ?Box|C\. ?P\.|case postale|boîte postale|B\. ?P\.|R\.?R\.? ?#?)\s*\d{1,6}\b)"),
)  # fmt: skip
