// Text as the server counts it: offsets are Unicode code points, while JavaScript strings count UTF-16 units.

// The text cut at the borders of `spans`: [{text, marked}], in order, nothing lost. Overlapping spans become one.
export function segments(text, spans) {
  const points = Array.from(text);
  const parts = [];
  let at = 0;
  const add = (end, marked) => {
    if (end > at) parts.push({ text: points.slice(at, end).join(""), marked });
    at = Math.max(at, end);
  };
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    add(Math.min(start, points.length), false);
    add(Math.min(end, points.length), true);
  }
  add(points.length, false);
  return parts;
}

// The part of a long text around its first span, cut between words where it can be: {text, spans, cutBefore, cutAfter}.
export function excerpt(text, spans, length) {
  const points = Array.from(text);
  const first = spans.length ? Math.min(...spans.map(([start]) => start)) : 0;
  const lead = Math.floor(length / 3);
  const start = first <= lead ? 0 : wordStart(points, Math.min(first - lead, Math.max(0, points.length - length)), first);
  const end = wordEnd(points, Math.min(points.length, start + length), first);
  return {
    text: points.slice(start, end).join(""),
    spans: spans
      .filter(([from, to]) => to > start && from < end)
      .map(([from, to]) => [Math.max(from, start) - start, Math.min(to, end) - start]),
    cutBefore: start > 0,
    cutAfter: end < points.length,
  };
}

const SENTENCE_END = /[.!?。！？\n]/u;

// The sentence around a span, as a span; a full stop inside a number or a name ends nothing.
export function sentenceAround(text, [start, end]) {
  const points = Array.from(text);
  const ends = (i) => SENTENCE_END.test(points[i]) && (/[。！？\n]/u.test(points[i]) || i + 1 === points.length || /\s/u.test(points[i + 1]));
  let [from, to] = [start, end];
  while (from > 0 && !ends(from - 1)) from--;
  while (to < points.length && !ends(to - 1)) to++;
  while (from < start && /\s/u.test(points[from])) from++;
  return [from, to];
}

const LONGEST_WORD = 20; // how far a cut moves to find a gap between words
const GAP = /[\s，。、；：！？]/u;

function wordStart(points, at, limit) {
  if (at === 0) return 0;
  for (let i = at; i < Math.min(at + LONGEST_WORD, limit); i++) if (GAP.test(points[i - 1])) return i;
  return at;
}

function wordEnd(points, at, limit) {
  if (at === points.length) return at;
  for (let i = at; i > Math.max(at - LONGEST_WORD, limit); i--) if (GAP.test(points[i])) return i;
  return at;
}

const SCRIPTS = /(?<hangul>\p{Script=Hangul}+)|(?<han>\p{Script=Han}+)|(?<latin>\p{Script=Latin}[\p{Script=Latin}\p{M}]*)|(?<other>[^\p{Script=Hangul}\p{Script=Han}\p{Script=Latin}]+)/gu;

// The text cut where its script changes: [{text, script}], script is hangul, han, latin or other.
export function scripts(text) {
  return [...text.matchAll(SCRIPTS)].map((match) => ({
    text: match[0],
    script: Object.keys(match.groups).find((name) => match.groups[name] !== undefined),
  }));
}

// The language to read a text in: Korean when it has any Hangul, Chinese when it has Han characters only, else English.
export function languageOf(text) {
  if (/\p{Script=Hangul}/u.test(text)) return "ko";
  return /\p{Script=Han}/u.test(text) ? "zh" : "en";
}

// Whether a query reads like a question in one of the three languages.
export function isQuestion(text) {
  return /[?？]\s*$|[까나요]\s*$|[吗呢么]\s*$|什么|哪|怎|多少|为何|무엇|어떻|언제|얼마|^\s*(what|which|who|when|where|why|how|is|are|does|do|can|should)\b/iu.test(text);
}
