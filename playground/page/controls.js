// The controls: what can be chosen, and what happens then.

function button(text, act, options = {}) {
  const made = element("button", { textContent: text, ...options });
  made.addEventListener("click", act);
  return made;
}

// A list of choices; a value that is not in it, from an address, is added.
function fill(id) {
  const select = $(id);
  const value = setting.entries[id];
  const all = CHOICES[id].map((choice) => Array.isArray(choice) ? choice : [String(choice), String(choice)]);
  if (!all.some(([own]) => own === value)) all.push([value, value]);
  select.replaceChildren(...all.map(([own, text]) => element("option", { value: own, textContent: text, selected: own === value })));
}

function showChoices() {
  const { entries } = setting;
  Object.keys(CHOICES).forEach(fill);
  $("seed").value = entries.seed;
  for (const made of $("data").children) made.setAttribute("aria-pressed", made.dataset.of === entries.data);
  document.querySelector(".own").hidden = entries.data !== "own";
  document.querySelector(".made").hidden = entries.data === "own";
  $("plane-hint").textContent = entries.data === "own" ? "Click to put a point; click a point to choose it as the sample." : "Click a point to choose it as the sample. The line is where the output is ½.";
  $("rule").textContent = entries.head === "step" ? "w ← w − η·(o − y)·x: Rosenblatt's rule" : RULES[entries.optimizer];
  const texts = { ...NETWORKS };
  let about = "";
  for (const made of $("networks").children) {
    const [text, words] = texts[made.textContent];
    const chosen = canonical(text) === setting.config;
    made.setAttribute("aria-pressed", chosen);
    if (chosen) about = words;
  }
  for (const made of $("broken").children) made.setAttribute("aria-pressed", canonical(BROKEN[made.textContent]) === setting.config);
  $("about").textContent = about;
  showLayers(entries.hidden ? entries.hidden.split("-").map(Number) : []);
}

// A text as a session gives it back: its parts in one order.
function canonical(text) {
  const order = ["data", "noise", "n", "points", "inputs", "hidden", "activation", "head", "start", "optimizer", "rate", "batch", "seed"];
  const parts = text.split("&").filter(Boolean).sort((a, b) => order.indexOf(a.split("=")[0]) - order.indexOf(b.split("=")[0]));
  return parts.join("&");
}

function showLayers(hidden) {
  const set = (next) => change({ hidden: next.join("-") });
  const rows = hidden.map((units, l) => {
    const to = (n) => set(hidden.with(l, n));
    return element("div", { className: "layer" },
      `Layer ${l + 1}`,
      button("−", () => to(units - 1), { disabled: units === 1, title: "One neuron less" }),
      element("b", { textContent: units }),
      button("+", () => to(units + 1), { disabled: units === 10, title: "One neuron more" }));
  });
  $("layers").replaceChildren(
    ...rows,
    button("Add layer", () => set([...hidden, 4]), { disabled: hidden.length === 5, id: "more" }), " ",
    button("Remove", () => set(hidden.slice(0, -1)), { disabled: !hidden.length, id: "less" }),
  );
}

function ownPoints(points) {
  change({ data: "own", points: points.map(([x, y, c]) => `${+x.toFixed(2)},${+y.toFixed(2)},${c}`).join(";") });
}

function controls() {
  for (const [name, text] of [["moons", "moons"], ["circles", "circles"], ["blobs", "blobs"], ["spiral", "spiral"], ["own", "your own"]]) {
    const made = button(text, () => change({ data: name }));
    made.dataset.of = name;
    $("data").append(made);
  }
  for (const [name, [text]] of Object.entries(NETWORKS)) $("networks").append(button(name, () => begin(text)));
  for (const [name, text] of Object.entries(BROKEN)) {
    $("broken").append(button(name, () => {
      begin(text);
      start();
    }));
  }
  for (const id of Object.keys(CHOICES)) $(id).addEventListener("change", () => change({ [id]: $(id).value }));
  $("seed").addEventListener("change", () => change({ seed: $("seed").value }));

  $("train").addEventListener("click", () => view.running ? stop() : start());
  $("step").addEventListener("click", () => {
    stop();
    engine.train(1);
    refresh(true);
  });
  $("reset").addEventListener("click", () => begin(setting.config));
  for (const shown of ["weights", "gradients"]) {
    $(`show-${shown}`).addEventListener("click", () => {
      view.edges = shown;
      for (const name of ["weights", "gradients"]) $(`show-${name}`).setAttribute("aria-pressed", name === shown);
      refresh(true);
    });
  }

  let color = 1;
  for (const own of [0, 1]) {
    $(`class${own}`).addEventListener("click", () => {
      color = own;
      for (const c of [0, 1]) $(`class${c}`).setAttribute("aria-pressed", c === own);
    });
  }
  $("undo").addEventListener("click", () => ownPoints(setting.points.slice(0, -1)));
  $("clear").addEventListener("click", () => ownPoints([]));
  $("plane").addEventListener("click", (event) => {
    const side = $("plane").clientWidth;
    const far = setting.points.map((p) => {
      const [x, y] = plane.place(setting, p, side);
      return Math.hypot(x - event.offsetX, y - event.offsetY);
    });
    const nearest = far.indexOf(Math.min(...far));
    const own = setting.entries.data === "own";
    if (nearest >= 0 && far[nearest] < (own ? 8 : Infinity)) {
      view.sample = nearest;
      walk.at = 0;
      refresh(true);
    } else if (own) {
      ownPoints([...setting.points, [...plane.point(setting, event.offsetX, event.offsetY, side), color]]);
    }
  });

  $("tab-neuron").addEventListener("click", () => show("neuron"));
  $("tab-walk").addEventListener("click", () => show("walk"));
  $("walk-first").addEventListener("click", () => walk.go(0));
  $("walk-back").addEventListener("click", () => walk.go(walk.at - 1));
  $("walk-next").addEventListener("click", () => walk.go(walk.at + 1));
  $("walk-play").addEventListener("click", () => walk.play());
  $("walk-at").addEventListener("input", () => walk.go(Number($("walk-at").value)));

  new ResizeObserver(() => {
    diagram.place();
    if (!view.running) refresh(false);
  }).observe($("diagram").parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColors();
    refresh(true);
  });
  addEventListener("hashchange", fromAddress);
  addEventListener("error", (event) => {
    stop();
    complain(`The page failed: ${event.message}. Load it anew to go on.`);
  });
}

// What the address says; what it says wrongly is told, and the usual stands in its place.
function fromAddress() {
  // Some programs that hand an address on write its punctuation as %2C.
  const plain = location.hash.slice(1).replace(/%[2-7][0-9a-f]/gi, decodeURIComponent);
  const [text, own = ""] = plain.split("!");
  const said = Object.fromEntries(own.split("&").map((part) => part.split("=")));
  const whole = (key) => Math.max(0, Math.trunc(Number(said[key])) || 0);
  const [l, j] = (said.neuron ?? "0.0").split(".").map((n) => Math.max(0, Math.trunc(Number(n)) || 0));
  Object.assign(view, { neuron: [l, j], sample: whole("sample"), tab: "neuron" });
  if (!setting) begin("");
  begin(text, whole("steps"));
  if (said.walk !== undefined) {
    walk.at = whole("walk");
    show("walk");
  }
}

engine.load().then(() => {
  readColors();
  // The controls ask for a setting, which the address gives.
  fromAddress();
  controls();
  showChoices();
}, (error) => complain(`The engine could not be started: ${error.message}`));
