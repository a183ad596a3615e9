"""What a person's hand does in a browser: fill in a form as its fields are made, press a button, look at the page."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve
from playwright.sync_api import BrowserContext, FilePayload, Locator, Page

from tests.browser.axe import Walk
from tests.browser.conftest import see_focus
from tests.browser.test_pages import PHONE, keep
from tests.doors.filling import filled
from tests.hunt.languages import strays

Said = Mapping[str, Any]
FIELDS = "all => all.map((one) => [one.name, one.type, one.value, one.checked])"
BUTTONS = "all => all.map((one) => [one.name, one.value, one.matches('.primary')])"
COMES = ("download", "load")


class Look(NamedTuple):
    """How the house is looked at. Without scripts it is looked at on a phone."""

    language: str
    theme: Literal["light", "dark"]
    scripts: bool

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}{'' if self.scripts else '-no-scripts'}"


LOOKS = [Look("zh-hans", "light", True), Look("en", "dark", True), Look("en", "light", False)]


class Hand:
    """Of one member of staff after another, each signed in already; `wrong` is what there was to see that should not
    be: something axe finds, words of another language, a page wider than its window.
    """

    def __init__(self, context: BrowserContext, url: str, look: Look, known: list[str]) -> None:
        self.url, self.look, self.known = url, look, known
        self.page: Page = context.new_page()
        self.walk = Walk(self.page) if look.scripts else None
        self.wrong: dict[str, object] = {}
        self.typed: set[str] = set()
        self.judged: set[str] = set()

    def sit_down(self, browser: Client) -> None:
        """With the session of this browser without a screen."""
        self.browser = browser
        self.page.context.clear_cookies()
        self._keep("sessionid", browser.cookies["sessionid"].value)
        self.speak(self.look.language)

    def speak(self, language: str) -> None:
        self._keep("django_language", language)

    def _keep(self, name: str, value: str) -> None:
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.url}])

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def follow(self, *ways: str) -> None:
        """From the first of these pages to the last, by the links that stand on them."""
        first, *others = ways
        self.open(first)
        for way in others:
            with self.page.expect_navigation():
                self.page.locator(f'main a[href="{way}"]:visible').first.click()

    def send(self, *ways: str, said: Said) -> bool:
        """The form of the page where these ways end, with what must be given and is not said made up; as `press`."""
        words = filled(getattr(self.browser.get(ways[-1]), "context_data", None) or {}, said)
        self.follow(*ways)
        there = self.page.locator("main [name]").evaluate_all("all => all.map((one) => one.name)")
        unsaid = {name for name, value in said.items() if value is not None} - {*there}
        assert not unsaid, f"no hand could say {unsaid} at {ways[-1]}"
        return self.press(words)

    def press(self, said: Said, to: str = "") -> bool:
        """Fill in the form that is sent to this address, else the page's own, and press its button; what it then asks
        to be confirmed is confirmed. Whether a file came of it.
        """
        see_focus(self.page)
        button = self._button(said, to)
        self._fill_in(button.locator("xpath=ancestor::form"), said)
        file, confirm = self._gives_a_file(button), self.page.locator("[name=step][value=confirm]")
        if not file and confirm.count():
            self._look(previewed=True)
            see_focus(self.page)
            file = self._gives_a_file(confirm)
            assert file or not confirm.count()
        if not file:
            self._look()
        return file

    def _button(self, said: Said, to: str) -> Locator:
        """The one that is named; else the first that is sent there; else the one that the page would have pressed."""
        main = "main form[method=post] button[type=submit]:not([value=edit])"
        there = f'[formaction^="{to}"], form[action="{to}"] :is(button, [type=search])'
        buttons = self.page.locator(there if to else main)
        found = buttons.evaluate_all(BUTTONS)
        named = (n for n, (name, value, _primary) in enumerate(found) if value and said.get(name) == value)
        primary = (n for n, (_name, _value, primary) in enumerate(found) if primary)
        return buttons.nth(next(named, 0 if to else next(primary, len(found) - 1)))

    def _gives_a_file(self, button: Locator) -> bool:
        """Press it; whether a file came, and no page."""
        came: list[object] = []

        def comes(answer: object) -> None:
            came.append(answer)

        for event in COMES:
            self.page.on(event, comes)  # type: ignore[call-overload]
        if button.get_attribute("type") == "search":
            button.press("Enter")
        else:
            button.click()
        for _moment in range(2_000):
            if came:
                break
            self.page.wait_for_timeout(5)
        for event in COMES:
            self.page.remove_listener(event, comes)
        assert came, f"nothing came of {button}"
        return self.page not in came

    def _fill_in(self, form: Locator, said: Said) -> None:
        """Only what is not so already is touched."""
        fields = form.locator("input:not([type=hidden]), select, textarea")
        for n, (name, kind, value, chosen) in enumerate(fields.evaluate_all(FIELDS)):
            if name not in said:
                continue
            field, wanted = fields.nth(n), said[name]
            values = [str(one) for one in wanted] if isinstance(wanted, list) else [str(wanted)]
            if kind in ("checkbox", "radio"):
                if chosen != (value in values) and (value in values or kind == "checkbox"):
                    field.set_checked(value in values)
            elif kind.startswith("select"):
                field.select_option(values)
            elif kind == "file":
                assert isinstance(wanted, SimpleUploadedFile) and wanted.name and wanted.content_type
                wanted.seek(0)
                field.set_input_files(FilePayload(name=wanted.name, mimeType=wanted.content_type, buffer=wanted.read()))
            else:
                self.typed |= set(values[0].splitlines())
                if value != values[0]:
                    field.fill(values[0])

    def _look(self, previewed: bool = False) -> None:
        """Pages that one address makes are made alike: axe judges one of them, and one that is previewed."""
        where = self.page.url.removeprefix(self.url)
        assert self.page.locator("html").get_attribute("lang") == self.look.language, where
        if errors := self.page.locator("main :is(.note-error, .has-error, .errorlist)").all_inner_texts():
            self.wrong[f"{where}, refused"] = errors
        found = resolve(where.partition("?")[0])
        codes = [one for one in found.kwargs.values() if isinstance(one, str)]
        kind = " ".join([found.view_name, *codes, "previewed" if previewed else "done"])
        if self.walk and kind not in self.judged:
            self.judged.add(kind)
            keep(self.page, kind, str(self.look))
            self._measure(where)
            if faults := self.walk.violations():
                self.wrong[where] = faults
        if not self.look.scripts:  # the words of a page are the same with them
            self._measure(where)
        else:
            known = [*self.known, *sorted(filter(None, self.typed), key=len, reverse=True)]
            if stray := strays(self.page.content(), self.look.language, known):
                self.wrong[f"{where}, language"] = stray

    def _measure(self, where: str) -> None:
        """On a phone."""
        before = self.page.viewport_size or PHONE
        self.page.set_viewport_size(PHONE)
        if (width := self.page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            self.wrong[f"{where}, width"] = width
        self.page.set_viewport_size(before)


Desk = Callable[[str], Hand]
