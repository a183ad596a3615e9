"""Choice widgets whose options have a key. Choosing by key then moves the focus to a text field."""

from typing import Any

from django import forms

DIGITS = "123456789"


class _Keyed(forms.widgets.ChoiceWidget):
    """A choice widget with keys.

    `keys` are assigned to the options in order. `then` names the field that gets the focus after a choice by key.
    """

    option_template_name = "ops/keyed_option.html"

    def __init__(self, *, keys: str = DIGITS, then: str = "", **more: Any) -> None:
        super().__init__(attrs={"data-then": then} if then else None, **more)
        self.keys = keys

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        place = int(option["index"])
        if place < len(self.keys):
            option["key"] = self.keys[place]
            option["attrs"] |= {"data-key": option["key"], "aria-keyshortcuts": option["key"]}
        return option


class KeyedRadios(_Keyed, forms.RadioSelect):
    pass


class KeyedTicks(_Keyed, forms.CheckboxSelectMultiple):
    pass
