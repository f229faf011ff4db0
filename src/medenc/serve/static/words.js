// What the page says, in its three languages.
export const WORDS = {
  ko: {
    language: "화면 언어", theme: "밝은 화면과 어두운 화면 바꾸기", query: "검색어", hint: "의학 문장을 찾아보세요", go: "검색",
    mode: "검색 방식", hybrid: "혼합", lexical: "어휘", dense: "의미", welcome: "한국어, 중국어, 영어 의학 글을 한 번에 찾습니다.",
    examples: "이렇게 찾아보세요", answer: "답", no_answer: "찾은 글에 답이 없습니다.", answer_failed: "답을 구하지 못했습니다.",
    hits: "검색 결과", nothing: "맞는 글이 없습니다. 다른 낱말이나 의미 검색을 써 보세요.", found: (n, ms) => `${n}건${ms}`, searching: "찾는 중…",
    unreachable: "서버에 닿지 않습니다. 서버가 켜져 있는지 보고 다시 찾아 주세요.", refused: "검색하지 못했습니다.", no_index: "이 서버에는 색인이 없습니다.",
    key_focus: "검색창", key_move: "이동", key_open: "펼치기", passages: (n) => `글 ${n.toLocaleString("ko")}편`, ko: "한국어", zh: "중국어", en: "영어",
  },
  zh: {
    language: "界面语言", theme: "切换浅色与深色", query: "检索词", hint: "检索医学文本", go: "检索",
    mode: "检索方式", hybrid: "混合", lexical: "词汇", dense: "语义", welcome: "一次检索韩文、中文和英文医学文本。",
    examples: "试试这些", answer: "答案", no_answer: "找到的文本中没有答案。", answer_failed: "未能求得答案。",
    hits: "检索结果", nothing: "没有匹配的文本。请换个词，或用语义检索。", found: (n, ms) => `${n} 条${ms}`, searching: "检索中…",
    unreachable: "无法连接服务器。请确认服务器正在运行，然后重试。", refused: "检索未能完成。", no_index: "此服务器没有索引。",
    key_focus: "检索框", key_move: "移动", key_open: "展开", passages: (n) => `${n.toLocaleString("zh")} 篇文本`, ko: "韩文", zh: "中文", en: "英文",
  },
  en: {
    language: "Language of the page", theme: "Switch between light and dark", query: "Query", hint: "Search medical text", go: "Search",
    mode: "Mode", hybrid: "Hybrid", lexical: "Lexical", dense: "Dense", welcome: "One search over Korean, Chinese and English medical text.",
    examples: "Try one of these", answer: "Answer", no_answer: "The passages found hold no answer.", answer_failed: "No answer could be computed.",
    hits: "Hits", nothing: "No passage matches. Try other words, or dense search.", found: (n, ms) => `${n} ${n === 1 ? "hit" : "hits"}${ms}`, searching: "Searching…",
    unreachable: "The server cannot be reached. See that it runs, then search again.", refused: "The search was refused.", no_index: "This server has no index.",
    key_focus: "search box", key_move: "move", key_open: "open", passages: (n) => `${n.toLocaleString("en")} passages`, ko: "Korean", zh: "Chinese", en: "English",
  },
};

export const EXAMPLES = [
  "metformin 먹는데 eGFR 떨어지면 용량 어떻게 해?",
  "心功能不好的人能不能吃止痛药布洛芬",
  "can a 심부전 patient take naproxen",
  "吃warfarin的病人INR突然低了",
];
