"""A batch through the web door: a list is taken in, looked over, filed; approvers see it; its run and its report."""

import hashlib
import html
import io
import sys

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from enforcement import tasks
from enforcement.cases.pages import acts as case_acts
from enforcement.cases.policy import CaseKind
from enforcement.cases.services import close
from enforcement.lists import figures
from enforcement.lists import services as lists
from enforcement.models import Decision, TargetList
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.staff.models import SavedFilter, Staff
from qqops.staff.saved_filters.services import save_filter
from tests.accounts.numbers.test_lists import xlsx
from tests.enforcement.acts import DAY, broken, decide, head, verbs
from tests.enforcement.acts import approve as agree
from tests.enforcement.cases.opening import opened
from tests.identities import MINOR, tell
from tests.pages import FREEZE, confirm, decision_url, preview, queries, rule, ruling_url, text, told
from tests.qqops.staff.people.acting import forget_proof

BATCH = "/admin/batch/"


def take_in(browser, numbers=None, *, kind="freeze", query="", **sent):
    if numbers is not None:
        sent["pasted"] = "\n".join(map(str, numbers))
    return browser.post(BATCH + query, {"kind": kind, "pasted": ""} | sent)


def file_of(content, name="list.csv"):
    return SimpleUploadedFile(name, content)


def test_a_file_becomes_a_dry_run_with_every_figure_and_then_a_decision_that_names_it(
    desk, numbers, number, officer, setup_actor
):
    usual, paid, premium, vip = numbers(5), numbers(2, paid=True), numbers(1, tier=2), numbers(1, protection="vip")
    minor = number()
    tell(minor, setup_actor, **MINOR)
    frozen = numbers(1)
    decide(Kind.FREEZE, frozen, officer)
    ids = [*usual, *paid, *premium, *vip, minor.pk, *frozen]
    content = ("number,note\n" + "".join(f"{n},x\n" for n in [*ids, ids[0], 77777])).encode()
    browser, before = desk("officer"), head()
    taken = take_in(browser, file=file_of(content))
    url = taken["Location"]
    listed = TargetList.objects.get()
    assert url == f"{reverse('admin:act', args=['freeze'])}?list={listed.pk}"
    assert browser.get(url).status_code == 200 and "Freeze: 12 numbers" in text(browser.get(url))
    shown = preview(browser, url, FREEZE)
    for figure in (
        "will be changed 10", "skipped: already so 1", "unknown 77777", "premium 1", "protected 1", "paid 2",
        "numbers given 13", "duplicates 1", "5 digits: 1; 8 digits: 11", "minors 1", "list CSV",
        hashlib.sha256(content).hexdigest(),
    ):  # fmt: skip
        assert figure in text(shown), figure
    assert f'href="{reverse("admin:accounts_number_change", args=[usual[0]])}"' in shown.content.decode()
    done = confirm(browser, url, FREEZE, shown.context["token"])
    decision = Decision.objects.latest("pk")
    assert done["Location"] == decision_url(decision)
    assert (decision.source_name, decision.source_sha256) == ("CSV", hashlib.sha256(content).hexdigest())
    assert (decision.target_count, decision.rule) == (11, "protected")
    assert verbs(before) == ["list.taken_in", "decision.proposed"] and broken() == []


def test_a_click_that_only_confirms_opens_nobodys_date_of_birth_and_the_figure_seen_is_kept(
    desk, numbers, number, setup_actor
):
    minor = number()
    tell(minor, setup_actor, **MINOR)
    browser = desk("officer")
    url = take_in(browser, [minor.pk, *numbers(102)])["Location"]
    with queries() as asked:
        shown = preview(browser, url, FREEZE)
    assert "minors 1" in text(shown) and [sql for sql in asked if "accounts_identity" in sql]
    with queries() as asked:
        confirm(browser, url, FREEZE, shown.context["token"])
    assert not [sql for sql in asked if "accounts_identity" in sql]
    filed = figures.as_filed(Decision.objects.get())
    assert filed is not None and filed.minors == 1


def test_of_a_list_too_long_the_page_says_that_losses_are_not_counted_and_where_the_rest_lies(
    desk, numbers, supervisor, monkeypatch
):
    module = sys.modules["enforcement.decisions.preview"]  # the package has the act of that name
    monkeypatch.setattr(module, "COUNTED_MAX", 2)
    browser = desk("officer")
    url = take_in(browser, numbers(101))["Location"]
    shown = preview(browser, url, FREEZE)
    confirm(browser, url, FREEZE, shown.context["token"])
    ruling = desk("supervisor").get(ruling_url(Decision.objects.get()))
    for page in (shown, ruling):
        for part in ("losses not counted: more than 2 numbers", "lie in the services' own systems"):
            assert part in html.unescape(text(page)), part
    lifted = browser.get(f"{reverse('admin:act', args=['lift'])}?number={numbers(1)[0]}")
    assert "What the holders lose" not in text(lifted)  # a reversal takes nothing


def test_a_workbook_and_a_paste_are_lists_too_and_what_is_wrong_with_them_is_named(desk, numbers):
    ids, browser = numbers(2), desk("officer")
    assert take_in(browser, file=file_of(xlsx(["号码"], *([n] for n in ids)), "list.xlsx")).status_code == 302
    assert take_in(browser, ids, kind="restrict")["Location"].startswith("/admin/act/restrict/")
    assert list(TargetList.objects.order_by("pk").values_list("name", "count")) == [
        ("XLSX", 2), ("pasted list", 2),
    ]  # fmt: skip
    before = head()
    for sent, told_of in (
        ({"file": file_of(xlsx(["号码"], ["8.88E+07"], ["=1+1"]), "list.xlsx")}, ("cell A2", "cell A3")),
        ({"pasted": "88880001\n04123\nabc"}, ("line 2", "line 3")),
        ({"pasted": "88880001", "file": file_of(b"88880001")}, ("not both, not neither",)),
        ({}, ("not both, not neither",)),
        ({"file": file_of(b"1" * (5 * 1024 * 1024 + 1))}, ("more than 5 MB",)),
        ({"pasted": "88880001", "kind": "banish"}, ("Press the button of the act",)),
    ):
        answer = take_in(browser, **sent)
        assert answer.status_code == 200 and all(part in text(answer) for part in told_of), (sent, text(answer))
    assert verbs(before) == [] and TargetList.objects.count() == 2


def test_a_list_is_its_takers_and_says_so_when_it_is_forgotten(desk, numbers):
    browser = desk("officer")
    url = take_in(browser, numbers(2))["Location"]
    assert desk("officer2").get(url).status_code == 404 and desk("auditor").get(BATCH).status_code == 403
    for wrong in ("0", "x", "９", "1" * 30, ""):
        assert browser.get(f"/admin/act/freeze/?list={wrong}").status_code == 404
    lists.forget(actor=Staff.objects.system("system-retention"), now=timezone.now() + 3 * DAY)
    gone = browser.get(url)
    assert gone.status_code == 200 and "is forgotten: take it in again" in text(gone) and BATCH in gone.content.decode()
    assert "is forgotten" in text(preview(browser, url, FREEZE)) and not Decision.objects.exists()


def test_what_a_filter_of_the_numbers_list_finds_becomes_a_list(desk, numbers, monkeypatch):
    vips, _others = numbers(3, protection="vip"), numbers(2)
    browser = desk("officer")
    page = browser.get("/admin/accounts/number/?protection=vip").content.decode()
    assert f'href="{BATCH}?protection=vip"' in page
    assert BATCH + "?" not in browser.get("/admin/accounts/number/").content.decode()
    assert BATCH + "?" not in desk("auditor").get("/admin/accounts/number/?protection=vip").content.decode()
    form = browser.get(f"{BATCH}?protection=vip&q=888&other=1")
    assert "All numbers that match" in text(form) and 'type="file"' not in form.content.decode()
    taken = take_in(browser, query="?protection=vip&q=888")
    assert taken.status_code == 302
    listed = TargetList.objects.get()
    assert list(lists.open_list(listed)) == vips and listed.name.startswith("filter: Protection ")
    monkeypatch.setattr(lists, "MATCHED_MAX", 2)
    assert "narrow the filter" in text(take_in(browser, query="?protection=vip"))
    assert "No number matches" in text(take_in(browser, query="?q=777"))
    assert TargetList.objects.count() == 1


def test_a_batch_of_a_saved_filter_says_which_it_was_and_one_chosen_by_hand_does_not(desk, numbers):
    vips, browser = numbers(3, protection="vip"), desk("officer")
    save = reverse("admin:filters", args=["numbers"]) + "?protection=vip"
    desk("officer2").post(save, {"name": "for later", "who": "own"})
    there = browser.post(save, {"name": "Our VIPs", "who": "shared"})["Location"]
    pk, others = (SavedFilter.objects.get(name=name).pk for name in ("Our VIPs", "for later"))
    assert f'href="{BATCH}?protection=vip&amp;saved={pk}"' in browser.get(there).content.decode()
    start = text(browser.get(BATCH))
    assert "or a saved filter of the numbers list Our VIPs" in start and "for later" not in start
    query = f"?protection=vip&saved={pk}"
    assert "Saved filter Our VIPs" in text(browser.get(BATCH + query))
    url = take_in(browser, query=query)["Location"]
    listed = TargetList.objects.get()
    assert list(lists.open_list(listed)) == vips and listed.name.startswith("filter “Our VIPs”: Protection ")
    shown = preview(browser, url, FREEZE)
    assert "filter “Our VIPs”: Protection" in text(shown)
    confirm(browser, url, FREEZE, shown.context["token"])
    decision = Decision.objects.latest("pk")
    assert decision.source_name == listed.name and "filter “Our VIPs”" in text(browser.get(decision_url(decision)))
    assert "Saved filter" not in text(browser.get(BATCH + "?protection=vip"))
    take_in(browser, query="?protection=vip")
    assert TargetList.objects.latest("pk").name.startswith("filter: Protection ")


def test_a_batch_of_a_saved_filter_is_refused_where_it_would_reach_others_than_that_filter(desk, cast, numbers):
    numbers(3, protection="vip")
    browser, before = desk("officer"), head()
    one = save_filter("numbers", "Our VIPs", {"protection": "vip"}, shared=False, actor=cast["officer"])
    gone = save_filter("numbers", "VIPs of 2019", {"protection": "vip", "tier": "golden"}, shared=False,
                       actor=cast["officer"])  # fmt: skip
    others = save_filter("numbers", "theirs", {"protection": "vip"}, shared=False, actor=cast["officer2"])
    for query in (
        f"?protection=vip&tier=golden&saved={gone.pk}",  # what chose the few is no longer there
        f"?tier=golden&saved={gone.pk}", f"?tier=premium&protection=vip&saved={one.pk}", f"?saved={one.pk}",
        f"?protection=vip&saved={others.pk}", "?protection=vip&saved=x", f"?protection=vip&q=888&saved={one.pk}",
    ):  # fmt: skip
        for answer in (browser.get(BATCH + query), take_in(browser, [88880001], query=query)):
            assert answer.status_code == 409 and "Nothing was done: open the filter" in text(answer), query
            assert "<textarea" not in answer.content.decode() and 'name="kind"' not in answer.content.decode()
    assert not TargetList.objects.exists() and verbs(before) == []
    assert take_in(browser, query=f"?protection=vip&saved={one.pk}").status_code == 302


def test_the_numbers_of_a_case_too_many_for_an_address_become_a_batch_that_cites_it(desk, numbers, agent, monkeypatch):
    ids, browser = numbers(5), desk("officer")
    case = opened(CaseKind.CLUSTER, agent, *ids)
    page = reverse("admin:enforcement_case_change", args=[case.pk])
    assert f"{BATCH}?case=" not in browser.get(page).content.decode()  # a few go in the address
    monkeypatch.setattr(case_acts, "PAGE_OF_TARGETS", 4)
    url = f"{BATCH}?case={case.pk}"
    assert f'href="{url}"' in browser.get(page).content.decode()
    form = browser.get(url)
    assert "The numbers of the case" in text(form) and "numbers 5" in text(form) and "Restore" not in text(form)
    assert 'type="file"' not in form.content.decode()
    taken = take_in(browser, query=f"?case={case.pk}")["Location"]
    listed = TargetList.objects.get()
    assert list(lists.open_list(listed)) == ids and listed.name == f"case #{case.pk}"
    assert taken == f"{reverse('admin:act', args=['freeze'])}?case={case.pk}&list={listed.pk}"
    said = FREEZE | {"clauses": ["8.1"]}
    shown = preview(browser, taken, said)
    assert f'href="{page}"' in shown.content.decode() and "Freeze: 5 numbers" in text(shown)
    confirm(browser, taken, said, shown.context["token"])
    decision = Decision.objects.latest("pk")
    assert (decision.case_id, decision.source_name, decision.target_count) == (case.pk, listed.name, 5)
    assert take_in(browser, query=f"?case={case.pk}", kind="restore").status_code == 200  # no act that it leads to
    close(case, "frozen by decision", actor=Staff.objects.get(username="officer"), reason="all is decided")
    for wrong in (str(case.pk), "0", "x", "9" * 30):
        assert browser.get(f"{BATCH}?case={wrong}").status_code == 404
    assert TargetList.objects.count() == 1


def test_without_a_fresh_proof_nothing_is_taken_in_and_what_was_pasted_is_still_there(desk, numbers):
    browser, (one,) = desk("officer"), numbers(1)
    forget_proof(browser)
    assert browser.get(BATCH)["Location"].startswith("/account/proof/?next=")
    answer = take_in(browser, [one])
    assert answer.status_code == 403 and "Give it again in a new tab" in text(answer)
    assert f">\n{one}</textarea>" in answer.content.decode() and not TargetList.objects.exists()


@pytest.fixture
def batch(desk, numbers, settings):
    """A freeze of 103 numbers by a list, filed; chunks of 40."""
    settings.QQOPS_CHUNK = 40
    browser = desk("officer")
    url = take_in(browser, numbers(103))["Location"]
    shown = preview(browser, url, FREEZE)
    confirm(browser, url, FREEZE, shown.context["token"])
    return Decision.objects.latest("pk")


def test_the_approver_sees_the_frozen_list_its_hash_and_the_same_sample(desk, batch):
    page = desk("supervisor").get(ruling_url(batch))
    filed = figures.as_filed(batch)
    assert filed is not None and filed.at is not None
    at = f"As filed at {timezone.localtime(filed.at):%Y-%m-%d %H:%M}"
    for part in (at, "pasted list", batch.source_sha256, "8 digits: 103", "minors 0", "will be changed 103",
                 "numbers given 103", "What the holders lose", "paid for, with no end on file 0"):  # fmt: skip
        assert part in text(page), part
    sample = filed.found.sample
    assert len(sample) == 50 and all(f'href="/admin/accounts/number/{n}/"' in page.content.decode() for n in sample)


def test_a_look_at_the_ruling_page_goes_through_no_list_and_shows_what_was_filed(desk, batch, officer2):
    browser = desk("supervisor")
    changed = list(batch.targets.values_list("number_id", flat=True)[:7])
    decide(Kind.FREEZE, changed, officer2)
    with queries() as asked:
        page = browser.get(ruling_url(batch))
    assert "will be changed 103" in text(page) and "If applied now" not in text(page)
    # The first fifty are shown, and whether one is the reader's own is asked from his short list.
    targets = [sql for sql in asked if "enforcement_target" in sql and "LIMIT 50" not in sql and "LIMIT 1" not in sql]
    assert len(targets) == 1 and targets[0].lstrip().startswith("WITH own")
    assert not [sql for sql in asked if "accounts_identity" in sql or "accounts_loginfact" in sql]


def test_progress_stands_on_the_page_and_in_a_fragment_until_the_run_is_over(desk, batch, monkeypatch):
    officer, url = desk("officer"), reverse("admin:progress", args=[batch.pk])
    assert officer.get(url).status_code == 404  # nobody has agreed to it
    rule(desk("supervisor"), batch)
    page = officer.get(decision_url(batch))
    assert f'data-progress="{url}"' in page.content.decode() and "ops/progress.js" in page.content.decode()
    assert "waiting for the worker" in text(page) and "0 of 103" in text(page)
    plain = apply

    def interrupted(decision, *, actor):
        seen = iter((40,))

        def progress(_n):
            if next(seen, None) is None:
                raise KeyboardInterrupt

        return plain(decision, actor=actor, progress=progress)

    monkeypatch.setattr(tasks, "apply", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tasks.apply_decision(batch.pk)
    monkeypatch.undo()
    now = officer.get(url)
    assert "80 of 103" in text(now) and "running" in text(now) and "data-over" not in now.content.decode()
    assert "<html" not in now.content.decode() and "Refresh" in text(now)
    tasks.apply_decision(batch.pk)
    over = officer.get(url)
    assert "103 of 103" in text(over) and "data-over" in over.content.decode()
    assert "data-progress" not in officer.get(decision_url(batch)).content.decode()
    assert desk("sysadmin").get(url).status_code == 403


def test_the_report_is_taken_by_a_button_as_csv_and_as_a_workbook(desk, batch, supervisor):
    agree(batch, supervisor)
    browser, before = desk("officer"), head()
    urls = {form: reverse("admin:report", args=[batch.pk, form]) for form in ("csv", "xlsx")}
    page = browser.get(decision_url(batch)).content.decode()
    assert all(f'formaction="{url}"' in page for url in urls.values())
    csv = browser.post(urls["csv"])
    lines = b"".join(csv.streaming_content).decode("utf-8-sig").splitlines()
    assert csv["Content-Disposition"] == f'attachment; filename="decision-{batch.pk}.csv"'
    assert lines[0] == "Number,Result,Why,State before,Measure until" and len(lines) == 104
    assert all(",applied,,in use," in line for line in lines[1:])
    book = load_workbook(io.BytesIO(b"".join(browser.post(urls["xlsx"]).streaming_content)))
    sheet = book.worksheets[0]
    assert [",".join(str(cell or "") for cell in row) for row in sheet.iter_rows(values_only=True)] == lines
    assert verbs(before) == ["decision.reported"] * 2 and broken() == []
    forget_proof(browser)
    assert browser.post(urls["csv"])["Location"].startswith("/account/proof/?next=") and len(verbs(before)) == 2
    assert browser.get(urls["csv"]).status_code == 405 and desk("sysadmin").post(urls["csv"]).status_code == 403
    assert browser.post(reverse("admin:report", args=[batch.pk, "pdf"])).status_code == 404


def test_after_the_tenth_file_of_an_hour_the_page_says_why_there_is_none(desk, batch, supervisor):
    agree(batch, supervisor)
    browser, url = desk("officer"), reverse("admin:report", args=[batch.pk, "csv"])
    for _n in range(10):
        assert browser.post(url).status_code == 200
    assert browser.post(url)["Location"] == decision_url(batch)
    assert "You have reached the limit" in told(browser.get(decision_url(batch)))[0]
