"""The first version of each letter, in the house's own words. Pure data; a change is a new version by two people."""

from enforcement.letters.render import Draft
from enforcement.policy import Letter

_REASONS_ZH = """事实：{facts}
{how_found}

依据：
{clauses}

{loss}
{appeal}
{jurisdiction}

{operator}
{date}"""
_REASONS_EN = """Facts: {facts}
{how_found}

Grounds:
{clauses}

{loss}
{appeal}
{jurisdiction}

{operator}
{date}"""
_GROUNDS_ZH = """依据：
{clauses}

{operator}
{date}"""
_GROUNDS_EN = """Grounds:
{clauses}

{operator}
{date}"""
_REVERSED_ZH = f"说明：{{facts}}\n\n{_GROUNDS_ZH}"
_REVERSED_EN = f"Why: {{facts}}\n\n{_GROUNDS_EN}"
_REVERSALS = (Letter.LIFT, Letter.RESTORE, Letter.UNDO, Letter.APOLOGY)


def _draft(code: Letter, subject_zh: str, zh: str, subject_en: str, en: str) -> Draft:
    if code == Letter.ENDED:  # what it was taken for is not said again
        rest_zh, rest_en = _GROUNDS_ZH, _GROUNDS_EN
    elif code in _REVERSALS:
        rest_zh, rest_en = _REVERSED_ZH, _REVERSED_EN
    else:
        rest_zh, rest_en = _REASONS_ZH, _REASONS_EN
    return Draft(code.value, subject_zh, f"{zh}\n\n{rest_zh}", subject_en, f"{en}\n\n{rest_en}")


SHIPPED: tuple[Draft, ...] = (
    _draft(
        Letter.RESTRICT,
        "号码限制通知（决定 {decision}）",
        "您好：您使用的号码 {number} 自 {from}起被限制使用，截止时间：{until}。\n限制范围：{scope}。",
        "Your number is restricted (decision {decision})",
        "The number {number}, which you use, is restricted from {from}; until: {until}.\nWhat is restricted: {scope}.",
    ),
    _draft(
        Letter.FREEZE,
        "号码冻结通知（决定 {decision}）",
        "您好：您使用的号码 {number} 自 {from}起被冻结（{measure}），截止时间：{until}。冻结期间号码下的数据不会删除。",
        "Your number is frozen (decision {decision})",
        "The number {number}, which you use, is frozen ({measure}) from {from}; until: {until}."
        " Nothing is deleted meanwhile.",
    ),
    _draft(
        Letter.TERMINATE,
        "号码使用权终止通知（决定 {decision}）",
        "您好：您对号码 {number} 的使用权自 {from}起终止。",
        "Your right of use has ended (decision {decision})",
        "Your right to use the number {number} ended on {from}.",
    ),
    _draft(
        Letter.LIFT,
        "措施解除通知（决定 {decision}）",
        "您好：对您使用的号码 {number} 采取的下列措施自 {from}起解除：{measure}。其他仍在执行的措施不受影响。",
        "Measures are lifted (decision {decision})",
        "These measures on the number {number}, which you use, are lifted from {from}: {measure}."
        " Other measures still in force are not affected.",
    ),
    _draft(
        Letter.ADJUST,
        "措施变更通知（决定 {decision}）",
        "您好：对您使用的号码 {number} 采取的下列措施自 {from}起变更：\n{changes}\n其他仍在执行的措施不受影响。",
        "Measures are changed (decision {decision})",
        "These measures on the number {number}, which you use, are changed from {from}:\n{changes}\n"
        "Other measures still in force are not affected.",
    ),
    _draft(
        Letter.RESTORE,
        "号码恢复通知（决定 {decision}）",
        "您好：您对号码 {number} 的使用权自 {from}起恢复。其他仍在执行的措施不受影响。",
        "Your right of use is restored (decision {decision})",
        "Your right to use the number {number} is restored from {from}."
        " Other measures still in force are not affected.",
    ),
    _draft(
        Letter.UNDO,
        "决定撤销通知（决定 {decision}）",
        "您好：此前对您使用的号码 {number} 作出的决定（{measure}）自 {from}起撤销，"
        "该决定的效果不再保留。其他仍在执行的措施不受影响。",
        "A decision is taken back (decision {decision})",
        "The earlier decision on the number {number}, which you use ({measure}), is taken back from {from}: what"
        " it did does not stand. Other measures still in force are not affected.",
    ),
    _draft(
        Letter.APOLOGY,
        "更正与致歉（决定 {decision}）",
        "您好：此前对您使用的号码 {number} 采取的措施（{measure}）有误，自 {from}起已更正，"
        "今后不再计入记录。对此造成的不便，我们深表歉意。",
        "A correction, and an apology (decision {decision})",
        "The earlier measure on the number {number}, which you use ({measure}), was wrong. It is put right from {from}"
        " and does not count against you. We apologise.",
    ),
    _draft(
        Letter.PRIOR,
        "号码回收预告（决定 {decision}）",
        "您好：您使用的号码 {number} 已达到回收条件，最早将于 {reclaim_on} 被回收。"
        "在此之前登录使用（有偿号码为续费），即不再回收。",
        "Your number is going to be reclaimed (decision {decision})",
        "The number {number}, which you hold, is due to be reclaimed on {reclaim_on} at the earliest. If you log in (or"
        " renew it, where it is paid for) before that, it is not.",
    ),
    _draft(
        Letter.REMINDER,
        "号码回收提醒（决定 {decision}）",
        "您好：再次提醒，您使用的号码 {number} 最早将于 {reclaim_on} 被回收。"
        "在此之前登录使用（有偿号码为续费），即不再回收。",
        "Reminder: your number is going to be reclaimed (decision {decision})",
        "Once more: the number {number}, which you hold, is due to be reclaimed on {reclaim_on} at the earliest. If you"
        " log in (or renew it, where it is paid for) before that, it is not.",
    ),
    _draft(
        Letter.ENDED,
        "措施结束通知（决定 {decision}）",
        "您好：关于您使用的号码 {number}：{ended}。其他仍在执行的措施不受影响。",
        "What you were told of has ended (decision {decision})",
        "About the number {number}, which you use. {ended}. Other measures still in force are not affected.",
    ),
)
BY_CODE = {draft.code: draft for draft in SHIPPED}
