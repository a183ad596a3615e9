"""The link to a first password: good once, for a while, with the code that goes with it."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client

from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.access.services import request_reset, welcome_link
from qqops.staff.models import Staff, StaffSession
from qqops.staff.people import services as people
from qqops.staff.people.services import reset_password
from qqops.staff.tokens import services as tokens
from tests.cast import PASSWORD
from tests.enforcement.acts import broken
from tests.enforcement.runs.test_races import together
from tests.hunt.languages import strays
from tests.qqops.staff.acts import WHY, agree, codes, in_time, let_in, now_of
from tests.qqops.staff.signin.steps import head, inside, sign_in, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
HOUR = datetime.timedelta(hours=1)
NEW = "a long enough Pass 9"


@pytest.fixture
def link(sysadmin: Staff, supervisor: Staff) -> str:
    return let_in("newcomer", "agent", sysadmin, supervisor)[1]


def use(link: str, password: str = NEW, client: Client | None = None) -> Any:
    client = client or Client()
    client.cookies["django_language"] = "en"
    return client.post(link, {"code": codes.get(link, ""), "new_password1": password, "new_password2": password})


def dead(answer: Any) -> bool:
    return answer.status_code == 404 and "This link is no good any more" in answer.content.decode()


def test_a_link_sets_a_first_password_once(link: str) -> None:
    since = head()
    assert not sign_in(Client(), "newcomer", "").has_header("Location")
    assert Client().get(link).status_code == 200
    assert use(link, "short").status_code == 200 and use(link, "123456789012").status_code == 200
    assert use(link)["Location"] == "/account/login/"
    assert told(since)[-1] == ("staff.password_reset", "newcomer", "newcomer", {"login": "newcomer"})
    assert dead(use(link, "yet another Pass 7")) and Client().get(link).status_code == 404
    client = Client()
    assert sign_in(client, "newcomer", NEW).status_code == 302 and inside(client)
    assert broken() == []


def test_a_newcomer_is_told_in_chinese_what_a_password_must_be_as_the_house_speaks(link: str) -> None:
    client = Client()
    client.cookies["django_language"] = "zh-hans"
    for answer in (client.get(link), client.post(link, {"new_password1": "short", "new_password2": "short"})):
        page = answer.content.decode()
        assert "密码至少须有 12 个字符。" in page and "密码不能与您的其他个人信息太相似。" in page
        assert strays(page, "zh-hans", ["newcomer"]) == set()


def test_a_link_dies(link: str, sysadmin: Staff, supervisor: Staff) -> None:
    newcomer = people.named("newcomer")
    with in_time(72 * HOUR - datetime.timedelta(minutes=1)):
        assert Client().get(link).status_code == 200
    with in_time(72 * HOUR + datetime.timedelta(minutes=1)):
        assert dead(use(link))
    again = agree(request_reset(newcomer, actor=sysadmin, reason=WHY), supervisor).link
    assert dead(use(link)) and Client().get(again).status_code == 200
    people.deactivate(newcomer, actor=sysadmin, reason="does not come after all")
    assert dead(use(again)) and not people.named("newcomer").has_usable_password()
    back = agree(access.invite("newcomer", "agent", name="", actor=sysadmin, reason=WHY), supervisor).link
    assert dead(use(again)) and use(back).status_code == 302


def test_a_link_of_somebody_without_a_role_or_of_nobody_is_as_dead(link: str, sysadmin: Staff, outsider: Staff) -> None:
    texts = set()
    _empty, _account, _welcome, uid, token, _end = link.split("/")
    wrong = (f"/account/welcome/{uid}/{token[:-1]}{'x' if token[-1] != 'x' else 'y'}/", "/account/welcome/MQ/a-b/",
             "/account/welcome/_/x/", "/account/welcome/AA/x/", f"/account/welcome/OTk5OTk5OTk5OTk5OTk5OTk5/{token}/",
             welcome_link(outsider), welcome_link(Staff.objects.system("system-setup")))  # fmt: skip
    for path in wrong:
        answer = use(path)
        assert dead(answer), path
        texts.add(answer.content)
    access.revoke(people.named("newcomer"), "agent", actor=sysadmin, reason="does not come after all")
    assert dead(use(link))
    assert len({text[: text.index(b"csrfmiddlewaretoken")] if b"csrfmiddlewaretoken" in text else text
                for text in texts}) == 1  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_link_used_twice_at_once_is_used_once(link: str) -> None:
    found = together(*[lambda n=n: use(link, f"a long enough Pass {n}") for n in range(4)])
    assert sorted(answer.status_code for answer in found) == [302, 404, 404, 404]
    assert Event.objects.filter(verb="staff.password_reset").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_used_while_its_person_is_shut_out_lets_nobody_in(
    link: str, sysadmin: Staff, supervisor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qqops.staff.signin.views import WelcomeView

    newcomer = people.named("newcomer")
    valid = WelcomeView.form_valid

    def late(self: Any, form: Any) -> Any:
        agree(request_reset(newcomer, actor=sysadmin, reason=WHY), supervisor)
        return valid(self, form)

    monkeypatch.setattr(WelcomeView, "form_valid", late)
    assert dead(use(link))
    assert not people.named("newcomer").has_usable_password()


def test_a_password_changed_while_its_person_is_shut_out_stays_shut(officer: Staff, sysadmin: Staff) -> None:
    stale = Staff.objects.get(pk=officer.pk)
    people.deactivate(officer, actor=sysadmin, reason="has left the house")
    with pytest.raises(Invalid, match="changed meanwhile"):
        reset_password(stale, NEW, actor=stale, reason="")
    assert not Staff.objects.get(pk=officer.pk).has_usable_password()


def test_a_new_way_in_takes_every_old_one(
    officer: Staff, sysadmin: Staff, supervisor: Staff, token: Callable[[Staff], str]
) -> None:
    from allauth.mfa.models import Authenticator

    from tests.qqops.staff.signin.steps import app_of

    secret = token(officer)
    client = Client()
    sign_in(client, "officer")
    app_of(officer)
    link = agree(request_reset(officer, actor=sysadmin, reason=WHY), supervisor).link
    assert not Authenticator.objects.filter(user=officer).exists() and not StaffSession.objects.exists()
    with pytest.raises(Refused):
        tokens.bearer(secret, "officer")
    assert not sign_in(Client(), "officer", PASSWORD).has_header("Location")
    assert use(link).status_code == 302 and now_of(officer).roles == {"officer"}
    assert not default_token_generator.check_token(people.named("officer"), link.split("/")[-2])
