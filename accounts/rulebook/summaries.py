"""Short summaries of the Rules in the house's own words: clause → (zh, en). Pure data.

They let the house work before anyone has imported the Rules, and give each clause an English reading. They are no
text of the Rules: the version that carries them is marked as a summary and yields to any imported text in force.
"""

DOCUMENT = "qq-number-rules"
TITLE = "QQ号码规则"

SUMMARIES: dict[str, tuple[str, str]] = {
    "preamble.1": (
        "宗旨：用好号码资源、保护用户；提醒留意限责内容，可选择是否同意。",
        "Purpose: good use of numbers and protection of users; read limiting terms with care, then accept or decline.",
    ),
    "preamble.2": (
        "不同意本规则就不能注册或使用号码；注册或使用等于同意。",
        "No acceptance, no number: applying for one or using it counts as acceptance.",
    ),
    "1.1": (
        "适用于所有以号码注册或登录的软件与服务。",
        "Covers every piece of software and service that needs a number.",
    ),
    "1.2": ("属业务规则，并入服务总协议。", "These are business rules and part of the general service agreement."),
    "1.3": ("使用单项服务还要守该项服务自己的协议。", "Each service's own agreement applies as well."),
    "2": (
        "号码是运营方设立的身份数字标识，归运营方；个人只有使用权。",
        "A number is an identifier made by the operator, which keeps it; a person has only a right of use.",
    ),
    "3.1": (
        "号码可经多种渠道免费或有偿注册，所列渠道并非全部。",
        "Numbers are registered free or paid through several channels; the list is open.",
    ),
    "3.1(1)": ("渠道：客户端。", "Channel: the software client."),
    "3.1(2)": ("渠道：网站。", "Channel: the website."),
    "3.1(3)": ("渠道：短信或电话语音。", "Channel: text message or voice call."),
    "3.1(4)": ("渠道：运营方自办或授权他人办的活动。", "Channel: a campaign run or authorised by the operator."),
    "3.1(5)": ("渠道：经授权的其他途径。", "Channel: any other authorised way."),
    "3.2": ("注册完成之时起取得使用权。", "The right of use begins when registration is complete."),
    "3.3": ("各渠道所得号码一律适用本规则。", "No channel exempts a number from these rules."),
    "4.1": (
        "资料要填写并保持最新；法律要求时须实名；不全或不实会使服务受限。",
        "Give the required information and keep it current, real identity where the law says so;"
        " gaps or errors may limit service.",
    ),
    "4.2": (
        "保护个人信息；无本人同意不对外提供，法律另有要求的例外。",
        "Personal information is protected and not disclosed without consent, save where the law provides.",
    ),
    "5.1": ("号码可登录运营方的各项服务。", "A number logs in to the operator's own services."),
    "5.2": ("号码也可登录合作方的服务。", "A number also logs in to partners' services."),
    "6.1": (
        "密码由用户自设；号码和密码由用户保管。",
        "Users set their own password and look after number and password.",
    ),
    "6.2": (
        "安全责任由双方分担；运营方以技术手段保护服务器一侧。",
        "Security is shared; the operator protects the server side with up-to-date measures.",
    ),
    "6.3": (
        "用户自己也要防护：保管密码、防毒、定期换密码。",
        "Users protect themselves too: guard the password, use anti-virus software, change the password regularly.",
    ),
    "7": (
        "被盗、忘记密码或无法登录时可按申诉渠道找回，须守申诉协议；不保证成功。",
        "Stolen, forgotten or locked out: appeal by the set route and its agreement; success is not promised.",
    ),
    "8.1": (
        "禁止恶意注册；是否恶意由运营方自行判断并处理。",
        "No malicious registration; the operator judges and acts on its own assessment.",
    ),
    "8.2": (
        "使用权只归初始申请注册人；未获许可，送、借、租、让、卖或交他人使用均不可。",
        "The right of use is the initial registrant's alone: no gift, loan, rent, transfer or sale without permission.",
    ),
    "8.3": (
        "知道他人号码的密码时不得登录或操作，应尽快告知运营方或初始申请注册人。",
        "Whoever knows the password of another's number must not use it, and must tell the operator"
        " or the initial registrant.",
    ),
    "9.1": (
        "持有人对其号码下的一切活动负责。",
        "The holder answers for everything done under the number.",
    ),
    "9.2": (
        "盗号由运营方造成的，运营方依法担责；其他情形不担责。",
        "The operator is liable by law for theft that it caused, and for no other.",
    ),
    "9.3": (
        "依规则采取措施所致的损失由用户承担。",
        "Loss from a rightful restriction, freeze or termination is the user's.",
    ),
    "9.4": (
        "无论有无报酬都不得转让号码；后果自负，运营方可追究。",
        "No transfer, paid or unpaid; the consequences are the user's and the operator may take action.",
    ),
    "10.1": (
        "违法或违反协议、规则的，运营方可自行判断，随时采取限制、冻结、终止三种措施，并决定可否恢复。",
        "For a breach of law, agreement or rule the operator may restrict, freeze or terminate at any time"
        " on its own judgement, and decides whether to restore.",
    ),
    "10.2": (
        "使用者不是初始申请注册人的，可不经通知终止。",
        "Use by someone other than the initial registrant may be terminated without notice.",
    ),
    "10.3": (
        "注册后迟迟未首次登录或长期未登录等，可终止以回收号码资源。",
        "No timely first login, long dormancy and the like: use may be terminated to reclaim the number.",
    ),
    "10.4": (
        "限制、冻结或终止造成的损失（如通信中断、资料与道具清空）由用户承担。",
        "Losses from a restriction, freeze or termination (contacts, data, mail, items) fall on the user.",
    ),
    "11": (
        "对限制措施有异议或遇其他问题，可找客户服务。",
        "Objections to a measure and other problems go to customer service.",
    ),
    "12.1": (
        "使用即同意；规则可修改，最新版可查；继续使用等于同意新版，不同意应停用。",
        "Use is acceptance. The rules may change and the latest can be read; going on is acceptance,"
        " otherwise stop using the number.",
    ),
    "12.2": (
        "服务总协议等一并适用；冲突时本规则优先；接受其一即接受全部。",
        "The service agreement and the like belong here; in conflict these rules win; accepting one accepts all.",
    ),
    "12.3": ("签订地：深圳市南山区。", "Place of signing: Nanshan, Shenzhen."),
    "12.4": ("适用中国大陆法律，不含冲突规范。", "Mainland Chinese law applies, without its conflict rules."),
    "12.5": (
        "争议先协商，不成则由签订地法院管辖。",
        "Disputes are negotiated first, then go to the court at the place of signing.",
    ),
    "12.6": ("标题只便于阅读，不作解释依据。", "Headings are for reading only and carry no meaning."),
    "12.7": ("部分条款无效不影响其余条款。", "If a part is void, the rest stays in force."),
}
