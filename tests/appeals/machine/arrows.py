"""The two machines of domain.md §2 and §8, written down once more: what each act may make of an appeal.

Read from the domain and not from appeals/lifecycle.py: by the verb of its event, whose kinds they are and what became
of what. An act that is not named here changes no appeal.
"""

RECOVERY, OBJECTION, ENQUIRY = "recovery", "objection", "enquiry"
ALL = frozenset({RECOVERY, OBJECTION, ENQUIRY})
FILED, WAITING, RULED, COOLING, CLOSED, COURT = "filed", "waiting", "ruled", "cooling", "closed", "court"
OPEN = (FILED, WAITING, RULED, COOLING)
CONSIDERED = frozenset({RECOVERY, OBJECTION})  # a ruling on it may need a second person
Arrow = tuple[frozenset[str], str, str]  # of which kinds, from, to; from "": it begins

_LEFT = tuple((ALL, state, state) for state in (FILED, RULED, COOLING))  # something came in, and nothing moved by it
_AS_IT_IS = (ALL, FILED, FILED)
_RECOVERED = frozenset({RECOVERY})
_OBJECTED = frozenset({OBJECTION})

ARROWS: dict[str, tuple[Arrow, ...]] = {
    "appeal.filed": ((ALL, "", FILED), (ALL, "", CLOSED)),  # on the register, heard or not
    "appeal.asked": ((ALL, FILED, WAITING),),
    "appeal.answered": ((ALL, WAITING, FILED), *_LEFT),
    "appeal.evidence_added": ((ALL, WAITING, FILED), *_LEFT),
    "appeal.joined": ((ALL, WAITING, FILED), *_LEFT),
    "appeal.evidence_weighed": ((_RECOVERED, FILED, FILED),),
    "appeal.contested": ((_RECOVERED, FILED, FILED),),
    "appeal.converted": (_AS_IT_IS,),
    "appeal.withdrawn": ((ALL, FILED, CLOSED), (ALL, WAITING, CLOSED), (_RECOVERED, COOLING, CLOSED)),
    "appeal.abandoned": ((ALL, WAITING, CLOSED),),
    "appeal.ruled": ((ALL, FILED, CLOSED), (CONSIDERED, FILED, RULED), (_RECOVERED, FILED, COOLING)),
    "appeal.ruling_agreed": ((CONSIDERED, RULED, CLOSED), (_RECOVERED, RULED, COOLING)),
    "appeal.ruling_sent_back": ((CONSIDERED, RULED, FILED),),
    "appeal.ruling_lapsed": ((CONSIDERED, RULED, FILED),),
    "appeal.stopped": ((_RECOVERED, COOLING, FILED),),
    "appeal.reset_asked": ((_RECOVERED, COOLING, CLOSED),),
    "appeal.asked_again": ((_OBJECTED, CLOSED, FILED),),
    "appeal.sued": ((_OBJECTED, CLOSED, COURT),),
    "appeal.judged": ((_OBJECTED, COURT, CLOSED),),
    "appeal.escalated": ((ALL, FILED, FILED), (CONSIDERED, RULED, RULED)),
}

# What may come of it, by kind (domain.md §8 A and B; of an enquiry 11(b)).
_BY_ITSELF = {"withdrawn", "abandoned", "inadmissible"}
OUTCOMES = {
    RECOVERY: {"upheld", "rejected"} | _BY_ITSELF,
    OBJECTION: {"upheld", "partly", "rejected", "moot"} | _BY_ITSELF,
    ENQUIRY: {"answered"} | _BY_ITSELF,
}


def legal(verb: str, kind: str, before: str, after: str) -> bool:
    return any(kind in kinds and (before, after) == (source, target) for kinds, source, target in ARROWS.get(verb, ()))
