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
# size and weight, and every ground behind it) one is judged.
RUN = """(rules) => {
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
  const looks = new Set();
  for (const element of document.body.querySelectorAll("*")) {
    const texts = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!(texts || element.matches("input, select, textarea")) || !element.checkVisibility()) continue;
    const { width, height } = element.getBoundingClientRect();
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    const exempt = Boolean(element.closest("label, :disabled, [aria-disabled]"));
    const look = [element.tagName, element.className, color, fontSize, fontWeight, textShadow, exempt];
    const key = [...look, width > 1 && height > 1, ground(element)].join();
    if (!looks.has(key)) element.dataset.judged = "";
    looks.add(key);
  }
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-judged]" }] });
  return axe.run(rules);
}"""


def violations(page: Page) -> list[str]:
    page.evaluate(AXE_SCRIPT)
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:160]} | {v['nodes'][0]['failureSummary'][:200]}"
        for v in page.evaluate(RUN, RULES)["violations"]
    ]
