"""The form fields for a new holder, and the panel that shows the holder before the act."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.holders.new_holder import Holder
from accounts.identity.formats import DocumentKind, Field, normalise
from accounts.identity.services import Proof
from accounts.models import Verification
from qqops.core.errors import Invalid
from qqops.core.personal_data import no_personal_data
from qqops.web.panels import Fact, Panel

ITEMS = (Field.NAME, Field.DOCUMENT, Field.MOBILE, Field.EMAIL)
VERIFIED = (Field.DOCUMENT, Field.MOBILE)


class HolderFields(forms.Form):
    """The identity of a new holder. All fields stay empty if no identity is needed."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=60)
    document_kind = forms.ChoiceField(
        label=gettext_lazy("Kind of document"),
        required=False,
        choices=[("", gettext_lazy("not told")), *DocumentKind.choices],
    )
    document = forms.CharField(label=gettext_lazy("Document number"), required=False, max_length=40)
    mobile = forms.CharField(label=gettext_lazy("Mobile"), required=False, max_length=30)
    email = forms.CharField(label=gettext_lazy("E-mail"), required=False, max_length=120)
    verified = forms.MultipleChoiceField(
        label=gettext_lazy("What was verified"),
        required=False,
        choices=[(item.value, item.label) for item in VERIFIED],
        widget=forms.CheckboxSelectMultiple,
    )
    method = forms.ChoiceField(
        label=gettext_lazy("Method"),
        required=False,
        choices=[("", gettext_lazy("not told")), *Verification.Method.choices],
    )
    source = forms.CharField(
        label=gettext_lazy("Source"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Who said so: a registry, a system, the kind of paper. Nothing of the person."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        kind = cleaned.get("document_kind", "")
        for item in ITEMS:
            if text := cleaned.get(item, ""):
                try:
                    cleaned[item] = normalise(item, text, kind)
                except Invalid as error:
                    self.add_error(str(item), str(error))
        if cleaned.get("document") and not kind:
            self.add_error("document_kind", ValidationError(gettext_lazy("Say which kind of document it is.")))
        if cleaned.get("verified") and not (cleaned.get("method") and cleaned.get("source", "").strip()):
            self.add_error("method", ValidationError(gettext_lazy("Say how it was verified, and whose word it is.")))
        try:
            no_personal_data(cleaned.get("source", ""))
        except Invalid as error:
            self.add_error("source", str(error))
        return cleaned


def holder_of(cleaned: dict[str, Any]) -> Holder | None:
    """Return the holder from the cleaned data of a valid form, or None if no item was given."""
    values = {item.value: cleaned[item] for item in ITEMS if cleaned[item]}
    if not values:
        return None
    proof = Proof(cleaned["method"], cleaned["source"].strip(), timezone.now())
    proofs = {name: proof for name in cleaned["verified"] if name in values}
    return Holder(values, cleaned["document_kind"] if "document" in values else "", proofs)


def holder_panel(masked: Mapping[Field, str]) -> Panel:
    """Return the panel of the proposed holder, masked."""
    facts = [Fact(item.label, shown) for item, shown in masked.items()]
    return Panel(_("The holder is to be"), "ops/panel_facts.html", {"facts": facts})
