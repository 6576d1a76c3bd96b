// The live part of the Watch page. A stream of server-sent events brings lines and steps past
// Streamlit's reruns; of the log only the rows that are in view are in the document.
const ROW = 18, RETRY = 1000, SILENCE = 12000, HIDDEN = 5000;
const panes = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let pane = panes.get(parentElement);
  if (!pane || pane.job !== data.job) {
    pane?.close();
    pane = new Pane(parentElement, data.job, data.record);
    panes.set(parentElement, pane);
  }
  pane.finished = data.finished;
  pane.title = data.title;
  pane.told = (state) => setTriggerValue("ended", state);
  for (const [name, colour] of Object.entries(data.colours))
    pane.live.style.setProperty(`--${name}`, colour);
  return () => { pane.close(); panes.delete(parentElement); };
}

class Pane {
  constructor(root, job, record) {
    this.job = job;
    this.record = record;
    this.stream = `${record}/events`;
    this.live = root.querySelector(".live");
    this.part = (name) => this.live.querySelector(name);
    this.lines = [];        // [seq, at, level, text]
    this.last = 0;          // the number of the newest event that is here
    this.shown = null;      // indices of the lines to show, or null for all
    this.matches = [];
    this.here = -1;         // the line that was jumped to
    this.picture = null;
    this.ahead = 0;         // how far the server's clock is ahead, in seconds
    this.cutSince = null;
    this.pane = this.part(".log");
    this.part(".download").href = `${record}/log`;
    this.listen();
    this.open();
    this.timer = setInterval(() => this.tick(), 500);
  }

  listen() {
    const on = (name, event, act) => this.part(name).addEventListener(event, act);
    on(".log", "scroll", () => {
      const low = this.pane.scrollHeight - this.pane.clientHeight - this.pane.scrollTop < ROW * 2;
      if (!low && this.pane.scrollTop < this.was) this.part(".follow").checked = false;
      this.was = this.pane.scrollTop;
      this.draw();
    });
    on(".follow", "change", () => this.later());
    on("input[type=search]", "input", () => { this.search(); this.go(1); });
    on("input[type=search]", "keydown", (press) => {
      if (press.key === "Enter") { press.preventDefault(); this.go(press.shiftKey ? -1 : 1); }
    });
    on(".next", "click", () => this.go(1));
    on(".previous", "click", () => this.go(-1));
    on(".only", "change", () => { this.search(); this.later(); });
    on(".error", "click", () => this.jump(this.lines.findIndex((line) => line[2] === "error")));
    on(".copy", "click", () => this.copy());
    this.sized = new ResizeObserver(() => this.later());
    this.sized.observe(this.pane);
    this.turned = () => (document.hidden ? this.rest() : this.open());
    document.addEventListener("visibilitychange", this.turned);
  }

  // A browser opens six connections to a server at most, and a stream takes one of them: a tab
  // that nobody sees gives its own back, and only asks now and then whether the job is over.
  rest() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.again);
    if (this.over) return;
    this.again = setTimeout(async () => {
      try {
        const job = await (await fetch(this.record)).json();
        if (document.hidden && !this.over) job.ended ? this.open() : this.rest();
      } catch {
        if (document.hidden) this.rest();
      }
    }, HIDDEN);
  }

  open() {
    this.source?.close();
    clearTimeout(this.again);
    if (this.over) return;
    const source = new EventSource(`${this.stream}?after=${this.last}`);
    this.source = source;
    this.heard = Date.now();
    const on = (name, take) => source.addEventListener(name, (event) => {
      if (source !== this.source) return;
      this.heard = Date.now();
      this.connected();
      take(JSON.parse(event.data));
    });
    on("lines", (lines) => this.add(lines));
    on("steps", (picture) => {
      this.ahead = picture.now - Date.now() / 1000;
      this.picture = picture;
      this.tick();
    });
    on("beat", () => {});
    on("end", (state) => {
      this.over = true;
      source.close();
      this.live.dataset.ended = state;
      if (!this.finished) this.told(state);
    });
    source.onerror = () => { if (source === this.source) this.cut(); };
  }

  connected() {
    this.cutSince = null;
    this.part(".link").hidden = true;
  }

  cut() {
    this.source.close();
    this.cutSince ??= new Date();
    const text = `No answer from the server since ${this.cutSince.toLocaleTimeString()}. ` +
      "What is shown here may be old; trying again every second.";
    const link = this.part(".link");
    if (link.hidden) { link.textContent = text; link.hidden = false; }
    clearTimeout(this.again);
    this.again = setTimeout(() => this.open(), RETRY);
  }

  add(lines) {
    const from = this.lines.length;
    for (const line of lines) if (line[0] > this.last) this.lines.push(line);
    if (lines.length) this.last = Math.max(this.last, lines[lines.length - 1][0]);
    if (this.words) this.search(from);
    this.pane.dataset.lines = this.lines.length;
    if (lines.some((line) => line[2] === "error")) this.part(".error").hidden = false;
    this.later();
  }

  search(from = 0) {
    this.words = this.part("input[type=search]").value.toLowerCase();
    if (!from) { this.matches = []; this.here = -1; }
    if (this.words)
      for (let i = from; i < this.lines.length; i++)
        if (this.lines[i][3].toLowerCase().includes(this.words)) this.matches.push(i);
    this.shown = this.words && this.part(".only").checked ? this.matches : null;
    this.count();
    this.later();
  }

  count() {
    const n = this.matches.length, at = this.matches.indexOf(this.here);
    this.part(".found").textContent =
      !this.words ? "" : at < 0 ? `${n} found` : `${at + 1} of ${n}`;
  }

  go(way) {
    if (!this.matches.length) return;
    const at = this.matches.indexOf(this.here);
    const first = way > 0 ? 0 : this.matches.length - 1;
    const next = at < 0 ? first : (at + way + this.matches.length) % this.matches.length;
    this.jump(this.matches[next]);
    this.count();
  }

  jump(index) {
    if (index < 0) return;
    this.here = index;
    this.part(".follow").checked = false;
    const row = this.shown ? this.shown.indexOf(index) : index;
    this.size();
    this.pane.scrollTop = Math.max(0, row * ROW - this.pane.clientHeight / 2);
    this.draw();
  }

  async copy() {
    const lines = this.shown ? this.shown.map((i) => this.lines[i]) : this.lines;
    const button = this.part(".copy");
    try {
      await navigator.clipboard.writeText(lines.map((line) => line[3]).join("\n"));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";  // without TLS, away from this machine
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.size();
      if (this.part(".follow").checked) this.pane.scrollTop = this.pane.scrollHeight;
      this.draw();
    });
  }

  size() {
    // the height before the place: a place beyond it would be cut
    const total = (this.shown ?? this.lines).length;
    this.part(".space").style.height = `${total * ROW}px`;
  }

  draw() {
    const total = (this.shown ?? this.lines).length;
    const first = Math.max(0, Math.floor(this.pane.scrollTop / ROW) - 5);
    const last = Math.min(total, first + Math.ceil(this.pane.clientHeight / ROW) + 10);
    const rows = [];
    for (let i = first; i < last; i++) rows.push(this.row(this.shown ? this.shown[i] : i));
    const holder = this.part(".rows");
    holder.style.transform = `translateY(${first * ROW}px)`;
    holder.replaceChildren(...rows);
  }

  row(index) {
    const [, , level, text] = this.lines[index];
    const row = document.createElement("div");
    row.className = `row ${level}${index === this.here ? " here" : ""}`;
    const number = document.createElement("b");
    number.textContent = index + 1;
    row.append(number);
    let rest = text, at;
    while (this.words && (at = rest.toLowerCase().indexOf(this.words)) >= 0) {
      const mark = document.createElement("mark");
      mark.textContent = rest.slice(at, at + this.words.length);
      row.append(rest.slice(0, at), mark);
      rest = rest.slice(at + this.words.length);
    }
    row.append(rest);
    return row;
  }

  tick() {
    if (!this.over && this.source && Date.now() - this.heard > SILENCE && this.cutSince === null) this.cut();
    if (this.picture) this.paint(this.picture, Date.now() / 1000 + this.ahead);
  }

  paint(picture, now) {
    const end = picture.ended ?? now, begun = picture.started;
    const elapsed = Math.max(0, end - begun);
    const state = this.part(".state");
    state.textContent = picture.state;
    state.className = `state ${picture.state}`;
    const expected = picture.expected
      ? `, expected ${seconds(picture.expected)}` : "";
    const quiet = now - this.heardAt();
    this.part(".times").textContent = picture.state === "queued"
      ? "waits for its turn"
      : `${seconds(elapsed)}${expected}` +
        (picture.ended === null && quiet > 10 ? `, nothing new for ${seconds(quiet)}` : "");
    this.progress(picture, elapsed);
    this.name(picture);
    const span = Math.max(elapsed, 0.1);
    const body = this.part("tbody");
    while (body.rows.length > picture.steps.length) body.deleteRow(-1);
    const box = this.part(".scroll");
    const atEnd = box.scrollHeight - box.clientHeight - box.scrollTop < 40;
    picture.steps.forEach((step, i) => {
      const row = body.rows[i] ?? newRow(body);
      const took = step.seconds ?? Math.max(0, end - step.started);
      row.className = step.inner ? "inner" : "";
      fill(row, step, took);
      const lane = row.cells[3].firstChild.firstChild;
      lane.className = step.state;
      const left = Math.min(99, Math.max(0, (step.started - begun) / span * 100));
      lane.style.left = `${left}%`;
      lane.style.width = `${Math.min(100 - left, took / span * 100)}%`;
    });
    if (atEnd && picture.ended === null) box.scrollTop = box.scrollHeight;
  }

  name(picture) {  // so that the state is seen from another tab
    const sign = { queued: "…", done: "✓", failed: "✗", cancelled: "–", lost: "?" }[picture.state];
    const share = this.part(".bar").getAttribute("aria-valuenow");
    const title = `${sign ?? `${share} %`} ${this.title}`;
    if (document.title !== title) document.title = title;
  }

  heardAt() {
    return this.lines.length ? this.lines[this.lines.length - 1][1] : this.picture.started;
  }

  progress(picture, elapsed) {
    const bar = this.part(".bar"), over = picture.ended !== null;
    const stages = picture.steps.filter((step) => !step.inner);
    const done = stages.filter((step) => step.state === "done").length;
    let share = picture.state === "done" ? 1
      : picture.expected ? Math.min(0.97, elapsed / picture.expected)
      : Math.min(0.97, done / 7);
    if (over && picture.state !== "done") share = 1;
    bar.firstElementChild.style.width = `${share * 100}%`;
    bar.firstElementChild.style.background =
      over ? `var(--${{ done: "good", failed: "bad" }[picture.state] ?? "warn"})` : "";
    bar.setAttribute("aria-valuenow", Math.round(share * 100));
    bar.setAttribute("aria-valuetext", over ? picture.state : `${Math.round(share * 100)} %`);
  }

  close() {
    this.over = true;
    this.source?.close();
    clearInterval(this.timer);
    clearTimeout(this.again);
    this.sized.disconnect();
    document.removeEventListener("visibilitychange", this.turned);
  }
}

function newRow(body) {
  const row = body.insertRow();
  for (let i = 0; i < 4; i++) row.insertCell();
  row.cells[0].append(document.createElement("span"), document.createElement("span"));
  row.cells[0].lastChild.className = "detail";
  row.cells[1].append(document.createElement("span"));
  const lane = document.createElement("div");
  lane.className = "lane";
  lane.setAttribute("aria-hidden", "true");
  lane.append(document.createElement("i"));
  row.cells[3].append(lane);
  return row;
}

function fill(row, step, took) {
  const [name, state, time] = row.cells;
  set(name.firstChild, step.name);
  set(name.lastChild, step.detail || moved(step));
  name.title = step.detail ? `${step.name}: ${step.detail}` : step.name;
  set(state.firstChild, step.cached ? "cached" : step.state);
  state.firstChild.className = step.cached ? "badge" : step.state;
  const expected = step.state === "running" && step.expected
    ? ` of ${seconds(step.expected)}` : "";
  set(time, step.cached ? "" : seconds(took) + expected);
}

function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function moved(step) {
  if (step.state !== "running" || step.done === null) return "";
  if (step.unit !== "bytes") return `${step.done} ${step.unit}`;
  const of = step.size ? ` of ${(step.size / 1e6).toFixed(1)}` : "";
  return `${(step.done / 1e6).toFixed(1)}${of} MB`;
}

function seconds(value) {
  if (value < 60) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
