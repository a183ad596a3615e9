"""Files taken out of a page that stays where it is: pressed twice in haste one comes, and another afterwards."""

from playwright.sync_api import Page, expect

from qqops.audit.models import Event
from tests.browser.conftest import House, sign_in, speak
from tests.browser.test_pages import Theme, in_both


@in_both
def test_one_file_after_the_other_is_taken_out_of_one_page(
    page: Page, house: House, console: list[str], language: str, theme: Theme
) -> None:
    page.emulate_media(color_scheme=theme)
    speak(page, house, language)
    sign_in(page, house, "auditor")
    page.goto(house.at("audit/event/"))
    names = []
    for form in ("CSV", "XLSX", "CSV"):
        with page.expect_download() as taken:
            page.get_by_role("button", name=form, exact=True).dblclick()
        names.append(taken.value.suggested_filename.rpartition(".")[2])
        expect(page.locator("form[data-file]")).not_to_have_attribute("data-sent", "yes")
    assert names == ["csv", "xlsx", "csv"]
    assert (
        list(Event.objects.filter(verb="audit.exported").order_by("seq").values_list("facts__what", flat=True)) == names
    )
