"""Words that say nothing about a document: function and question words.

Measured as nDCG@10 of BM25 (k1 0.7, b 0.6) on development queries, without and with these lists: BioASQ 0.756 and
0.819, MedQuAD 0.652 and 0.672, Toyhom 0.196 and 0.207, cMedIR 0.808 and 0.809. Korean needs none: its particles and
endings are no terms anyway.
"""

from __future__ import annotations

# No single letters (vitamin A) and no negations.
ENGLISH = frozenset(
    """
    about after again against all also am an and any are as at be because been before being between both
    but by can could did do does doing done during each few for from further had has have he her here
    hers him his how if in into is it its itself just may me might mine more most must my of on once
    only or other our over own same shall she should so some such than that the their theirs them
    themselves then there these they this those through to too under until us very was we were what when
    where which while who whom whose why will with would you your yours
    """.split()  # noqa: SIM905
)

CHINESE = frozenset(
    """
    的 了 是 我 有 吗 呢 啊 吧 和 在 也 都 就 你 您 与 及 或 我们 你们 他 她 它
    这 那 这个 那个 么 着 过 把 被 让 给 对 从 到 请问
    什么 怎么 怎么办 怎么样 怎样 为什么 如何 哪些 哪
    """.split()  # noqa: SIM905
)
# The net's single characters that are never worth a look; others above are part of content words.
CHINESE_CHARACTERS = frozenset("请问")
