"""Mask identity information. The input is normalised (see formats).

A mask shows at most half of a name, or the whole of a compound surname.
"""

import re
from ipaddress import IPv6Address, ip_address

from accounts.identity.formats import DocumentKind, Field
from accounts.identity.names import DOT, HAN

_COMPOUND = (
    "欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 萬俟 闻人 聞人 夏侯 诸葛 諸葛 尉迟 "
    "尉遲 公羊 赫连 赫連 澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离 鍾離 鐘離 "
    "长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 閭丘 子车 子車 亓官 司寇 巫马 巫馬 公西 颛孙 顓孫 壤驷 壤駟 公良 "
    "漆雕 乐正 樂正 宰父 谷梁 穀梁 拓跋 夹谷 夾谷 轩辕 軒轅 令狐 段干 百里 呼延 东郭 東郭 南门 南門 羊舌 微生 "
    "公户 公戶 梁丘 左丘 东门 東門 西门 西門 南荣 南榮 第五 纳兰 納蘭 完颜 完顏 叶赫 葉赫 爱新觉罗 愛新覺羅 那拉 "
    "呼衍 贺兰 賀蘭 耶律 哥舒 达奚 達奚 屠岸 即墨"
)
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
ORGANISATION_STARS = 6


def mask(field: str, value: str, document_kind: str = "") -> str:
    match Field(field):
        case Field.NAME if document_kind == DocumentKind.CREDIT_CODE:
            return _organisation(value)
        case Field.NAME:
            return _person(value)
        case Field.DOCUMENT if document_kind == DocumentKind.RESIDENT:
            return _between(value, 3, 4)
        case Field.DOCUMENT:
            kept = 2 if len(value) >= 8 else 1
            return _between(value, kept, kept)
        case Field.MOBILE:
            return _between(value.removeprefix("+86"), 3, 4)
        case Field.EMAIL:
            return _email(value)
        case Field.BORN:
            return f"{value[:4]}-**-**"


def _between(value: str, first: int, last: int) -> str:
    return value[:first] + "*" * (len(value) - first - last) + value[-last:]


def _person(name: str) -> str:
    if DOT in name:
        return name[0] + re.sub(f"[^{DOT}]", "*", name[1:])
    if re.match(f"[{HAN}]", name):
        kept = next((n for n in (4, 2) if name[:n] in COMPOUND_SURNAMES and len(name) > n), 1)
        return name[:kept] + "*" * (len(name) - kept)
    return " ".join(word[:1] + "*" * (len(word) - 1) if len(word) > 1 else "*" for word in name.split(" "))


def _organisation(name: str) -> str:
    kept = min(2, len(name) // 2)
    return name[:kept] + "*" * min(len(name) - kept, ORGANISATION_STARS)


def _email(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    shown = f"{local[0]}***@{domain}" if len(local) > 1 else f"*@{domain}"
    # An address may contain asterisks: the mask of “a***” would equal the address.
    return shown if shown != address else f"***@{domain}"


def mask_address(address: str) -> str:
    """Return the network part of an IP address, without the part that identifies a line."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "*" if address else ""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return f"{int(ip) >> 112:x}:{int(ip) >> 96 & 0xFFFF:x}:*"
        ip = ip.ipv4_mapped
    first, second, *_rest = str(ip).split(".")
    return f"{first}.{second}.*.*"
