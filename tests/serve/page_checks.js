// What the tests of the page ask of it, beside what its own functions tell.

// The contrast of every text in view with what is behind it, as WCAG 2.2 defines it: [[ratio, element, text]].
function contrasts() {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colour, below) => {
    pen.fillStyle = `rgb(${below.join(" ")})`;
    pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const lightness = (rgb) => {
    const [r, g, b] = rgb.map((part) => linear(part / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    return over(getComputedStyle(element).backgroundColor, ground(element.parentElement));
  };
  const unseen = ":disabled, .unseen, .skip, svg, option, :has(> input:disabled)";
  const written = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const shown = (element) => element.checkVisibility() && !element.closest(unseen);
  const found = [...document.querySelectorAll("body *")].filter((element) => shown(element) && written(element));
  return found.map((element) => {
    const behind = ground(element);
    const both = [behind, over(getComputedStyle(element).color, behind)].map(lightness);
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    return [ratio, element.className || element.tagName, element.textContent.slice(0, 30)];
  });
}

// Elements with other names than `tags`, listeners in attributes, styles and addresses that are not the page's own.
function foreign(tags) {
  const addresses = ["href", "src", "action", "data", "srcdoc", "formaction"];
  const strange = ({ name, value }) =>
    name.startsWith("on") ||
    (name === "style" && !/^((width|left|top|transform): [-\d.\w()% ]*; ?)*$/.test(value)) ||
    (addresses.includes(name) && !/^(#|\/static\/)/.test(value));
  return [...document.querySelectorAll("*")].flatMap((element) => [
    ...(tags.includes(element.tagName) ? [] : [element.tagName]),
    ...[...element.attributes].filter(strange).map(({ name, value }) => `${name}=${value}`),
  ]);
}

// How many colours a canvas shows, those alike counted once.
function inks(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200) seen.add([data[i], data[i + 1], data[i + 2]].map((part) => part >> 4).join());
  }
  return seen.size;
}

// The text of an element without what is in smaller print.
function plain(element) {
  const copy = element.cloneNode(true);
  for (const small of copy.querySelectorAll("small")) small.remove();
  return copy.textContent;
}

// Where an element is on the screen: [left, top, width, height].
function box(selector) {
  const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
  return [x, y, width, height];
}

// How many elements change gradually.
function moving() {
  const takes = (element) => parseFloat(getComputedStyle(element).transitionDuration) > 0;
  return [...document.querySelectorAll("*")].filter(takes).length;
}
