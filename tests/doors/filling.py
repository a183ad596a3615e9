"""Forms filled in as the page gives them: what stands there stays, and what must be given is given."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

SAID = "seen and checked by hand"
Said = Mapping[str, Any]


def filled(context: Mapping[str, Any], said: Said) -> dict[str, Any]:
    """Every form of the page; what is `said` of a field goes before what it would get, and None leaves it out."""
    usual = {bound.html_name: _usual(bound) for form in _forms(context) for bound in form}
    return {name: value for name, value in (usual | dict(said)).items() if value is not None}


def faults(context: Mapping[str, Any]) -> list[str]:
    """Why a page came back."""
    wrong = [f"{name}: {', '.join(map(str, said))}" for form in _forms(context) for name, said in form.errors.items()]
    return [*wrong, str(context["problem"])] if context.get("problem") else wrong


def _forms(context: Mapping[str, Any]) -> Iterator[forms.BaseForm]:
    for one in context.values():
        if isinstance(one, forms.BaseForm):
            yield one


def _usual(bound: forms.BoundField) -> Any:
    field, given = bound.field, bound.value()
    if isinstance(field, forms.FileField):
        return SimpleUploadedFile("paper.pdf", b"%PDF-1.7 a paper") if field.required else None
    if isinstance(field, forms.BooleanField):
        return "on" if given or field.required else None
    if given not in (None, "", []):
        return field.widget.format_value(field.prepare_value(given))
    return _made_up(field) if field.required else None


def _made_up(field: forms.Field) -> Any:
    if (choices := getattr(field, "choices", None)) is not None:
        return next(value for value in _values(choices) if value)
    if isinstance(field, forms.DateTimeField):
        return f"{timezone.localtime():%Y-%m-%dT%H:%M}"
    if isinstance(field, forms.DateField):
        return str(timezone.localdate())
    if isinstance(field, forms.IntegerField):
        return field.min_value or 1
    return SAID


def _values(choices: Any) -> Iterator[str]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from _values(label)
        else:
            yield str(value)
