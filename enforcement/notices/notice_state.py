"""How far a notice is, in SQL, for whoever takes back the act that it tells of. Alias `x`: the notice.

Not sent is also what was blocked, failed or had no way: somebody may have it tried again (notices/resend.py), and of
an act that is gone no letter leaves any more. Of those not sent only one that is being tried may have reached its
holder.
"""

from enforcement.models import Notice

S = Notice.State

_NOT_SENT = ", ".join(f"'{state.value}'" for state in (S.PENDING, S.BLOCKED, S.FAILED, S.NO_WAY))
NOT_SENT = f"x.state IN ({_NOT_SENT})"
MAY_BE_HEARD = f"(x.state = '{S.SENT.value}' OR x.state = '{S.PENDING.value}' AND x.attempts > 0)"
