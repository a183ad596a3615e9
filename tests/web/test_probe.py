from tests.web.door import *
def test_probe(browser, numbers):
    ns = numbers(60)
    o, s, s2 = browser("officer"), browser("supervisor"), browser("supervisor2")
    def show(name, f):
        with queries() as q: r = f()
        print("\n##", name, r.status_code, len(q)); 
        for x in q: print("   ", x[:150].replace("\n"," "))
        return r
    show("list", lambda: s.get("/admin/accounts/number/"))
    url = act_url("freeze", ns[0])
    show("freeze GET", lambda: o.get(url))
    p = show("freeze preview", lambda: preview(o, url, FREEZE))
    show("confirm", lambda: confirm(o, url, FREEZE, p.context["token"]))
    show("number page o", lambda: o.get(number_url(ns[0])))
    show("number page s", lambda: s.get(number_url(ns[0])))
    url = act_url("freeze", ns[1])
    said = FREEZE | {"term": "30"}
    p = preview(o, url, said)
    show("confirm provisional", lambda: confirm(o, url, said, p.context["token"]))
    d = Decision.objects.latest("pk")
    show("ruling", lambda: s.get(ruling_url(d)))
    show("rule", lambda: rule(s, d))
    show("decision", lambda: s.get(decision_url(d)))
    show("decisions", lambda: s.get("/admin/enforcement/decision/"))
    show("inbox", lambda: s.get("/admin/inbox/"))
    show("index", lambda: s.get("/admin/"))
