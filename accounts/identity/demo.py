"""Invented people for the demo: valid values, the same for the same k, of no real person."""

from typing import Any

from stdnum.cn import ric

from accounts.identity.formats import DocumentKind

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞"
_REGIONS = ("110101", "310104", "440305", "510107", "330106", "420106")


def person(k: int) -> dict[str, Any]:
    """Return items in normal form. Every 40th person is a minor, every 10th has no e-mail, every 25th no document."""
    year = 2012 if k % 40 == 0 else 1950 + k % 50
    birth = f"{year}{1 + k % 12:02d}{1 + k % 28:02d}"
    body = f"{_REGIONS[k % 6]}{birth}{k % 1000:03d}"
    found = {
        "name": _SURNAMES[k % 20] + _GIVEN[k // 20 % 20] + (_GIVEN[k // 400 % 20] if k % 3 else ""),
        "mobile": f"+861{3 + k % 7}{(k * 7_368_787) % 10**9:09d}",
    }
    if k % 25:
        found["document"] = body + ric.calc_check_digit(body + "0")
    if k % 10:
        found["email"] = f"u{k}@example.com"
    return {"values": found, "document_kind": DocumentKind.RESIDENT.value if k % 25 else ""}
