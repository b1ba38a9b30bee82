"""Somebody at a page with the keyboard alone."""

from itertools import pairwise

from playwright.sync_api import Page, expect

MOST_TABS = 60
"""From the beginning of a page to whatever is on it."""

AT = "(id) => document.activeElement?.id === id"
LOST = "() => document.activeElement === null || document.activeElement === document.body"
MOVING = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
_HERE = """(ask) => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const box = at.getBoundingClientRect(), label = at.labels?.[0]?.getBoundingClientRect();
  return {
    isIt: ask.selector === undefined ? at.textContent === ask.text : at.matches(ask.selector),
    isSeen: box.width * box.height > 0 || label?.width * label?.height > 0,
  };
}"""
"""Whether the focus is where it is asked for, inside of our own tags too, and whether it can be seen there."""
_HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"""


class Keys:
    """Somebody who has a keyboard and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.emulate_media(reduced_motion="reduce")

    def to(self, id_: str) -> None:
        """Go on with the Tab key until the focus is there."""
        self.to_what(selector=f"#{id_}")

    def to_what(self, **asked: str) -> None:
        """The same, for what is known by its ``text`` or a ``selector``."""
        for _ in range(MOST_TABS):
            here = self.page.evaluate(_HERE, asked)
            if here["isIt"]:
                assert here["isSeen"], f"the focus is on {asked}, and nobody sees it"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"The Tab key does not lead to {asked}.")

    def is_at(self, **asked: str) -> bool:
        """Whether the focus is there now, where it can be seen."""
        here = self.page.evaluate(_HERE, asked)
        return bool(here["isIt"] and here["isSeen"])

    def press(self, id_: str, key: str = "Enter") -> None:
        self.to(id_)
        self.page.keyboard.press(key)

    def type(self, id_: str, text: str) -> None:
        self.to(id_)
        self.page.keyboard.type(text)

    def arrived(self, part: str) -> None:
        """The next part is there, the focus in it, its headings are in order, and nothing moves."""
        expect(self.page.locator(f"#{part}")).to_be_visible()
        assert not self.page.evaluate(LOST), f"the focus is lost in {part}"
        levels = self.page.evaluate(_HEADINGS)
        assert levels[:1] == [1]
        assert all(after <= before + 1 for before, after in pairwise(levels)), (part, levels)
        assert self.page.evaluate(MOVING) == 0, f"something moves in {part}"
