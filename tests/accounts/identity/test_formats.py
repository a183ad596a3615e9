"""Each piece of identity information has one form; what has none is refused by a sentence without the value."""

import pytest
from django.utils import translation

from accounts.identity.formats import BadValue, DocumentKind, Field, normalise

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

ORGANISATION = "An organisation's name has 2 to 100 characters: Chinese characters, Latin letters, digits, ( ) and &."
PERSON = "A name has 2 to 50 characters: Chinese characters or Latin letters, with · or one space between parts."
PASSPORT = "A passport number has 5 to 17 letters and digits."
CREDIT_CODE = "A unified social credit code has 18 digits and capital letters, without I, O, S, V, Z."
CREDIT_CHECK = "The check character of the unified social credit code is wrong."
KIND = "Choose the kind of document."
OLD = "Resident ID numbers of 15 digits are no longer valid: enter the one of 18 characters."
RESIDENT = "A resident ID number has 17 digits and, last, a digit or X."
CHECK = "The check character of the resident ID number is wrong."
REGION = "The resident ID number begins with a code of no region."
DEVICE = "Numbers of 13 digits are those of devices: enter a person's mobile number."
ABROAD = "Only mobile numbers of mainland China (+86) are taken."
MOBILE = "A mobile number has 11 digits and begins with 13 to 19."
EMAIL = "This is not an e-mail address."
ISO = "A date of birth is written as year-month-day, as in 2001-02-03."
NO_DATE = "There is no such date of birth."
FUTURE = "The date of birth is in the future."
TOO_OLD = "The date of birth is more than 130 years ago."
LONG = "The value is too long."
SENTENCES = {
    ORGANISATION, PERSON, PASSPORT, CREDIT_CODE, CREDIT_CHECK, KIND, OLD, RESIDENT, CHECK, REGION, DEVICE, ABROAD,
    MOBILE, EMAIL, ISO, NO_DATE, FUTURE, TOO_OLD, LONG,
}  # fmt: skip

FORMS = [(field, kind) for field in Field for kind in ("", *DocumentKind)]


def resident(born: str, region: str = "110101", serial: str = "123") -> str:
    body = region + born + serial
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    return body + "10X98765432"[total % 11]


def refusal(field: str, value: str, kind: str = "") -> str:
    with translation.override("en"), pytest.raises(BadValue) as caught:
        normalise(field, value, kind)
    assert caught.value.__context__ is None, "what another library says of a value has the value in it"
    return str(caught.value)


GOOD = [
    ("name", "张三", "", "张三"),
    ("name", " 张　三 ", "", "张三"),
    ("name", "欧阳锋", "", "欧阳锋"),
    ("name", "\U00020bb7野家", "", "\U00020bb7野家"),
    ("name", "\U00030edd某", "", "\U00030edd某"),
    ("name", "〇某", "", "〇某"),
    ("name", "\uf9b5某", "", "例某"),
    ("name", "\ufa11某", "", "\ufa11某"),
    ("name", "买买提·吐尔逊", "", "买买提·吐尔逊"),
    ("name", "买买提•吐尔逊", "", "买买提·吐尔逊"),
    ("name", "买买提‧吐尔逊", "", "买买提·吐尔逊"),
    ("name", "买买提・吐尔逊", "", "买买提·吐尔逊"),
    ("name", "买买提･吐尔逊", "", "买买提·吐尔逊"),
    ("name", "买买提 · 吐尔逊", "", "买买提·吐尔逊"),
    ("name", "John   Smith", "", "John Smith"),
    ("name", "Ｊｏｈｎ　Ｓｍｉｔｈ", "", "John Smith"),
    ("name", "Sinéad O’Connor-Łęcka Jr.", "", "Sinéad O'Connor-Łęcka Jr."),
    ("name", "J. R. R. Tolkien", "", "J. R. R. Tolkien"),
    ("name", "J.-P. Sartre", "", "J.-P. Sartre"),
    ("name", "某" * 50, "", "某" * 50),
    ("name", "第七（北京）号仓储有限公司", "credit_code", "第七(北京)号仓储有限公司"),
    ("name", "3M & Söhne 101", "credit_code", "3M & Söhne 101"),
    ("name", "某" * 100, "credit_code", "某" * 100),
    ("document", "11010519491231002X", "resident", "11010519491231002X"),
    ("document", "11010519491231002x", "resident", "11010519491231002X"),
    ("document", "１１０１０５－１９４９１２３１　００２Ｘ", "resident", "11010519491231002X"),
    ("document", "110101199003071233", "resident", "110101199003071233"),
    ("document", resident("20000229"), "resident", resident("20000229")),
    ("document", resident("19900307", region="119999"), "resident", resident("19900307", region="119999")),
    *[
        ("document", resident("19900307", region=region), "resident", resident("19900307", region=region))
        for region in ("810000", "820000", "830000", "911124", "710000", "659004")
    ],
    ("document", "e1234-5678", "passport", "E12345678"),
    ("document", "a 1234", "passport", "A1234"),
    ("document", "9" * 17, "passport", "9" * 17),
    ("document", "91110000600037341l", "credit_code", "91110000600037341L"),
    ("document", "9111 0000 6000 3734 1L", "credit_code", "91110000600037341L"),
    ("mobile", "13812345678", "", "+8613812345678"),
    ("mobile", "+86 138-1234-5678", "", "+8613812345678"),
    ("mobile", "0086 13812345678", "", "+8613812345678"),
    ("mobile", "＋８６１９９１２３４５６７８", "", "+8619912345678"),
    ("mobile", "16212345678", "", "+8616212345678"),
    ("email", "Zhang.San@QQ.COM", "", "Zhang.San@qq.com"),
    ("email", "zhang＠qq.com", "", "zhang@qq.com"),
    ("email", "z@例子.中国", "", "z@xn--fsqu00a.xn--fiqs8s"),
    ("born", "2013-02-28", "", "2013-02-28"),
    ("born", "２００４-02-29 ", "", "2004-02-29"),
]


@pytest.mark.parametrize(("field", "value", "kind", "normal"), GOOD)
def test_a_value_has_one_form_and_keeps_it(field: str, value: str, kind: str, normal: str) -> None:
    assert normalise(field, value, kind) == normal
    assert normalise(field, normal, kind) == normal


BAD = [
    *[("name", value, "", PERSON) for value in (
        "", " ", "张", "张3", "张①", "张三😀", "张\u202e三", "张\u200b三", "张\x00三", "张\n三", "张\ud800三", "张-三",
        "张.三", "·张三", "张三·", "张··三", "John-", "John--Smith", "-John", "O ' Neil", "A\u01c3B", "Иван", "김철수",
        "John-张", "たろう", "张三（男）", "某" * 51, "\ue000某", "张\ufe00三", "Jo\u0338hn",
    )],
    *[("name", value, "credit_code", ORGANISATION) for value in (
        "某", "某" * 101, "123", "()", "某😀公司", "某\n公司",
    )],
    ("document", "110101199003071234", "resident", CHECK),
    ("document", "11010519900230001X", "resident", NO_DATE),
    ("document", "440524188001010014", "resident", TOO_OLD),
    ("document", "110105491231002", "resident", OLD),
    *[("document", value, "resident", RESIDENT) for value in (
        "", "1101051949123100", "11010519491231002Y", "X1010519491231002X", "11010519491231002Х",
        "١١٠١٠١١٩٩٠٠٣٠٧١٢٣٣", "11010519491231002\x00", "1101011990030712330", "11010519491231002\ud800",
    )],
    ("document", resident("19900307", region="000000"), "resident", REGION),
    ("document", resident("19900307", region="840000"), "resident", REGION),
    ("document", resident("00000307"), "resident", NO_DATE),
    ("document", resident("19901301"), "resident", NO_DATE),
    ("document", resident("19000229"), "resident", NO_DATE),
    *[("document", value, "passport", PASSPORT) for value in (
        "", "E123", "9" * 18, "E1234_678", "ß12345", "护照12345",
    )],
    *[("document", value, "credit_code", CREDIT_CODE) for value in (
        "", "9111000060003734", "9I110000600037341L", "91110000600037341O", "9111000O600037341L",
    )],
    ("document", "91110000600037342L", "credit_code", CREDIT_CHECK),
    ("document", "110101199003071233", "", KIND),
    ("document", "110101199003071233", "licence", KIND),
    ("mobile", "1064812345678", "", DEVICE),
    ("mobile", "+86 1064812345678", "", DEVICE),
    *[("mobile", value, "", ABROAD) for value in ("+12125551234", "+852 6123 4567", "0044 7700 900123", "+", "00")],
    *[("mobile", value, "", MOBILE) for value in (
        "", "12812345678", "1381234567", "138123456789", "8613812345678", "١٣٨١٢٣٤٥٦٧٨", "138a2345678", "010-12345678",
        "+86", "+86+8613812345678", "13812345678\x00", "1381234567\ud800",
    )],
    *[("email", value, "", EMAIL) for value in (
        "", "zhang", "@qq.com", "zhang@", "a b@qq.com", "张@qq.com", '"a b"@qq.com', '"\x01"@qq.com', "a@qq..com",
        "a@-qq.com", "a@\ud800.com", "a\x00@qq.com", "a@qq.com\x00", f"a@{'某' * 64}.com", "a@qq.com\n,b@qq.com",
    )],
    *[("born", value, "", ISO) for value in (
        "", "20130102", "2013-1-2", "2013/01/02", "2013-W01-1", "01-02-2013", "٢٠١٣-٠١-٠٢", "2013-01-02T00:00",
    )],
    *[("born", value, "", NO_DATE) for value in ("2013-02-29", "1900-02-29", "2013-13-01", "0000-01-01", "2013-00-10")],
    ("born", "9999-12-31", "", FUTURE),
    ("born", "1880-01-01", "", TOO_OLD),
    *[(field, "1" * 10_000, kind, LONG) for field, kind in FORMS],
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "kind", "sentence"), BAD)
def test_what_has_no_form_is_refused_by_its_sentence(field: str, value: str, kind: str, sentence: str) -> None:
    assert refusal(field, value, kind) == sentence


def test_every_sentence_is_told_by_an_example() -> None:
    assert {sentence for *_value, sentence in BAD} == SENTENCES


@pytest.mark.parametrize("region", ["A1", "N2", "Y1"])
def test_codes_of_villages_and_the_army_begin_with_a_letter(region: str) -> None:
    alphabet, weights = "0123456789ABCDEFGHJKLMNPQRTUWXY", [pow(3, n, 31) for n in range(17)]
    body = f"{region}44030067890123X"
    total = sum(weight * alphabet.index(sign) for weight, sign in zip(weights, body, strict=True))
    code = body + alphabet[-total % 31]
    assert normalise("document", code, "credit_code") == code
