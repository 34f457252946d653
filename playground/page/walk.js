// One sample through the network and back, a step of the tape at a time.

const walk = {
  at: 0,
  timer: 0,

  // The steps for a sample, from the first one or where it was.
  load(sample, at) {
    this.stop();
    this.pass = engine.pass(sample);
    if (!this.pass) return;
    $("walk-at").max = this.pass.steps.length - 1;
    this.at = Math.min(at, this.pass.steps.length - 1);
  },

  // The layer that a step belongs to: that of its own name, else of the next one that has a name.
  layer(at) {
    const { steps } = this.pass;
    const named = (name) => {
      const found = /^(?:Z|A)(\d+)$/.exec(name ?? "");
      if (found) return found[1] - 1;
      const parameter = /^net\.(\d+)\./.exec(name ?? "");
      return parameter ? Number(parameter[1]) : undefined;
    };
    // Going back, a product comes after its sum has had its name.
    const way = steps[at].back ? -1 : 1;
    for (let k = at; k >= 0 && k < steps.length && steps[k].back === steps[at].back; k += way) {
      const layer = named(steps[k].name);
      if (layer !== undefined) return layer;
      if (steps[k].name === "L") return this.pass.layers.length - 1;
    }
    return this.pass.layers.length - 1;
  },

  // Which values and which cotangents are known after a step.
  known(at) {
    const known = { forward: new Set(), back: new Set() };
    for (const step of this.pass.steps.slice(0, at + 1)) {
      if (step.name) (step.back ? known.back : known.forward).add(step.name);
    }
    return known;
  },

  show() {
    if (!this.pass) return;
    const { steps, layers, x } = this.pass;
    const step = steps[this.at];
    const known = this.known(this.at);
    const active = this.layer(this.at);
    diagram.tiles.forEach((tiles, l) => tiles.forEach(({ tile, value, back }, j) => {
      tile.classList.toggle("active", l === active + 1);
      if (l === 0) {
        value.textContent = known.forward.has("X") ? short(x[j], 2) : "";
        return;
      }
      const { z, a, dz, da } = layers[l - 1];
      const has = (letter) => known.forward.has(letter + l);
      const came = (letter) => known.back.has(letter + l);
      value.textContent = has("A") ? `a ${short(a[j], 2)}` : has("Z") ? `z ${short(z[j], 2)}` : "";
      back.textContent = came("Z") ? `∂z ${short(dz[j], 2)}` : came("A") ? `∂a ${short(da[j], 2)}` : "";
    }));
    const edges = layers.map((layer, l) => {
      if (known.back.has(`net.${l}.weight`)) return layer.d_weight;
      return step.back ? [] : diagram.state.layers[l].weight;
    });
    diagram.color(edges, active);
    $("walk-at").value = this.at;
    $("walk-where").textContent = `${this.at + 1} of ${steps.length}, ${step.back ? "backward" : "forward"}`;
    const around = steps.slice(Math.max(0, this.at - 3), this.at + 4).map((near, k) => {
      const own = near === step;
      return element("li", { className: own ? "own" : "", value: Math.max(0, this.at - 3) + k + 1 },
        element("span", { className: near.back ? "back" : "value", textContent: near.back ? "← " : "→ " }),
        near.equation);
    });
    $("walk-text").replaceChildren(
      element("ol", { className: "around" }, ...around),
      element("div", {}, element("pre", { textContent: step.text }), this.meaning(step, active)),
    );
  },

  // What the step means for the network, in words.
  meaning(step, active) {
    const { y, loss } = this.pass;
    const layer = `layer ${active + 1}`;
    let text = step.back
      ? "The sweep visits this node: its cotangent, ∂L by it, is complete. By the rule of its operation each operand receives its part."
      : "The node is computed from its operands, which are known already.";
    if (step.name === "L") {
      text = step.back ? "The way back begins: ∂L/∂L = 1."
        : `The loss of this sample: L = ${short(loss, 4)}, for the target y = ${y}. Now everything is known that the way back needs.`;
    } else if (/^Z/.test(step.name ?? "")) {
      text = step.back ? `∂L/∂z of ${layer} is known: what each neuron's sum should have been more or less.`
        : `Each neuron of ${layer} has its weighted sum, z = w·x + b.`;
    } else if (/^A/.test(step.name ?? "")) {
      text = step.back ? `∂L/∂a of ${layer}: it came back through the weights of the next layer, and now meets the slope of the activation.`
        : `${layer[0].toUpperCase() + layer.slice(1)} gives a = f(z) to the next one.`;
    } else if (/^net/.test(step.name ?? "") && step.back) {
      text = `The gradient of ${step.name} is complete. The edges now show it; the optimiser will read it.`;
    }
    return element("p", { textContent: text });
  },

  go(at) {
    if (!this.pass) return;
    this.at = Math.max(0, Math.min(this.pass.steps.length - 1, at));
    if (this.at === this.pass.steps.length - 1) this.stop();
    this.show();
  },
  play() {
    if (this.timer) return this.stop();
    if (this.at === this.pass.steps.length - 1) this.at = -1;
    $("walk-play").textContent = "Pause";
    this.timer = setInterval(() => this.go(this.at + 1), 700);
    this.go(this.at + 1);
  },
  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    $("walk-play").textContent = "Play";
  },
  leave() {
    this.stop();
    diagram.tiles.flat().forEach(({ tile, value, back }) => {
      tile.classList.remove("active");
      value.textContent = back.textContent = "";
    });
  },
};
