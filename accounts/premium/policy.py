"""Premium numbers 靓号: the patterns of digits and their tiers, as data.

Migration 0006 has the SQL function that `function_sql` makes from this table; every query for a tier calls it. A change
of the table needs a new migration and, for numbers that no one holds, `manage.py ranges recompute`. This module imports
no other module of the project.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FUNCTION = "accounts_tier"
NEVER_PUBLIC = 4  # this tier is never public; numbers are premium from lifecycle.PREMIUM_FROM_TIER on


@dataclass(frozen=True)
class Pattern:
    """A pattern of digits. `holds` is SQL over `s`, the digits, and `r`, the digits reversed.

    `fits` and `misses` are examples of numbers that do and do not match.
    """

    code: str
    label: Promise
    tier: int
    holds: str
    fits: tuple[int, ...]
    misses: tuple[int, ...]


def tail(shape: str) -> str:
    """Return SQL: the last digits repeat like the letters of the shape. tail("AABB") matches …1122, and …1111."""
    last = shape[::-1]
    same = [
        f"substr(r, {at + 1}, 1) = substr(r, {last.index(x) + 1}, 1)" for at, x in enumerate(last) if last.index(x) < at
    ]
    return f"length(s) >= {len(shape)} AND {' AND '.join(same)}"


def ladder(length: int) -> str:
    """Return SQL: the last digits rise, or fall, by one."""
    return f"(strpos('0123456789', right(s, {length})) > 0 OR strpos('9876543210', right(s, {length})) > 0)"


def ladder_head(length: int) -> str:
    """Return SQL: the first digits rise, or fall, by one."""
    return f"(strpos('0123456789', left(s, {length})) > 0 OR strpos('9876543210', left(s, {length})) > 0)"


def anywhere(run: int) -> str:
    """Return SQL: one digit `run` times in a row, anywhere."""
    return f"s ~ '({'|'.join(str(digit) * run for digit in range(10))})'"


_DAYS = "(0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8])"
_MONTH_DAY = f"({_DAYS}|0229)"
# 29 February exists in leap years only: 2000 was one, 1900 was not.
_LEAP = "(19(0[48]|[13579][26]|[2468][048])|20([02468][048]|[13579][26]))"
_YEAR_MONTH_DAY = f"((19|20)[0-9][0-9]({_DAYS})|{_LEAP}0229)"

# The first match sets the tier, so the highest tiers come first.
PATTERNS = (
    Pattern("length_5", _("five digits"), 4, "length(s) <= 5", (10000, 98765), (100001,)),
    Pattern("all_same", _("one digit throughout"), 4, "s = repeat(left(s, 1), length(s))", (888888, 7777777), (88889,)),
    Pattern("run_6", _("ends in six or more of one digit"), 4, tail("AAAAAA"), (1000000, 345666666), (345566666,)),
    Pattern("ladder_6", _("ends in a ladder of six or more"), 4, ladder(6), (90123456, 1987654), (90123457, 1912345)),
    Pattern("run_8", _("eight or more of one digit in a row"), 4, anywhere(8),
            (66666666017, 8888888801), (66666660017,)),
    Pattern("length_6", _("six digits"), 3, "length(s) = 6", (100001, 284917), (2849170, 28491)),
    Pattern("run_4", _("ends in four or five of one digit"), 3, tail("AAAA"),
            (284917777, 284977777), (284917779, 28491777)),
    Pattern("ladder_4", _("ends in a ladder of four or five"), 3, ladder(4),
            (907041234, 907098765), (907041235, 90704123)),
    Pattern("palindrome", _("the same from either end"), 3, "s = r", (284919482, 90711709), (284919483, 90711708)),
    Pattern("ladder_head", _("begins with a ladder of six or more"), 3, ladder_head(6),
            (1234567017, 987654017), (1234577017,)),
    Pattern("run_5", _("five or more of one digit in a row"), 3, anywhere(5), (888888017, 10000000003), (88880188017,)),
    Pattern("aaabbb", _("ends in AAABBB"), 3, tail("AAABBB"), (907333888, 2844222777), (907334888,)),
    Pattern("abcabc", _("ends in ABCABC"), 3, tail("ABCABC"), (907284284, 5551713713), (907284285,)),
    Pattern("length_7", _("seven digits"), 2, "length(s) = 7", (2849170, 9070413), (28491705,)),
    Pattern("run_3", _("ends in three of one digit"), 2, tail("AAA"), (284917888, 90704666), (284917899,)),
    Pattern("ladder_3", _("ends in a ladder of three"), 2, ladder(3), (284919345, 284919543), (284919346,)),
    Pattern("aabb", _("ends in AABB"), 2, tail("AABB"), (284917733, 90701144), (284917734,)),
    Pattern("abab", _("ends in ABAB"), 2, tail("ABAB"), (284917373, 90702727), (284917374,)),
    Pattern("abba", _("ends in ABBA"), 2, tail("ABBA"), (284913773, 90702882), (284913774,)),
    Pattern("lucky", _("ends in 168, 520 or 1314"), 2, "s ~ '(168|520|1314)$'", (284917168, 907041314), (284917169,)),
    Pattern(
        "date_8", _("ends in a date, YYYYMMDD"), 2, f"s ~ '{_YEAR_MONTH_DAY}$'",
        (2819970518, 19990228, 520240229), (2819970532, 2819970231, 2819990229),
    ),
    Pattern(
        "date_6", _("ends in a date, YYMMDD"), 1, f"s ~ '[0-9][0-9]{_MONTH_DAY}$'", (284970518, 9070409),
        (284970532, 284971331),
    ),
    Pattern("lucky_2", _("ends in 66, 88 or 99"), 1, "s ~ '(66|88|99)$'", (284917366, 284917388), (284917367,)),
    Pattern("year", _("ends in a year, 1900 to 2099"), 1, "s ~ '(19|20)[0-9][0-9]$'",
            (284901975, 90702093), (284902175,)),
)  # fmt: skip


def function_sql() -> str:
    """Return SQL for the function from a number to its tier, 0 … 4.

    It is one expression, for speed: a cursor calls it for every number that it passes.
    """
    cases = "\n".join(f"    WHEN {one.holds} THEN {one.tier}" for one in PATTERNS)
    return f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(n bigint) RETURNS smallint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  s text := n::text;
  r text := reverse(s);
BEGIN
  RETURN CASE
{cases}
    ELSE 0 END;
END
$$;
"""


def reasons_sql() -> str:
    """Return a query for the codes of all patterns that `%(number)s` matches, in order. Pages show them as reasons."""
    held = ", ".join(f"CASE WHEN {one.holds} THEN '{one.code}' END" for one in PATTERNS)
    return (
        f"SELECT array_remove(ARRAY[{held}], NULL) FROM (SELECT d AS s, reverse(d) AS r FROM"
        " (SELECT %(number)s::bigint::text AS d) x) y"
    )
