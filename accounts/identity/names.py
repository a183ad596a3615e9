"""Names of persons and organisations: the characters allowed, and the normal form of variant spellings."""

import re

# Ideographs from the basic block to Extension I, the twelve unified ones among the compatibility ideographs (NFKC has
# replaced the others), and 〇. Explicit ranges, because the Unicode tables of an older Python lack the newest.
HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\ufa0e-\ufa29\U00020000-\U0002ee5d\U00030000-\U000323af"
# Without the four click letters (U+01C0 to U+01C3), which look like | and !.
LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01bf\u01c4-\u024f\u1e00-\u1eff"
DOT = "·"

_FOLDED = str.maketrans(dict.fromkeys("•‧・∙⋅", DOT) | dict.fromkeys("’ʼ", "'") | {"‐": "-"})
_BLANK_BESIDE_HAN = re.compile(rf" (?=[{HAN}{DOT}])|(?<=[{HAN}{DOT}]) ")
_PART = rf"[{HAN}{LATIN}]+"
_JOINT = rf"(?:{DOT}|(?<=[{LATIN}])(?:['\- ]|\.[ -]?)(?=[{LATIN}]))"
_PERSON = re.compile(rf"{_PART}(?:{_JOINT}{_PART})*(?:(?<=[{LATIN}])\.)?")
_ORGANISATION = re.compile(rf"(?=.*[{HAN}{LATIN}])[{HAN}{LATIN}0-9(](?: ?[{HAN}{LATIN}0-9()&{DOT}'\-.])*")
PERSON_LENGTHS = range(2, 51)
ORGANISATION_LENGTHS = range(2, 101)


def normal_name(folded: str, *, organisation: bool) -> str | None:
    """Return the normal form of the name, or None if it is no name. `folded` is in NFKC."""
    name = re.sub(" +", " ", folded.translate(_FOLDED))
    name = _BLANK_BESIDE_HAN.sub("", name)  # “张　三” has a blank only to be as wide as a name of three characters
    shape, lengths = (_ORGANISATION, ORGANISATION_LENGTHS) if organisation else (_PERSON, PERSON_LENGTHS)
    return name if len(name) in lengths and shape.fullmatch(name) else None
