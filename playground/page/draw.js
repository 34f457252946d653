// Pictures: the plane, the neurons, the edges, the losses.

const SIDE = 48;
const $ = (id) => document.getElementById(id);

// A number for people: so many significant digits, a true minus.
function short(x, digits = 3) {
  if (typeof x === "string") return x;
  if (x === null || x === undefined) return "–";
  const size = Math.abs(x);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toExponential(digits - 1) : String(Number(x.toPrecision(digits)));
  return text.replace("e+", "e").replace(/-/g, "−");
}

function element(name, options = {}, ...children) {
  const made = Object.assign(document.createElement(name), options);
  made.append(...children);
  return made;
}

// The colours of the page: class 0, between, class 1.
let colors;
function readColors() {
  const style = getComputedStyle(document.documentElement);
  const rgb = (name) => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
  };
  const css = (name) => style.getPropertyValue(name).trim();
  colors = {
    low: rgb("--orange"), middle: rgb("--between"), high: rgb("--blue"),
    orange: css("--orange"), blue: css("--blue"), ink: css("--ink"), soft: css("--soft"), line: css("--line"), paper: css("--paper"),
  };
}

// A canvas as sharp as the screen; returns what draws on it, in CSS pixels.
function sharp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

// A field as an image: −1 is orange, 0 is between, 1 is blue.
const small = document.createElement("canvas");
small.width = small.height = SIDE;
function paint(pen, width, height, field, scaled, strength) {
  const image = new ImageData(SIDE, SIDE);
  const { low, middle, high } = colors;
  field.forEach((value, i) => {
    const x = scaled(value);
    const t = Number.isNaN(x) ? 0 : Math.max(-1, Math.min(1, x)) * strength;
    const end = t < 0 ? low : high;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = middle[c] + (end[c] - middle[c]) * Math.abs(t);
    image.data[4 * i + 3] = 255;
  });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = true;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 0, 0, width, height);
}

// The plane: the output, the line where it is ½, and the points.
const plane = {
  place(setting, [x, y], side) {
    const { centre, half } = setting;
    return [((x - centre[0]) / half + 1) * side / 2, (1 - (y - centre[1]) / half) * side / 2];
  },
  point(setting, px, py, side) {
    const { centre, half } = setting;
    return [centre[0] + half * (2 * px / side - 1), centre[1] + half * (1 - 2 * py / side)];
  },
  draw(setting, field, chosen) {
    const canvas = $("plane");
    const side = canvas.clientWidth;
    const pen = sharp(canvas, side, side);
    paint(pen, side, side, field, (o) => 2 * o - 1, 0.75);
    this.boundary(pen, field, side);
    // The chosen one last, above the others.
    const order = setting.points.map((p, i) => [p, i]).sort(([, i], [, j]) => (i === chosen) - (j === chosen));
    order.forEach(([p, i]) => {
      const [x, y] = this.place(setting, p, side);
      pen.beginPath();
      pen.arc(x, y, i === chosen ? 6.5 : 3.6, 0, 2 * Math.PI);
      pen.fillStyle = p[2] ? colors.blue : colors.orange;
      pen.strokeStyle = i === chosen ? colors.ink : colors.paper;
      pen.lineWidth = i === chosen ? 2.5 : 1.2;
      pen.fill();
      pen.stroke();
    });
    this.axes(pen, setting, side);
  },
  // Where the output crosses ½, cell by cell.
  boundary(pen, field, side) {
    const at = (i, j) => field[j * SIDE + i] - 0.5;
    const px = (i) => (i + 0.5) * side / SIDE;
    pen.beginPath();
    for (let j = 0; j + 1 < SIDE; j++) {
      for (let i = 0; i + 1 < SIDE; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const crossings = [];
        corners.forEach((a, k) => {
          const b = corners[(k + 1) % 4];
          const [va, vb] = [at(...a), at(...b)];
          if ((va < 0) !== (vb < 0)) {
            const t = va / (va - vb);
            crossings.push([px(a[0] + (b[0] - a[0]) * t), px(a[1] + (b[1] - a[1]) * t)]);
          }
        });
        for (let k = 0; k + 1 < crossings.length; k += 2) {
          pen.moveTo(...crossings[k]);
          pen.lineTo(...crossings[k + 1]);
        }
      }
    }
    pen.strokeStyle = colors.ink;
    pen.lineWidth = 1.6;
    pen.stroke();
  },
  axes(pen, setting, side) {
    pen.fillStyle = colors.ink;
    pen.font = "11px system-ui, sans-serif";
    const { centre, half } = setting;
    for (let v = Math.ceil(centre[0] - half + 0.2); v < centre[0] + half - 0.2; v++) {
      pen.textAlign = "center";
      pen.fillText(short(v), this.place(setting, [v, 0], side)[0], side - 5);
    }
    for (let v = Math.ceil(centre[1] - half + 0.2); v < centre[1] + half - 0.2; v++) {
      pen.textAlign = "left";
      pen.fillText(short(v), 5, this.place(setting, [0, v], side)[1] + 4);
    }
  },
};

// The losses: those of the steps, and their running mean. The scale is logarithmic, unless there are losses of 0.
function drawLosses({ losses, every }, loss) {
  const canvas = $("curve");
  const [width, height] = [canvas.clientWidth, 150];
  const pen = sharp(canvas, width, height);
  pen.clearRect(0, 0, width, height);
  const shown = losses.filter(Number.isFinite);
  if (!shown.length) return;
  const linear = shown.some((x) => x <= 0);
  const scale = linear ? (x) => x : Math.log10;
  let [low, high] = shown.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]).map(scale);
  const missing = Math.max(0, (linear ? 0.01 : 0.4) - (high - low)) / 2 + 0.03 * (high - low);
  [low, high] = [low - missing, high + missing];
  const [left, right, top, bottom] = [46, width - 8, 8, height - 20];
  const y = (x) => bottom - (scale(x) - low) / (high - low) * (bottom - top);
  const x = (i) => left + i / Math.max(1, losses.length - 1) * (right - left);
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = colors.soft;
  pen.strokeStyle = colors.line;
  pen.lineWidth = 1;
  for (const value of ticks(low, high, linear)) {
    pen.beginPath();
    pen.moveTo(left, y(value));
    pen.lineTo(right, y(value));
    pen.stroke();
    pen.textAlign = "right";
    pen.fillText(short(value, 2), left - 6, y(value) + 4);
  }
  pen.textAlign = "left";
  pen.fillText("0", left, height - 5);
  pen.textAlign = "right";
  pen.fillText(`step ${(losses.length - 1) * every}`, right, height - 5);
  const line = (values, style, alpha) => {
    pen.beginPath();
    values.forEach((value, i) => {
      if (Number.isFinite(scale(value))) pen.lineTo(x(i), y(value));
    });
    Object.assign(pen, { strokeStyle: style, lineWidth: 1.6, lineJoin: "round", globalAlpha: alpha });
    pen.stroke();
    pen.globalAlpha = 1;
  };
  let mean = losses[0];
  const means = losses.map((value) => mean = Number.isFinite(value) ? 0.9 * mean + 0.1 * value : mean);
  const batches = setting.entries.batch > 0 && setting.entries.batch < setting.points.length;
  line(losses, colors.blue, batches ? 0.35 : 1);
  if (batches) line(means, colors.blue, 1);
  canvas.setAttribute("aria-label", `The loss over the steps, now ${short(loss)}`);
}

// Where lines of the scale are: 1, 2 and 5 of each decade, only powers where there are many, or even steps.
function ticks(low, high, linear) {
  if (linear) {
    const step = 10 ** Math.floor(Math.log10(high - low));
    const by = (high - low) / step < 3 ? step / 2 : step * Math.ceil((high - low) / step / 4);
    return Array.from({ length: Math.floor(high / by) - Math.ceil(low / by) + 1 }, (_, i) => (Math.ceil(low / by) + i) * by);
  }
  const skip = Math.max(1, Math.ceil((high - low) / 5));
  const powers = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => 10 ** (Math.floor(low) + i));
  const all = high - low > 1.2 ? powers.filter((_, i) => i % skip === 0) : powers.flatMap((p) => [p, 2 * p, 5 * p]);
  return all.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
}
