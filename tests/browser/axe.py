"""What axe finds wrong with the page one stands on.

Contrast is judged by itself: it is half of axe's work, and all that a theme changes.
"""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"color-contrast": {"enabled": False}},
    "resultTypes": ["violations"],
}

# Of all text that looks the same (its colour, size and weight, and every ground behind it) one is judged: a list of a
# hundred rows has ten looks.
CONTRAST = """() => {
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
  const looks = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    const texts = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!(texts || element.matches("input, select, textarea")) || !element.checkVisibility()) continue;
    const { width, height } = element.getBoundingClientRect();
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    const exempt = Boolean(element.closest("label, :disabled, [aria-disabled]"));
    const look = [element.tagName, element.className, color, fontSize, fontWeight, textShadow, exempt];
    const key = [...look, width > 1 && height > 1, ground(element)].join();
    if (!looks.has(key)) looks.set(key, element);
  }
  const rules = { runOnly: ["color-contrast"], resultTypes: ["violations"] };
  return axe.run({ include: [...looks.values()] }, rules);
}"""


def barriers(page: Page) -> list[str]:
    """Whatever else than contrast."""
    page.evaluate(AXE_SCRIPT)
    return _named(page.evaluate("rules => axe.run(rules)", RULES))


def faint(page: Page) -> list[str]:
    """Text that cannot be told from its ground in the theme that is on; asked after `barriers`, which brings axe."""
    return _named(page.evaluate(CONTRAST))


def _named(found: Any) -> list[str]:
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:160]} | {v['nodes'][0]['failureSummary'][:200]}"
        for v in found["violations"]
    ]
