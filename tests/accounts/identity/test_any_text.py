"""Whatever is typed, pasted or sent has a form that lasts, or is refused without a word of it."""

import string
from datetime import date

from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.identity.formats import BadValue, normalise
from tests.accounts.identity.test_formats import FORMS, SENTENCES, resident

NOISE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=string.digits + "Xx+-＋　١①\x00\ud800\u202e", max_size=24),
    st.text(alphabet="张欧阳\U00020bb7·•Aé'-. \u200b(&3）", max_size=12),
    st.text(alphabet='az@.例"\\\x01', max_size=16),
    st.text(alphabet=st.characters(categories=["Cs", "Co", "Cn", "Cf"]), min_size=1, max_size=8),
    st.dates().map(str),
    st.from_regex(r"[0-9]{15}([0-9]{2}[0-9Xx])?", fullmatch=True),
    st.from_regex(r"(\+86|0086)? ?1[3-9][0-9]{9}", fullmatch=True),
    st.dates(date(1890, 1, 1)).map(lambda born: resident(born.strftime("%Y%m%d").zfill(8))),
    st.emails(),
)


@given(form=st.sampled_from(FORMS), value=NOISE)
@example(form=("email", ""), value="a@ß.com")
@example(form=("name", ""), value="ﬁ İ")
def test_any_text_has_a_lasting_form_or_a_sentence_that_does_not_depend_on_it(
    form: tuple[str, str], value: str
) -> None:
    field, kind = form
    with translation.override("en"):
        try:
            normal = normalise(field, value, kind)
        except BadValue as error:
            assert str(error) in SENTENCES
            assert error.__context__ is None
        else:
            assert normalise(field, normal, kind) == normal
            normal.encode()
            assert normal.isprintable()


@given(form=st.sampled_from(FORMS), value=st.text(alphabet="七柒7♥", min_size=2, max_size=30))
def test_a_refusal_never_repeats_the_value(form: tuple[str, str], value: str) -> None:
    try:
        normalise(form[0], value, form[1])
    except BadValue as error:
        assert value not in str(error)
        assert value not in repr(error)
