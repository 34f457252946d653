// The network: neurons as small pictures in columns, edges between them.

const TILE = 44;

const diagram = {
  // Places of the layers' neurons; the inputs are column 0.
  build(setting, onChoose) {
    this.setting = setting;
    this.inputs = ["x₁", "x₂", "x₁² + x₂²"].slice(0, setting.sizes[0]);
    const box = $("diagram");
    box.replaceChildren();
    this.edges = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.edges.setAttribute("aria-hidden", "true");
    box.append(this.edges);
    this.tiles = setting.sizes.map((units, l) => Array.from({ length: units }, (_, j) => {
      const name = l === 0 ? this.inputs[j] : l === setting.sizes.length - 1 ? "output" : `layer ${l}, neuron ${j + 1}`;
      const tile = element(l === 0 ? "div" : "button", { className: "tile", title: name });
      if (l > 0) {
        tile.setAttribute("aria-label", `${name}: show its derivation`);
        tile.id = `neuron-${l - 1}-${j}`;
        tile.addEventListener("click", () => onChoose(l - 1, j));
      }
      const picture = l === 0 ? element("span", { textContent: name }) : element("canvas");
      const value = element("small", { className: "value" });
      const back = element("small", { className: "back" });
      tile.append(picture, value, back);
      box.append(tile);
      return { tile, picture, value, back };
    }));
    this.lines = setting.sizes.slice(1).map((units, l) => Array.from({ length: setting.sizes[l] }, (_, i) =>
      Array.from({ length: units }, (_, j) => {
        const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
        line.addEventListener("pointerenter", () => this.tell(l, i, j));
        this.edges.append(line);
        return line;
      })));
    this.place();
  },

  // Puts everything in its place; tall leaves room for numbers below the neurons.
  place(tall = this.tall) {
    this.tall = tall;
    const box = $("diagram");
    const { sizes } = this.setting;
    const pitch = TILE + (tall ? 34 : 8);
    const height = Math.max(...sizes) * pitch + 8;
    const width = box.clientWidth;
    box.style.height = `${height}px`;
    box.classList.toggle("numbers", tall);
    this.edges.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const column = (l) => l * (width - TILE) / (sizes.length - 1);
    const row = (l, j) => (height - sizes[l] * pitch) / 2 + j * pitch + 4;
    this.tiles.forEach((tiles, l) => tiles.forEach(({ tile }, j) => {
      tile.style.left = `${column(l)}px`;
      tile.style.top = `${row(l, j)}px`;
    }));
    this.lines.forEach((layer, l) => layer.forEach((lines, i) => lines.forEach((line, j) => {
      const [x, y, u, v] = [column(l) + TILE, row(l, i) + TILE / 2, column(l + 1), row(l + 1, j) + TILE / 2];
      const bend = (u - x) / 2;
      line.setAttribute("d", `M${x} ${y}C${x + bend} ${y} ${u - bend} ${v} ${u} ${v}`);
    })));
  },

  // Neurons by what they give, edges by weights or by gradients.
  draw(state, fields, chosen, shown) {
    this.state = state;
    let next = 0;
    this.tiles.slice(1).forEach((tiles, l) => tiles.forEach(({ tile, picture }, j) => {
      const field = fields[next++];
      const last = l === this.tiles.length - 2;
      let scaled = (o) => 2 * o - 1;
      if (!last) {
        const most = field.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
        const positive = this.setting.entries.activation === "sigmoid";
        scaled = positive ? scaled : (x) => x / most;
      }
      const pen = sharp(picture, TILE - 6, TILE - 6);
      paint(pen, TILE - 6, TILE - 6, field, scaled, 0.9);
      tile.classList.toggle("chosen", chosen && chosen[0] === l && chosen[1] === j);
    }));
    this.color(state.layers.map((layer) => shown === "gradients" ? layer.d_weight : layer.weight));
  },

  // Edges by these numbers: width is size within the picture, colour is the sign.
  color(matrices, active) {
    const most = matrices.flat(2).reduce((most, x) => Math.max(most, Math.abs(x) || 0), 1e-12);
    this.lines.forEach((layer, l) => layer.forEach((lines, i) => lines.forEach((line, j) => {
      const value = matrices[l]?.[i]?.[j];
      const known = typeof value === "number";
      line.style.stroke = known && value !== 0 ? (value > 0 ? colors.blue : colors.orange) : colors.line;
      line.style.strokeWidth = known ? 0.7 + 5 * Math.sqrt(Math.abs(value) / most) : 0.7;
      line.style.opacity = active === undefined || active === l ? 0.8 : 0.25;
    })));
  },

  tell(l, i, j) {
    const { weight, d_weight } = this.state.layers[l];
    const from = l === 0 ? this.inputs[i] : `neuron ${i + 1} of layer ${l}`;
    const to = l === this.lines.length - 1 ? "the output" : `neuron ${j + 1} of layer ${l + 1}`;
    $("edge").textContent = `From ${from} to ${to}: w = ${short(weight[i][j], 4)}, ∂L/∂w over all samples = ${short(d_weight[i]?.[j], 4)}.`;
  },
};
