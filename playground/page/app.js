// The page: what was chosen, the address that holds it, and the training.

const NETWORKS = {
  "Perceptron": ["data=blobs&hidden=&head=step&start=zeros&optimizer=sgd&rate=0.01&batch=1",
    "Rosenblatt's perceptron from the notebook: o = 1 where w·x + b ≥ 0, weights from 0, w ← w + η·(y − o)·x after each sample."],
  "3-1-1": ["data=circles&inputs=3&hidden=1&activation=sigmoid&head=sigmoid&optimizer=sgd&rate=3",
    "Three inputs, one hidden neuron, one output, all sigmoid, L = ½·(A − Y)²: the paper's network, with x₁² + x₂² as its third input."],
  "MLP": ["hidden=10-5&activation=sigmoid&head=linear&start=small&optimizer=sgd&rate=0.01&batch=0",
    "The notebook's network, 2-10-5-1, as written: weights from N(0, 0.1²), gradient descent at 0.01 on all samples. It barely learns; below it says why."],
  "Tanh and Adam": ["", "Two hidden layers, Xavier weights, Adam: it learns in seconds."],
};
const BROKEN = {
  "A rate that is too high": "hidden=6&head=linear&optimizer=sgd&rate=3&batch=0",
  "All weights from zero": "hidden=6&start=zeros&optimizer=sgd&rate=0.3&batch=0",
  "Dead ReLU": "hidden=8&activation=relu&start=dead&optimizer=sgd&rate=0.1",
  "Vanishing sigmoid": "hidden=6-6-6-6&activation=sigmoid&start=small&optimizer=sgd&rate=0.3",
};
const RULES = {
  sgd: "w ← w − η·∂L/∂w",
  momentum: "v ← 0.9·v + ∂L/∂w,  w ← w − η·v",
  rmsprop: "s ← 0.99·s + 0.01·(∂L/∂w)²,  w ← w − η·∂L/∂w / (√s + ε)",
  adam: "m ← 0.9·m + 0.1·g,  s ← 0.999·s + 0.001·g²,  w ← w − η·m̂ / (√ŝ + ε),  g = ∂L/∂w",
  adamw: "as Adam, and w ← w − 0.01·η·w beside it",
};
const CHOICES = {
  n: [50, 100, 200, 400],
  noise: [0, 0.05, 0.1, 0.2, 0.3],
  inputs: [["2", "x₁, x₂"], ["3", "x₁, x₂, x₁² + x₂²"]],
  activation: ["tanh", "sigmoid", "relu", "leaky_relu", "elu", "swish", "gelu", "softplus", "identity"],
  head: [["cross_entropy", "σ(z), cross-entropy"], ["sigmoid", "σ(z), ½·(o − y)²"], ["linear", "z, ½·(o − y)²"], ["step", "step, perceptron"]],
  start: [["xavier", "Xavier"], ["kaiming", "Kaiming"], ["small", "N(0, 0.1²)"], ["large", "N(0, 3²)"], ["zeros", "all 0"], ["equal", "all 0.5"], ["dead", "N(0, 1), b = −20"]],
  optimizer: [["sgd", "gradient descent"], ["momentum", "momentum"], ["rmsprop", "RMSprop"], ["adam", "Adam"], ["adamw", "AdamW"]],
  rate: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  batch: [["1", "1 sample"], ["5", "5 samples"], ["20", "20 samples"], ["50", "50 samples"], ["0", "all samples"]],
};
const MOST_REPLAYED = 100000;

// What the page knows beside the session.
const view = { neuron: [0, 0], sample: 0, tab: "neuron", edges: "weights", running: false, until: 0, told: 0 };
let setting, state;

// The address: the session's text, then what the page shows.
function address() {
  const own = { steps: state.steps, neuron: view.neuron.join("."), sample: view.sample };
  if (view.tab === "walk") own.walk = walk.at;
  const text = Object.entries(own).map(([key, value]) => `${key}=${value}`).join("&");
  return `#${setting.config}!${text}`;
}
function remember() {
  history.replaceState(null, "", address());
}

// A session by its text; the page stays as it is where the text is refused.
function begin(text, steps = 0) {
  stop();
  try {
    setting = engine.begin(text);
  } catch (error) {
    return complain(error.message);
  }
  complain("");
  view.sample = Math.min(view.sample, Math.max(0, setting.points.length - 1));
  const [l, j] = view.neuron;
  if (!(j < setting.sizes[l + 1])) view.neuron = [0, 0];
  diagram.build(setting, choose);
  showChoices();
  replay(Math.min(steps, MOST_REPLAYED));
}

// Trains as far as an address says: at once where that is short, else before the reader's eyes.
function replay(steps) {
  const end = performance.now() + 1000;
  for (let done = 0; done < steps && performance.now() < end; done += 50) engine.train(Math.min(50, steps - done));
  refresh(true);
  if (state.steps < steps) {
    view.until = steps;
    start();
  }
}
function complain(text) {
  $("error").textContent = text;
  $("error").hidden = !text;
}

// The session with some settings changed.
function change(changes) {
  const entries = { ...setting.entries, ...changes };
  if (entries.batch > 0 && setting.points.length && entries.data !== "own") entries.batch = Math.min(entries.batch, entries.n);
  if (changes.head === "step") Object.assign(entries, { hidden: "", optimizer: "sgd" });
  if (changes.hidden && entries.head === "step") entries.head = "cross_entropy";
  begin(Object.entries(entries).map(([key, value]) => `${key}=${value}`).join("&"));
}

// Draws what changed; what takes longer to read waits until the training stops, or for a moment.
function refresh(whole) {
  state = engine.state();
  const fields = engine.fields(SIDE);
  $("steps").textContent = state.steps;
  $("epochs").textContent = state.epochs;
  $("loss").textContent = short(state.loss);
  $("right").textContent = state.right === null ? "–" : `${Math.round(100 * state.right)} %`;
  plane.draw(setting, fields.at(-1), setting.points.length ? view.sample : -1);
  diagram.draw(state, fields, view.neuron, view.edges);
  drawLosses(engine.losses(), state.loss);
  if (state.stopped) stop();
  // The edges show what the step of the walk has reached.
  if (view.tab === "walk" && !whole) walk.show();
  const now = performance.now();
  if (!whole && now - view.told < 500) return;
  view.told = now;
  diagnose();
  if (view.tab === "neuron") showNeuron();
  if (whole) {
    if (view.tab === "walk") {
      walk.load(view.sample, walk.at);
      walk.show();
    }
    remember();
  }
}

function diagnose() {
  const titles = {
    rate: "The rate is too high", dead: "Neurons are dead", same: "Neurons are all the same",
    vanishing: "The gradient vanishes on its way back", line: "A line is not enough",
  };
  const found = state.finding;
  const calm = state.steps ? "Nothing is wrong that this page knows of." : "Train, or break something on purpose; what is wrong is explained here, in its own numbers.";
  $("diagnosis").className = found ? "wrong" : "";
  $("diagnosis").replaceChildren(
    element("h2", { textContent: found ? titles[found.name] : "What happens" }),
    element("p", { className: found ? "" : "hint", textContent: found ? found.text : calm }));
}

// The neuron: its sum with the numbers in it, its weights and gradients, its derivation.
function showNeuron() {
  const [l, j] = view.neuron;
  const panel = $("neuron");
  const pass = engine.pass(view.sample);
  if (!pass) {
    panel.replaceChildren(element("p", { textContent: "There is no sample yet: click points into the plane." }));
    return;
  }
  const last = l === setting.sizes.length - 2;
  const from = l === 0 ? pass.x : pass.layers[l - 1].a;
  const { weight, bias, d_weight, d_bias } = state.layers[l];
  const own = pass.layers[l];
  const names = from.map((_, i) => l === 0 ? diagram.inputs[i] : `a${sub(i + 1)}`);
  const bracket = (x) => x < 0 ? `(${short(x)})` : short(x);
  const sum = from.map((x, i) => `${bracket(weight[i][j])}·${bracket(x)}`).join(" + ");
  const f = last ? { linear: "z", step: "step(z)" }[setting.entries.head] ?? "σ(z)" : `${setting.entries.activation}(z)`;
  const point = setting.points[view.sample];
  const head = ["", "w", "∂L/∂w, this sample", "∂L/∂w, all samples"];
  if (setting.entries.optimizer === "sgd") head.push("w − η·∂L/∂w");
  const row = (name, w, one, all) => {
    const cells = [short(w, 4), short(one, 4), short(all, 4)];
    if (setting.entries.optimizer === "sgd") cells.push(short(w - setting.entries.rate * all, 4));
    return element("tr", {}, element("th", { textContent: name, scope: "row" }), ...cells.map((text) => element("td", { textContent: text })));
  };
  const rows = names.map((name, i) => row(`from ${name}`, weight[i][j], own.d_weight[i]?.[j], d_weight[i]?.[j]));
  rows.push(row("bias b", bias[j], own.d_bias[j], d_bias[j]));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { textContent: text, scope: "col" })))), element("tbody", {}, ...rows));
  const paper = element("div", { className: "paper" });
  paper.innerHTML = engine.derivation(l, j, view.sample);
  const isStep = setting.entries.head === "step";
  panel.replaceChildren(
    element("h3", { textContent: `${last ? "The output neuron" : `Neuron ${j + 1} of layer ${l + 1}`}, for the sample (${short(point[0])}, ${short(point[1])}) of class ${pass.y}` }),
    element("p", { className: "hint", textContent: "Click another neuron in the network, or another point in the plane." }),
    element("div", { className: "formula" },
      element("p", { textContent: `z = ${names.map((name, i) => `w${sub(i + 1)}·${name.includes("+") ? `(${name})` : name}`).join(" + ")} + b` }),
      element("p", { textContent: `z = ${sum} + ${bracket(bias[j])} = ${short(own.z[j], 4)}` }),
      element("p", { textContent: `${last ? "o" : "a"} = ${f} = ${short(own.a[j], 4)}` })),
    element("div", { className: "scroll" }, table),
    element("h3", { textContent: "The derivation, with today's numbers" }),
    ...(isStep ? [element("p", { textContent: `A step has no slope to follow. Rosenblatt's rule holds the error e = o − y = ${short(own.a[0] - pass.y)} constant, and descends L = e·z.` })] : []),
    paper,
  );
}
const sub = (n) => String(n).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);

function choose(l, j) {
  view.neuron = [l, j];
  show("neuron");
  // On a small screen the derivation is far below.
  if ($("neuron").getBoundingClientRect().top > innerHeight - 120) $("tab-neuron").scrollIntoView({ block: "center" });
}
function show(tab) {
  view.tab = tab;
  for (const name of ["neuron", "walk"]) {
    $(name).hidden = name !== tab;
    $(`tab-${name}`).setAttribute("aria-selected", name === tab);
  }
  if (tab === "walk") {
    stop();
  } else {
    walk.leave();
  }
  diagram.place(tab === "walk");
  refresh(true);
}

function frame() {
  if (!view.running) return;
  engine.train(view.until ? Math.min(100, view.until - state.steps) : Number($("speed").value));
  refresh(false);
  if (view.until && state.steps >= view.until) stop();
  if (view.running) requestAnimationFrame(frame);
}
function start() {
  if (state.stopped || !setting.points.length) return;
  if (view.tab === "walk") show("neuron");
  view.running = true;
  $("train").textContent = "Stop";
  requestAnimationFrame(frame);
}
function stop() {
  if (!view.running) return;
  view.running = false;
  view.until = 0;
  $("train").textContent = "Train";
  // What waited is drawn now.
  requestAnimationFrame(() => refresh(true));
}
