"""The answer in writing, in either language: what was refused and why, and where to turn (4.2(c), PIPL 41)."""

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.disclosures.policy import basis_here
from accounts.disclosures.queries import on_one_line, papers_cited
from accounts.models import AskedBy, DataClass, Disclosure


def letter(disclosure: Disclosure, language: str) -> str:
    """Nothing personal stands in it: numbers, classes of information, papers and reasons."""
    with translation.override(language):
        if disclosure.asked_by == AskedBy.FOREIGN:
            body = [_abroad()]
        elif disclosure.state == Disclosure.State.REGISTERED:
            body = [_("Your request is registered and is being reviewed.")]
        else:
            body = _ruled(disclosure)
        return "\n\n".join([_head(disclosure), *body, _foot(disclosure)])


def _head(disclosure: Disclosure) -> str:
    who = on_one_line(disclosure.authority) or AskedBy(disclosure.asked_by).label
    lines = [_("To: %(authority)s") % {"authority": who}]
    lines.append(_("Receipt number: %(receipt)s") % {"receipt": disclosure.receipt})
    if cited := papers_cited(disclosure):
        lines.append(_("Your papers: %(papers)s") % {"papers": _(", ").join(cited)})
    return "\n".join(lines)


def _abroad() -> str:
    return _(
        "Article 41 of the Personal Information Protection Law and Article 36 of the Data Security Law forbid us to"
        " give data kept in China to a foreign judicial or law-enforcement authority without the approval of the"
        " competent authority of China. Your request is therefore refused; no data were looked at. Please turn to"
        " the central authority for judicial assistance under the treaty or convention that applies."
    )


def _ruled(disclosure: Disclosure) -> list[str]:
    rulings = list(disclosure.rulings.order_by("pk"))
    granted = [str(DataClass(one.data_class).label) for one in rulings if one.granted]
    refused = [f"- {DataClass(one.data_class).label}{_(': ')}{one.reason}" for one in rulings if not one.granted]
    declined = disclosure.state == Disclosure.State.REFUSED
    parts = []
    if granted and not declined:
        parts.append(_("What is given: %(classes)s.") % {"classes": _(", ").join(granted)})
    if refused:
        parts.append("\n".join([_("What is refused, and why:"), *refused]))
    if declined:
        parts.append(_("The request as a whole is refused."))
    parts += [reason for reason in (disclosure.review_reason, disclosure.close_reason if declined else "") if reason]
    return parts


def _foot(disclosure: Disclosure) -> str:
    last = disclosure.closed_at or disclosure.reviewed_at or disclosure.registered_at
    return "\n".join(
        [
            _("Legal basis: %(basis)s") % {"basis": on_one_line(basis_here(disclosure.legal_basis))},
            settings.QQOPS_OPERATOR,
            f"{timezone.localtime(last):%Y-%m-%d}",
        ]
    )
