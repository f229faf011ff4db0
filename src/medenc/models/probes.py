"""Sixty-four fixed texts by which two backends of one model are compared; written for this, about nobody."""

_NAMES = (
    ("고혈압", "高血压", "hypertension"),
    ("제2형 당뇨병", "2型糖尿病", "type 2 diabetes"),
    ("심방세동", "心房颤动", "atrial fibrillation"),
    ("천식", "哮喘", "asthma"),
    ("만성 콩팥병", "慢性肾脏病", "chronic kidney disease"),
    ("폐렴", "肺炎", "pneumonia"),
    ("편두통", "偏头痛", "migraine"),
    ("철 결핍 빈혈", "缺铁性贫血", "iron deficiency anaemia"),
)
_FORMS = (
    ("{}", "{}", "{}"),
    ("{} 치료", "{}怎么治疗", "How is {} treated?"),
)
_LONG = (
    "{0} 환자에서 {2}의 1차 치료를 시작하기 전에 혈압과 eGFR, 간 기능을 확인하고, "
    "4주 뒤에 다시 평가하여 용량을 조절한다.",
    "对于{1}患者，开始一线治疗前应检查血压、eGFR和肝功能，四周后复查，根据结果调整剂量，并记录不良反应。",
)


def _texts() -> tuple[str, ...]:
    short = [form.format(name) for forms in _FORMS for names in _NAMES for form, name in zip(forms, names, strict=True)]
    long = [form.format(*names) for form in _LONG for names in _NAMES]
    return (*short, *long)


TEXTS = _texts()
