"""What axe finds wrong with the page one stands on, in the theme that is on."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}

# Contrast is half of axe's work, and a list of a hundred rows has ten looks: of all text that looks the same (colour,
# size and weight, and every ground behind it) one is judged. More than half of a page is the frame round it, the same
# on all pages of a reader: what is inside it is judged where it is first seen, or where something in it looks new.
RUN = """async ({ rules, seen }) => {
  const known = new Set(seen);
  const grounds = new WeakMap();
  function ground(element) {
    if (!element) return "";
    if (!grounds.has(element)) {
      const { backgroundColor, backgroundImage, opacity, filter } = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity, filter].join();
      const clear = own === "rgba(0, 0, 0, 0),none,1,none";
      grounds.set(element, (clear ? "" : own + "|") + ground(element.parentElement));
    }
    return grounds.get(element);
  }
  for (const element of document.body.querySelectorAll("*")) {
    const texts = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!(texts || element.matches("input, select, textarea")) || !element.checkVisibility()) continue;
    const { width, height } = element.getBoundingClientRect();
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    const exempt = Boolean(element.closest("label, :disabled, [aria-disabled]"));
    const look = [element.tagName, element.className, color, fontSize, fontWeight, textShadow, exempt];
    const key = [...look, width > 1 && height > 1, ground(element)].join();
    if (!known.has(key)) element.dataset.judged = "";
    known.add(key);
  }
  for (const part of document.querySelectorAll("header.top, nav.side, .side-phone, .keys")) {
    const copy = part.cloneNode(true);
    for (const one of copy.querySelectorAll("[data-judged]")) one.removeAttribute("data-judged");
    for (const one of copy.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
    for (const one of copy.querySelectorAll("[type=hidden]")) one.removeAttribute("value");
    if (known.has(copy.innerHTML) && !part.querySelector("[data-judged]")) part.dataset.known = "";
    known.add(copy.innerHTML);
  }
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-judged]" }] });
  const found = await axe.run({ exclude: ["[data-known] > *"] }, rules);
  return { violations: found.violations, seen: [...known] };
}"""


class Walk:
    """Judges the pages of one walk, in one language and theme."""

    def __init__(self, page: Page) -> None:
        page.add_init_script(AXE_SCRIPT)  # into every page to come: half a megabyte is sent once
        self.page = page
        self.seen: list[str] = []  # how text looked, and what the frame held

    def violations(self) -> list[str]:
        found = self.page.evaluate(RUN, {"rules": RULES, "seen": self.seen})
        self.seen = found["seen"]
        return [
            f"{v['id']}: {v['nodes'][0]['html'][:160]} | {v['nodes'][0]['failureSummary'][:200]}"
            for v in found["violations"]
        ]


def violations(page: Page) -> list[str]:
    """Of this one page."""
    page.evaluate(AXE_SCRIPT)
    return Walk(page).violations()
