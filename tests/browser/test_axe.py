"""A walk judges all that is new on a page, in the frame round it too, and nothing twice."""

from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.axe import Walk

LINKS = '<ul><li><a href="/numbers/">Numbers</a></li></ul>'


def shown(page: Page, main: str, frame: str = LINKS) -> None:
    nav = f'<nav class="side" aria-label="Lists">{frame}</nav>'
    whole = f'<!DOCTYPE html><html lang="en"><title>Desk</title>{nav}<main><h1>Desk</h1>{main}</main></html>'
    page.goto(f"data:text/html,{quote(whole)}")


def test_what_is_new_on_a_page_is_judged_and_what_was_seen_is_not_judged_again(page: Page) -> None:
    walk = Walk(page)
    pale, current = '<p style="color:#bbb">Frozen</p>', LINKS.replace("href", 'aria-current="page" href')
    for main, frame, wrong in (
        ("<p>Frozen</p>", LINKS, []),
        ("<p>Ended</p>", current, []),
        (pale, LINKS, ["color-contrast"]),
        (pale, LINKS, []),
        ("<input>", LINKS, ["label"]),
        ("<input>", current, ["label"]),
        ("<nav aria-label='Lists'><a href='/x/'>More</a></nav>", LINKS, ["landmark-unique"]),
        ("<p>Frozen</p>", LINKS.replace("Numbers", ""), ["link-name"]),
        ("<p>Frozen</p>", LINKS.replace("Numbers", ""), []),
        ("<p>Frozen</p>", LINKS.replace("<a", '<a style="color:#ccc"'), ["color-contrast"]),
    ):
        shown(page, main, frame)
        assert [said.split(":")[0] for said in walk.violations()] == wrong, (main, frame)
