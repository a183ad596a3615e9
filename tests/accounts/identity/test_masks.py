"""What is shown of identity information to those who did not reveal it."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from accounts.identity.formats import BadValue, normalise
from accounts.identity.masks import COMPOUND_SURNAMES, mask, mask_address


@pytest.mark.parametrize(
    ("field", "value", "kind", "shown"),
    [
        ("mobile", "+8613812345678", "", "138****5678"),
        ("document", "110101199003071233", "resident", "110***********1233"),
        ("document", "11010519491231002X", "resident", "110***********002X"),
        ("document", "91110000600037341L", "credit_code", "91**************1L"),
        ("document", "E12345678", "passport", "E1*****78"),
        ("document", "A1234567", "passport", "A1****67"),
        ("document", "A123456", "passport", "A*****6"),
        ("document", "A1234", "passport", "A***4"),
        ("name", "张三", "resident", "张*"),
        ("name", "张三丰", "resident", "张**"),
        ("name", "欧阳", "resident", "欧*"),
        ("name", "欧阳锋", "resident", "欧阳*"),
        ("name", "諸葛孔明", "resident", "諸葛**"),
        ("name", "欧阳·锋", "resident", "欧*·*"),
        ("name", "爱新觉罗某", "resident", "爱新觉罗*"),
        ("name", "\U00020bb7野", "resident", "\U00020bb7*"),
        ("name", "\U00020bb7\U00020bb7\U00020bb7", "resident", "\U00020bb7**"),
        ("name", "买买提·吐尔逊", "resident", "买**·***"),
        ("name", "John Smith", "passport", "J*** S****"),
        ("name", "O'Neil-Smith", "passport", "O***********"),
        ("name", "J R Tolkien", "passport", "* * T******"),
        ("name", "Anna·Smith", "passport", "A***·*****"),
        ("name", "百度", "credit_code", "百*"),
        ("name", "某公司", "credit_code", "某**"),
        ("name", "第七号公司", "credit_code", "第七***"),
        ("name", "第七(北京)号仓储有限公司", "credit_code", "第七******"),
        ("email", "zhang@qq.com", "", "z***@qq.com"),
        ("email", "zh@qq.com", "", "z***@qq.com"),
        ("email", "z@qq.com", "", "*@qq.com"),
        ("email", "z***@qq.com", "", "***@qq.com"),
        ("email", "*@qq.com", "", "***@qq.com"),
        ("email", "***@qq.com", "", "****@qq.com"),
        ("born", "2013-02-28", "", "2013-**-**"),
    ],
)
def test_a_mask_shows_so_much(field: str, value: str, kind: str, shown: str) -> None:
    assert normalise(field, value, kind) == value
    assert mask(field, value, kind) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("1.2.3.4", "1.2.*.*"),
        ("2001:db8:1:2::3", "2001:db8:*"),
        ("::1", "0:0:*"),
        ("fe80::1%eth0", "fe80:0:*"),
        ("::ffff:1.2.3.4", "1.2.*.*"),
        ("", ""),
        ("somewhere", "*"),
    ],
)
def test_an_address_is_shown_by_its_network(address: str, shown: str) -> None:
    assert mask_address(address) == shown


def normal(field: str, value: str, kind: str) -> str:
    try:
        return normalise(field, value, kind)
    except BadValue:
        assume(False)
        raise


NAMES = st.text(alphabet="张三欧阳司马\U00020bb7·Abcé'-. ", min_size=2, max_size=12)


@given(value=NAMES, kind=st.sampled_from(["resident", "passport", "credit_code"]))
@example(value="A B", kind="passport")
@example(value="A.", kind="passport")
@example(value="A·B", kind="passport")
def test_of_a_name_at_most_half_is_shown_but_for_compound_surnames(value: str, kind: str) -> None:
    name = normal("name", value, kind)
    shown = mask("name", name, kind)
    assert shown != name
    seen = [sign for sign in shown if sign not in "*· "]
    assert len(seen) <= len(name) / 2 or (kind != "credit_code" and name[:2] in COMPOUND_SURNAMES and len(seen) == 2)


@given(
    value=st.one_of(st.emails(), st.text(alphabet="*az", min_size=1, max_size=6).map(lambda local: local + "@qq.com"))
)
def test_of_an_address_to_write_to_one_character_is_shown(value: str) -> None:
    address = normal("email", value, "")
    shown = mask("email", address)
    assert shown != address
    local, _at, domain = shown.rpartition("@")
    assert (domain, len(local.rstrip("*")) <= 1) == (address.rpartition("@")[2], True)


@given(value=st.from_regex(r"[A-Z0-9]{5,17}", fullmatch=True))
def test_of_a_passport_at_most_half_is_shown(value: str) -> None:
    shown = mask("document", value, "passport")
    assert len(shown) == len(value)
    assert shown.count("*") * 2 >= len(value)


@given(value=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_of_a_mobile_number_seven_digits_are_shown(value: str) -> None:
    assert mask("mobile", normal("mobile", value, "")) == f"{value[:3]}****{value[7:]}"
