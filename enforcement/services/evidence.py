"""Evidence that is a file: taken in, sealed, cited, opened. Its type is what it begins with, whatever it is called."""

import hashlib
from collections.abc import Sequence

from django.utils.translation import gettext as _

from enforcement.models import Evidence, EvidenceFile
from qqops.errors import Invalid
from qqops.staff.models import Staff


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def evidence_files(ids: Sequence[int], *, actor: Staff) -> list[Evidence]:
    """Files taken in before, as evidence of a decision to be filed: those that this person took in."""
    found = EvidenceFile.objects.filter(pk__in=ids, taken_by=actor).defer("content", "name").order_by("pk")
    cited = [Evidence(statement=f"#{one.pk} SHA-256 {one.sha256}", sha256=one.sha256, file=one) for one in found]
    if len(cited) != len(set(ids)):
        raise Invalid(_("An evidence file is not there, or somebody else took it in. Nothing was done."))
    return cited
