"""What an appellant is written: in Chinese and English, always both, sealed with the appeal as it was written.

Sentences stand here and not in the catalogue, as in the letters of decisions. None of them promises an outcome (7).
"""

import datetime

from django.conf import settings

from accounts.quarantine import policy as closing
from appeals.lifecycle import Kind, Outcome
from appeals.models import Appeal
from appeals.policy import AGAINST, PER_WINDOW, SECOND_REVIEW_WITHIN, WAIT_FOR_ANSWER, WINDOW, Route, Why
from enforcement.letters import phrases
from enforcement.letters.phrases import NOTHING, Both

KINDS: dict[str, Both] = {
    Kind.RECOVERY: ("账号找回申诉（第 7 条）", "an account recovery (clause 7)"),
    Kind.OBJECTION: ("对处置的异议（第 11 条）", "an objection to an enforcement action (clause 11)"),
    Kind.ENQUIRY: ("咨询（第 11 条）", "an enquiry (clause 11)"),
}

OUTCOMES: dict[str, Both] = {
    Outcome.UPHELD: ("申诉成立", "upheld"),
    Outcome.PARTLY: ("部分成立", "partly upheld"),
    Outcome.REJECTED: ("驳回", "rejected"),
    Outcome.MOOT: ("所涉措施已不再有效", "the measure is no longer in force"),
    Outcome.INADMISSIBLE: ("不予受理", "declined to hear"),
    Outcome.ANSWERED: ("已答复", "answered"),
    Outcome.WITHDRAWN: ("已撤回", "withdrawn"),
    Outcome.ABANDONED: ("逾期未补充，视为放弃", "abandoned: nothing more came in time"),
}

DECLINED: dict[str, Both] = {
    Why.NEVER_HELD: (
        "未查到该号码在您所述期间的持有记录。",
        "There is no record that this number was held as you say.",
    ),
    Why.PURGED: (
        "该使用权已终止，其数据已依规则清除（第 10.3、10.4 条），无法找回。",
        "This right of use has ended and its data was cleared under the Rules (10.3, 10.4): it cannot be recovered.",
    ),
    Why.CANCELLED: (
        "该号码由其持有人自行注销（第 12.1 条），无法找回。",
        "This number was cancelled by its holder (12.1): it cannot be recovered.",
    ),
    Why.NOT_HIS: ("所指决定与该持有期无关。", "The decision you name does not concern your tenure."),
    Why.NOTHING_DONE: ("所指决定未对该号码采取措施。", "The decision you name took no measure on this number."),
    Why.TOO_LATE: (
        f"已超过 {closing.OBJECTION.days} 日的异议期限。",
        f"The {closing.OBJECTION.days} days for objections are over.",
    ),
    Why.FINAL: (
        "该异议已作出处理，且不再有复核：异议已成立、已经复核、复核期限已过，或已诉至法院（第 12.5 条）。",
        "This objection was decided and has no second review: it was upheld, that is done, its time is over,"
        " or it went to court (12.5).",
    ),
}

ROUTED: dict[str, Both] = {
    Route.OBJECTION: (
        "该号码因处置决定被冻结或终止，不适用账号找回；您的申诉已转为对该决定的异议。",
        "The number was frozen or terminated by a decision, which account recovery does not reach: your appeal was"
        " taken as an objection to that decision.",
    ),
}


OVER: Both = (
    "所涉措施已经结束；我们仍会就其是否正当作出处理。",
    "The measure has ended already; whether it was right is decided all the same.",
)
UNPROMISED: Both = ("我们从未承诺申诉一定成功（第 7 条）。", "We never promised that an appeal succeeds (7).")
OFTEN: Both = (
    f"您在 {WINDOW.days} 日内已就同一事项提出 {PER_WINDOW} 次以上申诉，本次由主管处理；请勿重复提交。",
    f"You have filed about the same matter more than {PER_WINDOW} times within {WINDOW.days} days: a supervisor hears"
    " this one. Please do not file it over and over.",
)


def receipt(appeal: Appeal, made: Both) -> str:
    """Sent when it is filed: the receipt number, and what was `made` of it."""
    return _headed(appeal, made)


def made_of(appeal: Appeal, *, over: bool = False) -> Both:
    """What it was taken as, and what comes next, to the foot of the letter: the same for all that are like it in kind,
    route and clock. `over`: what it objects to has ended already."""
    if appeal.why:
        what = DECLINED[appeal.why]
    else:
        kind, until = KINDS[appeal.kind], phrases.of_moment(appeal.due_at)
        what = (
            f"您的申诉已按{kind[0]}受理，将在 {until[0]}前答复；需要您补充材料的时间不计入。结果不能预先告知。",
            f"It was taken as {kind[1]}. You will have an answer by {until[1]}, not counting the time in which we wait"
            " for something from you. Its outcome cannot be told beforehand.",
        )
    beside = (OVER if over else NOTHING, OFTEN if appeal.gated else NOTHING)
    return _body(appeal, ROUTED.get(appeal.route, NOTHING), what, *beside, _questions() if appeal.why else NOTHING)


def converted(appeal: Appeal) -> str:
    """It is heard as another kind than it was filed as."""
    kind, until = KINDS[appeal.kind], phrases.of_moment(appeal.due_at)
    return _letter(
        appeal,
        (
            f"您的申诉现改按{kind[0]}受理，将在 {until[0]}前答复；需要您补充材料的时间不计入。结果不能预先告知。",
            f"Your appeal is now heard as {kind[1]}. You will have an answer by {until[1]}, not counting the time in"
            " which we wait for something from you. Its outcome cannot be told beforehand.",
        ),
    )


def asked(appeal: Appeal, text: str) -> str:
    days = WAIT_FOR_ANSWER.days
    more: Both = (
        f"请补充以下内容，{days} 日内未补充的，申诉视为放弃：\n{text}",
        f"Please send us the following; after {days} days without it the appeal is taken as abandoned:\n{text}",
    )
    return _letter(appeal, more)


def ruling(appeal: Appeal, outcome: str, text: str, clauses: Both) -> str:
    """The decision: its outcome, its reasons as they were written, the clauses in their version, the next remedy."""
    zh, en = OUTCOMES[outcome]
    by = clauses
    grounds: Both = (f"依据：\n{by[0]}", f"Grounds:\n{by[1]}") if by[0] else NOTHING
    return _letter(
        appeal,
        (f"处理结果：{zh}。\n理由：\n{text}", f"Outcome: {en}.\nReasons:\n{text}"),
        grounds,
        _next(appeal, outcome),
    )


def closed(appeal: Appeal) -> str:
    """Withdrawn, or abandoned."""
    zh, en = OUTCOMES[appeal.outcome]
    return _letter(appeal, (f"处理结果：{zh}。", f"Outcome: {en}."), _next(appeal, appeal.outcome))


# Of a recovery (7): what whoever is bound to the number is told, and what becomes of it after its ruling.


def contested(appeal: Appeal, until: datetime.datetime | None) -> str:
    """`until`: the end of the security freeze; None: the number is not frozen."""
    zh, en = phrases.of_moment(until) if until else NOTHING
    frozen: Both = (
        f"在听取双方说明期间，该号码依第 6.2 条作安全冻结，最迟至 {zh}。",
        f"While both are heard it is under a security freeze (6.2), until {en} at the latest.",
    )
    claimed: Both = ("有人申请找回您绑定的号码。", "Somebody asks to recover the number that you are bound to.")
    say: Both = (
        "请向我们说明您的情况。结果不能预先告知。",
        "Please tell us your side. The outcome cannot be told beforehand.",
    )
    return _letter(appeal, claimed, frozen if until else NOTHING, say, _questions(), to_bound=True)


def cooling(appeal: Appeal) -> str:
    assert appeal.waits_until is not None
    zh, en = phrases.of_moment(appeal.waits_until)
    return _letter(
        appeal,
        (
            f"他人找回您绑定的号码的申请已获支持，将于 {zh} 生效。"
            "如您不同意，请在此之前告知我们，我们将立即停止并重新审理。",
            "Somebody's request to recover the number that you are bound to was upheld, and takes effect on"
            f" {en}. If you do not agree, tell us before: it is stopped at once and heard anew.",
        ),
        _questions(),
        to_bound=True,
    )


def stopped(appeal: Appeal) -> str:
    zh, en = phrases.of_moment(appeal.due_at)
    return _letter(
        appeal,
        (
            f"该号码的绑定人提出异议，找回暂不生效，将由我们重新审理，并在 {zh}前答复。结果不能预先告知。",
            "Who is bound to the number does not agree: the recovery does not take effect and is heard anew. You will"
            f" have an answer by {en}. Its outcome cannot be told beforehand.",
        ),
    )


def not_carried_out(appeal: Appeal) -> str:
    """Its waiting period is over, and the number is not any more what was to be recovered."""
    zh, en = phrases.of_moment(appeal.due_at)
    return _letter(
        appeal,
        (
            f"等候期内该号码的状况已有变化，找回暂不生效，将由我们重新审理，并在 {zh}前答复。结果不能预先告知。",
            "During the waiting period the number has changed: the recovery does not take effect and is heard anew. You"
            f" will have an answer by {en}. Its outcome cannot be told beforehand.",
        ),
    )


def carried_out(appeal: Appeal) -> str:
    """It may reach him before the sign-in system is reached, and says nothing that is not so then."""
    return _letter(
        appeal,
        (
            "等候期已过，我们正请登录系统为该号码重设登录凭证：登录系统受理后会提示您如何自行设置。"
            "工作人员不会索要、查看或代设密码（第 6.1 条）。初始申请注册人不因此变更（第 8.2 条）。",
            "The waiting period is over, and we ask the sign-in system for new credentials: once it has taken that in,"
            " it tells you how to set them yourself. No member of staff asks for a password, sees one or sets one"
            " (6.1). The initial registrant does not change (8.2).",
        ),
        _questions(),
    )


def message(appeal: Appeal, text: str) -> str:
    return _letter(appeal, (text, ""))


def _next(appeal: Appeal, outcome: str) -> Both:
    """What can be done next: a second review, then the court (12.5)."""
    if appeal.kind == Kind.OBJECTION and appeal.round == 1 and not appeal.why and outcome in AGAINST:
        days = SECOND_REVIEW_WITHIN.days
        zh, en = _contact()
        return (
            f"如不服，可在 {days} 日内申请一次复核，由其他工作人员处理：{zh}。",
            f"If you do not agree, you may ask within {days} days for one second review, by other members of staff:"
            f" {en}.",
        )
    return _questions()


def _contact() -> Both:
    return settings.QQOPS_APPEAL_CONTACT, settings.QQOPS_APPEAL_CONTACT_EN or settings.QQOPS_APPEAL_CONTACT


def _questions() -> Both:
    zh, en = _contact()
    return f"如有疑问：{zh}。", f"If you have questions: {en}."


def _letter(appeal: Appeal, *parts: Both, to_bound: bool = False) -> str:
    return _headed(appeal, _body(appeal, *parts), to_bound=to_bound)


def _body(appeal: Appeal, *parts: Both) -> Both:
    unpromised = UNPROMISED if appeal.kind == Kind.RECOVERY else NOTHING  # 7(c): in every letter of a recovery
    signed = (settings.QQOPS_OPERATOR, settings.QQOPS_OPERATOR)
    foot = phrases.joined([part for part in (unpromised, phrases.jurisdiction(), signed) if part[0]], "\n", "\n")
    return phrases.joined([part for part in (*parts, foot) if part[0] or part[1]], "\n\n", "\n\n")


def _headed(appeal: Appeal, body: Both, *, to_bound: bool = False) -> str:
    """Whoever is bound to the number may have stolen it: by the receipt number he would pass for the appellant."""
    zh, en = f"号码：{appeal.number_id}", f"Number: {appeal.number_id}"
    if not to_bound:
        zh, en = f"回执编号：{appeal.receipt}\n{zh}", f"Receipt number: {appeal.receipt}\n{en}"
    return f"{zh}\n\n{body[0]}\n\n————\n\n{en}\n\n{body[1]}"
