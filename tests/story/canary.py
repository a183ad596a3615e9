"""People who do not exist, and texts nobody else would write: wherever one of these is found, it came from here."""

ADULT = {
    "name": "司空𠮷鹩",
    "document": "44052419870607771X",
    "mobile": "+8613987650421",
    "email": "Fiskmas.Qx7@vogelnest.example",
    "born": "1987-06-07",
}
MINOR = {
    "name": "澹台𪚥雏",
    "document": "440524201506077728",
    "mobile": "+8615687650421",
    "email": "kuiken.qx8@vogelnest.example",
}
CORRECTED = "+8618987650421"
IMPORTED = {"name": "轩辕𠮷鸮", "document": "440524198706077736", "mobile": "+8617687650421"}

HOLDER = {
    "name": "闻人𠮷鸥",
    "document": "440524199106077737",
    "mobile": "+8616687650421",
    "email": "Meeuw.qx9@vogelnest.example",
}

SCOPE = "调取司空𠮷鹩注册资料：渡鸦范围七四二"
STATEMENT = "办案人公羊𪚥鸢，电话13587650421：渡鸦陈述七四一"
SCAN = b"%PDF-1.4\n% raven scan 743 of " + ADULT["document"].encode()
PLEA = "澹台𪚥雏之父公冶𠮷鸢来信：渡鸦诉求七四四"

EVIDENCE = "聊天记录：渡鸦证据七五一".encode()

APPELLANT = "Raaf.qx6@vogelnest.example"
APPEAL = "我是百里𠮷鸦，渡鸦申诉七六一，请核查。"
ITEM = "转账记录：渡鸦凭证七六二"
PHOTO = b"%PDF-1.4\n% raven receipt 765"
ANSWER = "补充说明：渡鸦答复七六三"
RULED = "经核查：渡鸦裁定七六四，理由如下。"

VALUES: dict[str, str] = {
    **{f"adult's {item}": value for item, value in ADULT.items()},
    **{f"minor's {item}": value for item, value in MINOR.items()},
    **{f"holder's {item}": value for item, value in HOLDER.items()},
    **{f"imported {item}": value for item, value in IMPORTED.items()},
    "corrected mobile": CORRECTED,
    "officer's name": "公羊𪚥鸢",
    "officer's mobile": "+8613587650421",
    "father's name": "公冶𠮷鸢",
    "scope": "渡鸦范围七四二",
    "statement": "渡鸦陈述七四一",
    "scan": "raven scan 743",
    "plea": "渡鸦诉求七四四",
    "evidence": "渡鸦证据七五一",
    "appellant's e-mail": APPELLANT,
    "appellant's name": "百里𠮷鸦",
    "appeal": "渡鸦申诉七六一",
    "item": "渡鸦凭证七六二",
    "photo": "raven receipt 765",
    "answer": "渡鸦答复七六三",
    "ruling": "渡鸦裁定七六四",
}
