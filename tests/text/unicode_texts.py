"""Texts as they come: any Unicode, and the pieces that break analyzers."""

from hypothesis import strategies as st

PIECES = [
    "고혈압", "당뇨병이었는데", "HbA1c", "는", "糖尿病", "高血壓", "e\u0301", "\u1100\u1161", "\u200b", "\u00ad",
    "\ufeff", "ｈｂ", "㎎", "½", "한", "\u1161", "ㅋㅋ", "🙂", "👨\u200d👩\u200d👧", "\ud800", "\U00020000", "\uf900",
    "\x00", "\n", " ", ".", "-", "'", "%", "7.2%", "TNF-α", "İ", "ß", "２型", "B형간염", "\u00b5g", "…", "ﬁ",
    "ا\u064b", "កា", "ｶﾞ", "①", "10⁹/L",
]  # fmt: skip

texts = st.one_of(
    st.text(alphabet=st.characters(), max_size=40),
    st.text(alphabet="".join(sorted(set("".join(PIECES)))), max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
)
