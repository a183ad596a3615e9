"""Acts on letter templates: draft a version, and agree to it or refuse it; and which one is in use.

The content of a version never changes. An approval binds to its hash, which `audit_verify` computes anew.
"""

import hashlib

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.letters.render import Draft, problems
from enforcement.letters.shipped import SHIPPED
from enforcement.models import LetterTemplate, TemplateApproval
from qqops.approvals.models import State
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

MADE_IT = conflict(gettext_noop("You made this draft: another person must rule on it."))

DRAFT, APPROVE = "enforcement.draft_letter", "enforcement.approve_letter"
BETWEEN = "\x1f"  # in no text: a draft has printable characters and line ends only


def in_use() -> dict[str, LetterTemplate]:
    """By the code of its letter: the latest version that was agreed to."""
    agreed = LetterTemplate.objects.filter(state=State.APPLIED).order_by("code", "-version").distinct("code")
    return {template.code: template for template in agreed}


def check_draft(draft: Draft, *, actor: Staff) -> None:
    """Raise as `draft_template` would."""
    if not actor.may_enter or not actor.has_perm(DRAFT):
        raise Refused(gettext_noop("Your role may not draft letters."))
    no_personal_data(draft.subject_zh, draft.body_zh, draft.subject_en, draft.body_en)  # before any of it is repeated
    if found := problems(draft):
        raise Invalid("\n".join(found))
    for other in LetterTemplate.objects.filter(code=draft.code, state__in=(State.PROPOSED, State.APPLIED)):
        if _texts(other) == _texts(draft) and (other.state == State.PROPOSED or in_use().get(draft.code) == other):
            raise Invalid(_("Version %(n)d says exactly this already. Nothing was done.") % {"n": other.version})


def draft_template(draft: Draft, *, actor: Staff, reason: str) -> LetterTemplate:
    """File a version; it is used when somebody else has agreed to it."""
    with recorder.refusals(actor=actor, facts={"act": "draft_letter", "letter": draft.code}), transaction.atomic():
        check_draft(draft, actor=actor)
        must_say_why(reason)
        template = _version(draft, actor, reason)
        template.approvers = [APPROVE]
        with recorder.act("letter.drafted", actor=actor, reason=reason, subject=template, facts={"letter": draft.code}):
            _insert(template)
    return template


def missing() -> list[Draft]:
    """The shipped text of each letter that has none, in use or waiting."""
    known = LetterTemplate.objects.filter(state__in=(State.PROPOSED, State.APPLIED)).values_list("code", flat=True)
    return [draft for draft in SHIPPED if draft.code not in set(known)]


def check_load(*, actor: Staff) -> None:
    """Raise as `load_missing` would."""
    if not actor.may_enter or not actor.has_perm(APPROVE):
        raise Refused(gettext_noop("Your role may not put letters in use."))


def load_missing(*, actor: Staff, reason: str) -> list[LetterTemplate]:
    """As `load_shipped`, by somebody who may agree to letters: in a new house, or when a version brought a letter."""
    with recorder.refusals(actor=actor, facts={"act": "load_letters"}), transaction.atomic():
        check_load(actor=actor)
        must_say_why(reason)
        return load_shipped(actor=actor, reason=reason)


def load_shipped(*, actor: Staff, reason: str = "Bundled letters") -> list[LetterTemplate]:
    """Put the shipped text in use for each letter that has none, as set-up does with the summaries of the Rules.

    Whoever asks for it, the text is the house's own, by set-up, and needs nobody's yes (letters/audit_checks.py).
    """
    setup = Staff.objects.system("system-setup")
    made = [_version(draft, setup, "Bundled letters") for draft in missing()]
    if made:
        with recorder.act("letter.shipped", actor=actor, reason=reason, facts={"n": len(made)}):
            for template in made:
                template.state, template.in_use_from = State.APPLIED, template.proposed_at
                _insert(template)
    return made


def capacity_of(template: LetterTemplate, actor: Staff) -> str:
    """The permission in which this person may rule on the draft; Refused or Invalid says why not."""
    if template.maker_id == actor.pk:
        raise Refused(MADE_IT)
    held = [permission for permission in template.approvers if actor.has_perm(permission)]
    if not held or not actor.may_enter:
        raise Refused(gettext_noop("Your role may not rule on letters."))
    if template.state != State.PROPOSED:
        raise Invalid(_("Draft %(draft)s is not waiting for approval.") % {"draft": template.name})
    return str(held[0])


def approve_template(template: LetterTemplate, *, actor: Staff, reason: str, content_hash: str) -> LetterTemplate:
    """Agree to the text that was seen; it is used from now on."""
    return _rule(template, actor=actor, reason=reason, seen=content_hash, agreed=True)


def refuse_template(template: LetterTemplate, *, actor: Staff, reason: str, content_hash: str) -> LetterTemplate:
    return _rule(template, actor=actor, reason=reason, seen=content_hash, agreed=False)


def _rule(template: LetterTemplate, *, actor: Staff, reason: str, seen: str, agreed: bool) -> LetterTemplate:
    tried = {"act": "approve_letter" if agreed else "refuse_letter", "letter": template.code}
    with recorder.refusals(actor=actor, subject=template, facts=tried), transaction.atomic():
        template = LetterTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
        actor = as_of_now(actor)
        capacity = capacity_of(template, actor)
        must_say_why(reason)
        if not (seen == template.content_hash == content_hash_of(template)):
            raise Invalid(_("The draft is not the one you saw. Look at it again; nothing was done."))
        if agreed:
            _may_follow(template)
        verb = "letter.approved" if agreed else "letter.refused"
        with recorder.act(verb, actor=actor, reason=reason, subject=template, facts={"letter": template.code}) as act:
            sign(TemplateApproval, template, actor, capacity, act, agreed=agreed, reason=reason)
            template.state = State.APPLIED if agreed else State.REFUSED
            template.in_use_from = timezone.now() if agreed else None
            template.save(update_fields=["state", "in_use_from"])
    return template


def _may_follow(template: LetterTemplate) -> None:
    """What the house knows may have changed since the draft, and so may the version in use."""
    if found := problems(Draft.of(template.code, *_texts(template))):
        raise Invalid("\n".join([_("This draft cannot be used any more. Refuse it."), *found]))
    now = in_use().get(template.code)
    if now and now.version > template.version:
        raise Invalid(
            _("Version %(n)d is in use already, and is later than this. Refuse this draft.") % {"n": now.version}
        )


def _version(draft: Draft, actor: Staff, reason: str) -> LetterTemplate:
    last = LetterTemplate.objects.filter(code=draft.code).order_by("-version").first()
    template = LetterTemplate(
        pk=bulk.next_pk(LetterTemplate),
        code=draft.code,
        version=last.version + 1 if last else 1,
        subject_zh=draft.subject_zh,
        body_zh=draft.body_zh,
        subject_en=draft.subject_en,
        body_en=draft.body_en,
        reason=reason,
        maker=actor,
        state=State.PROPOSED,
        proposed_at=timezone.now(),
    )
    template.content_hash = content_hash_of(template)
    return template


def _insert(template: LetterTemplate) -> None:
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError as clash:
        if "letter_version_once" not in str(clash):
            raise
        raise Invalid(
            _("Somebody else filed a version of this letter just now. Nothing was done: look again.")
        ) from None


def _texts(said: LetterTemplate | Draft) -> tuple[str, str, str, str]:
    return said.subject_zh, said.body_zh, said.subject_en, said.body_en


def content_hash_of(template: LetterTemplate) -> str:
    """What an approver agrees to, as one hash; letters/audit_checks.py computes the same in SQL."""
    said = (template.code, template.version, *_texts(template), template.maker_id, template.reason)
    return hashlib.sha256(BETWEEN.join(map(str, said)).encode()).hexdigest()
