// Texts of ours to try the page with; the patients are invented.
export const QUERIES = [
  "metformin 먹는데 eGFR 떨어지면 용량 어떻게 해?",
  "心功能不好的人能不能吃止痛药布洛芬",
  "can a 심부전 patient take naproxen",
  "吃warfarin的病人INR突然低了",
];

export const ASKED = {
  question: "How soon after starting an ACE inhibitor should potassium be checked?",
  text:
    "An ACE inhibitor lowers the pressure inside the glomerulus, so a small rise of creatinine is expected. " +
    "Creatinine and potassium should be checked one to two weeks after starting the drug and after each change of dose. " +
    "A rise of creatinine by more than 30 percent, or potassium above 5.5 mmol/L, is a reason to stop and to look for " +
    "renal artery stenosis.",
};

export const COMPARED = {
  query: "심부전 환자는 소염진통제를 피한다",
  texts: [
    "Avoid NSAIDs in heart failure",
    "心力衰竭患者应避免使用非甾体抗炎药",
    "천식 환자는 흡입기를 쓴다",
    "Vaccinate against influenza every autumn",
  ],
};

export const MENTIONS = ["심부전", "HTN", "二甲双胍", "warfarine"];

export const READ = {
  text:
    "68세 여성, 3일 전부터 시작된 호흡곤란으로 내원. HTN으로 amlodipine 5mg 복용 중이며 양측 하지 부종이 있음. " +
    "BNP 980 pg/mL, 흉부 X선에서 폐부종 소견으로 furosemide 40mg IV 투여함.",
  question: "어떤 약을 정맥으로 투여했나요?",
  options: ["furosemide", "amlodipine", "warfarin", "metformin"],
};
