"""What docs/roles says of each role's pages stands on them; `make pictures` takes their pictures on the way."""

import base64
import os
import re
from collections import defaultdict

import pytest
from playwright.sync_api import Page, ViewportSize

from qqops.boot.database import BASE_DIR
from qqops.staff.models import Staff
from qqops.staff.policy import ROLES
from tests.browser.conftest import LIVED, House, sign_in, speak
from tests.browser.roles import LOGINS, MORNINGS, Desk
from tests.qqops.boot.test_docs import NAME

PICTURES = BASE_DIR / "docs" / "pictures"
TAKEN = "QQOPS_PICTURES" in os.environ
SIZE = ViewportSize(width=1240, height=740)
PICTURE = re.compile(r"\]\(\.\./pictures/([\w-]+)\.webp\)")

# Each text that is seen, with the key that is pressed for what it stands on.
SEEN = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility()) continue;
    const pressed = element.closest("[data-key], [data-send]");
    found.push([text, pressed ? pressed.dataset.key ?? "Ctrl+Enter" : ""]);
  }
  return found;
}"""


def take(page: Page, name: str) -> None:
    asked = {"format": "webp", "quality": 72}
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_finds_on_its_pages_what_its_page_of_docs_names(
    page: Page, house: House, cast: dict[str, Staff], console: list[str], role: str
) -> None:
    told = (BASE_DIR / "docs" / "roles" / f"{role}.md").read_text()
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    speak(page, house, "zh-hans")
    sign_in(page, house, LOGINS[role])
    seen, pictures = defaultdict[str, set[str]](set), []
    for name in MORNINGS[role](Desk(page, house, cast)):
        for text, key in page.evaluate(SEEN):
            seen[text].add(key)
        if name:
            pictures.append(f"{role}-{name}")
            if TAKEN:
                take(page, pictures[-1])
    missing = [name for name, _english, key in NAME.findall(told) if name not in seen or key and key not in seen[name]]
    assert missing == []
    assert pictures == PICTURE.findall(told)


def test_the_readme_shows_a_number_as_its_page_is(page: Page, house: House, console: list[str]) -> None:
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    speak(page, house, "en")
    sign_in(page, house, "officer")
    page.goto(house.at(f"accounts/number/{LIVED}/"))
    seen = {text for text, _key in page.evaluate(SEEN)}
    assert {"Details", "Freeze", "Measures", "Timeline"} <= seen
    if TAKEN:
        take(page, "number-page")
