// A canvas with points that can be moved and zoomed by pointer, wheel, pinch and keys.

const RADIUS = 4.5; // of a point, in CSS pixels
const REACH = 14; // how far from a point a press still means it
const CLICK = 5; // a pointer that moved less has pressed, not dragged
const STEP = 40; // pixels that an arrow key moves
const [LEAST, MOST] = [0.8, 60]; // zoom
const KINDS = 9; // colours of the style sheet: --kind-0 to --kind-8
const SHAPES = 4; // disc, square, triangle, diamond: kinds differ in more than colour

export class Plane {
  #kinds = [];
  #pointers = new Map();
  #moved = 0;

  // `points` has columns x and y in -1..1; `told` has `near` (points in view, nearest to the middle first), `over`
  // (a point or null, and where) and `open` (a point).
  constructor(canvas, points, told) {
    Object.assign(this, { canvas, points, told, scale: 1, x: 0, y: 0 });
    new ResizeObserver(() => this.draw()).observe(canvas);
    const listen = (event, listener) => canvas.addEventListener(event, listener.bind(this));
    listen("wheel", this.#onWheel);
    listen("pointerdown", this.#onDown);
    listen("pointermove", this.#onMove);
    listen("pointerup", this.#onUp);
    listen("pointercancel", this.#onUp);
    listen("pointerleave", () => told.over(null));
    listen("keydown", this.#onKey);
  }

  // Show every point.
  fit() {
    [this.scale, this.x, this.y] = [1, 0, 0];
    this.draw();
  }

  // Zoom around a place of the canvas, its middle by default.
  zoom(factor, [left, top] = this.#middle()) {
    const before = this.#inside(left, top);
    this.scale = Math.min(MOST, Math.max(LEAST, this.scale * factor));
    const after = this.#inside(left, top);
    this.#shift(before[0] - after[0], before[1] - after[1]);
  }

  // Give each point its kind: a number from 0, or -1 for none.
  paint(kinds) {
    this.#kinds = kinds;
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    const dense = devicePixelRatio;
    [this.canvas.width, this.canvas.height] = [width * dense, height * dense];
    const pen = this.canvas.getContext("2d");
    pen.scale(dense, dense);
    const style = getComputedStyle(this.canvas);
    const colours = Array.from({ length: KINDS }, (_, kind) => style.getPropertyValue(`--kind-${kind}`));
    const none = style.getPropertyValue("--kind-none");
    for (const i of this.points.ids.keys()) {
      const kind = this.#kinds[i] ?? -1;
      pen.fillStyle = kind < 0 ? none : colours[kind];
      pen.beginPath();
      outline(pen, kind < 0 ? 0 : kind % SHAPES, ...this.place(i));
      pen.globalAlpha = 0.85;
      pen.fill();
    }
    this.told.near(this.#nearest(...this.#middle()).filter((i) => this.#visible(i)));
  }

  // Where a point is on the canvas, in CSS pixels.
  place(i) {
    const [unit, left, top] = [this.#unit(), ...this.#middle()];
    return [left + (this.points.x[i] - this.x) * unit, top - (this.points.y[i] - this.y) * unit];
  }

  #unit() {
    return 0.46 * Math.min(this.canvas.clientWidth, this.canvas.clientHeight) * this.scale;
  }

  #middle() {
    return [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
  }

  #inside(left, top) {
    const [unit, x, y] = [this.#unit(), ...this.#middle()];
    return [this.x + (left - x) / unit, this.y - (top - y) / unit];
  }

  #shift(x, y) {
    this.x = Math.min(1.2, Math.max(-1.2, this.x + x));
    this.y = Math.min(1.2, Math.max(-1.2, this.y + y));
    this.draw();
  }

  #visible(i) {
    const [left, top] = this.place(i);
    return left >= 0 && top >= 0 && left <= this.canvas.clientWidth && top <= this.canvas.clientHeight;
  }

  #nearest(left, top) {
    const [x, y] = this.#inside(left, top);
    const apart = this.points.ids.map((_, i) => Math.hypot(this.points.x[i] - x, this.points.y[i] - y));
    return [...apart.keys()].sort((a, b) => apart[a] - apart[b]);
  }

  #under(event) {
    const [i] = this.#nearest(event.offsetX, event.offsetY);
    const [left, top] = this.place(i);
    return Math.hypot(left - event.offsetX, top - event.offsetY) <= REACH ? i : null;
  }

  #onWheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), [event.offsetX, event.offsetY]);
  }

  #onDown(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.#moved = 0;
  }

  #onMove(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return this.#tell(event);
    this.#pointers.set(event.pointerId, event);
    this.#moved += Math.hypot(event.offsetX - before.offsetX, event.offsetY - before.offsetY);
    const other = [...this.#pointers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (other) return this.zoom(apart(event, other) / apart(before, other), halfway(event, other));
    this.#shift((before.offsetX - event.offsetX) / this.#unit(), (event.offsetY - before.offsetY) / this.#unit());
  }

  #tell(event) {
    const i = this.#under(event);
    this.canvas.classList.toggle("over", i !== null);
    this.told.over(i, event.offsetX, event.offsetY);
  }

  #onUp(event) {
    this.#pointers.delete(event.pointerId);
    const i = event.type === "pointerup" && this.#moved < CLICK ? this.#under(event) : null;
    if (i !== null) this.told.open(i);
  }

  #onKey(event) {
    const step = STEP / this.#unit();
    const keys = {
      ArrowLeft: () => this.#shift(-step, 0),
      ArrowRight: () => this.#shift(step, 0),
      ArrowUp: () => this.#shift(0, step),
      ArrowDown: () => this.#shift(0, -step),
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      0: () => this.fit(),
    };
    if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}

const apart = (a, b) => Math.max(1, Math.hypot(a.offsetX - b.offsetX, a.offsetY - b.offsetY));
const halfway = (a, b) => [(a.offsetX + b.offsetX) / 2, (a.offsetY + b.offsetY) / 2];

function outline(pen, shape, x, y) {
  const r = RADIUS;
  if (shape === 0) pen.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === 1) pen.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else polygon(pen, shape === 2 ? [[x, y - r * 1.2], [x + r * 1.1, y + r * 0.8], [x - r * 1.1, y + r * 0.8]] : [[x, y - r * 1.3], [x + r * 1.3, y], [x, y + r * 1.3], [x - r * 1.3, y]]);
}

function polygon(pen, [first, ...others]) {
  pen.moveTo(...first);
  for (const corner of others) pen.lineTo(...corner);
  pen.closePath();
}
