// Clicks through the playground in Chromium: the DevTools protocol over a pipe, so nothing but Node and Chromium is needed.
//
//   node playground/clicks.mjs FILE.html [FOLDER for pictures]

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const page = pathToFileURL(resolve(process.argv[2])).href;
const pictures = process.argv[3];
if (pictures) mkdirSync(pictures, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), "playground-"));
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
  "--disable-background-networking", "--disable-sync", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND",
  `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });

// Messages are JSON with a zero byte after each.
const waiting = new Map();
const events = [];
let last = 0;
let rest = "";
browser.stdio[4].setEncoding("utf8").on("data", (data) => {
  const parts = (rest + data).split("\0");
  rest = parts.pop();
  for (const part of parts) {
    const message = JSON.parse(part);
    if (message.id) waiting.get(message.id)?.(message);
    else events.push(message);
  }
});
let session;
function ask(method, params = {}) {
  const id = ++last;
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
  return new Promise((done, failed) => waiting.set(id, ({ result, error }) => error ? failed(new Error(`${method}: ${error.message}`)) : done(result)));
}

// What a script in the page gives.
async function read(script) {
  const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression: script, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(`${script}: ${exceptionDetails.exception?.description}`);
  return result.value;
}
const text = (id) => read(`document.getElementById("${id}").textContent`);
const steps = async () => Number(await text("steps"));

async function until(what, script, seconds = 60) {
  const end = Date.now() + 1000 * seconds;
  while (Date.now() < end) {
    if (await read(script)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

// A real click in the middle of an element, or at a part of its width and height.
async function click(selector, [u, v] = [0.5, 0.5]) {
  const at = await read(`(() => {
    const own = document.querySelector(${JSON.stringify(selector)});
    own.scrollIntoView({ block: "center", behavior: "instant" });
    const box = own.getBoundingClientRect();
    const at = [box.left + ${u} * box.width, box.top + ${v} * box.height];
    const hit = document.elementFromPoint(...at);
    return own.contains(hit) ? at : "covered by " + (hit?.outerHTML ?? "nothing").slice(0, 100);
  })()`);
  if (typeof at === "string") throw new Error(`${selector} is ${at}`);
  const [x, y] = at;
  for (const type of ["mousePressed", "mouseReleased"]) {
    await ask("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  }
}
const named = (box, name) => `#${box} button:nth-child(${name})`;

function holds(truth, what) {
  if (!truth) throw new Error(`does not hold: ${what}`);
}

async function open(hash = "", width = 1280, height = 1000) {
  await ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: width < 500 ? 2 : 1, mobile: width < 500 });
  await ask("Page.navigate", { url: "about:blank" });
  await ask("Page.navigate", { url: page + hash });
  await until("the page is ready", `typeof setting === "object" && document.querySelectorAll("#data button").length === 5`, 120);
}

async function picture(name) {
  if (!pictures) return;
  await read("scrollTo(0, 0); new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const { cssContentSize: { width, height } } = await ask("Page.getLayoutMetrics");
  const { data } = await ask("Page.captureScreenshot", { captureBeyondViewport: true, clip: { x: 0, y: 0, width, height, scale: 1 } });
  writeFileSync(join(pictures, `${name}.png`), Buffer.from(data, "base64"));
}

const tests = {
  async "trains, stops, steps and starts anew"() {
    await open();
    await click("#train");
    await until("it learns", `Number(document.getElementById("steps").textContent) > 150`);
    await click("#train");
    holds((await text("train")) === "Train", "the button says Train again");
    await new Promise((done) => setTimeout(done, 300));
    const stopped = await steps();
    await new Promise((done) => setTimeout(done, 300));
    holds((await steps()) === stopped, "it stays where it was stopped");
    await click("#step");
    holds((await steps()) === stopped + 1, "one step is one step");
    await picture("trained");
    await click("#reset");
    holds((await steps()) === 0, "it starts anew");
  },

  async "a neuron has its derivation, with today's numbers"() {
    await open("#!steps=200&neuron=0.0&sample=3");
    for (const neuron of ["0-2", "1-1", "2-0"]) {
      await click(`#neuron-${neuron}`);
      const [l, j] = neuron.split("-").map(Number);
      holds(await read(`document.querySelectorAll("#neuron math").length > 3`), `${neuron} has formulas`);
      const flat = await read(`[...document.querySelectorAll("#neuron math")].filter((m) => m.getBoundingClientRect().height < 4).length`);
      holds(flat === 0, `all formulas of ${neuron} are drawn`);
      const bias = await read(`short(engine.pass(3).layers[${l}].d_bias[${j}])`);
      const shown = await read(`document.querySelector("#neuron .paper").textContent`);
      // The derivation prints six digits; the first ones are there.
      holds(shown.includes(bias.replace("−", "").slice(0, 4)), `∂L/∂b = ${bias} stands in the derivation of ${neuron}`);
    }
    await click("#neuron-0-2");
    await picture("derivation");
    const before = await text("neuron");
    await click("#plane", [0.8, 0.9]);
    holds((await text("neuron")) !== before, "another point is another derivation");
  },

  async "a sample goes forward and back"() {
    await open("#!steps=100");
    await click("#tab-walk");
    const all = await read(`walk.pass.steps.length`);
    let turned = 0;
    for (let k = 1; k < all; k++) {
      await click("#walk-next");
      if (!turned && (await text("walk-where")).includes("backward")) turned = k;
      if (turned && k === turned + 12) await picture("backwards");
    }
    holds(turned > 0 && (await text("walk-where")).startsWith(`${all} of ${all}, backward`), "the walk ends at the end");
    const numbers = await read(`[...document.querySelectorAll(".tile .back")].filter((n) => n.textContent.startsWith("∂z")).length`);
    holds(numbers === 11, `every neuron has its cotangent, not ${numbers}`);
    await click("#walk-first");
    holds((await text("walk-where")).startsWith("1 of"), "and it begins anew");
    await click("#walk-play");
    await until("it plays", `walk.at > 1`);
    await click("#tab-neuron");
    holds((await read(`walk.timer`)) === 0, "it stops when it is left");
  },

  async "own points are learnt"() {
    await open();
    await click(named("data", 5));
    for (const at of [[0.25, 0.25], [0.7, 0.75]]) await click("#plane", at);
    await click("#class0");
    for (const at of [[0.25, 0.7], [0.75, 0.25]]) await click("#plane", at);
    holds((await read("setting.points.length")) === 4, "four clicks are four points");
    await click("#undo");
    holds((await read("setting.points.length")) === 3, "one is taken back");
    await click("#plane", [0.75, 0.25]);
    await click("#train");
    await until("they are learnt", `document.getElementById("right").textContent === "100 %"`);
    await click("#train");
    await picture("own");
    const hash = await read("location.hash");
    await open(hash);
    holds((await read("setting.points.length")) === 4 && (await steps()) > 0, "the address holds points and steps");
  },

  async "broken set-ups say what happened"() {
    const words = ["The rate is too high", "Neurons are all the same", "Neurons are dead", "The gradient vanishes"];
    for (const [i, title] of words.entries()) {
      await open();
      await click(named("broken", i + 1));
      await until(title, `document.getElementById("diagnosis").textContent.includes("${title}") && Number(document.getElementById("steps").textContent) > 20`);
      if (await read("view.running")) await click("#train");
      holds(/\d/.test(await text("diagnosis")), "it has numbers");
      await picture(`broken-${i + 1}`);
    }
  },

  async "networks, layers and settings"() {
    await open();
    for (const [i, sizes] of [[1, "2,1"], [2, "3,1,1"], [3, "2,10,5,1"], [4, "2,6,4,1"]]) {
      await click(named("networks", i));
      holds((await read("setting.sizes.join()")) === sizes, `network ${i} is ${sizes}`);
      await click("#step");
      await click(`#neuron-0-0`);
      holds(await read(`document.querySelectorAll("#neuron math").length > 0`), `network ${i} is derived`);
      if (i < 3) await picture(`network-${i}`);
    }
    await click("#more");
    holds((await read("setting.sizes.join()")) === "2,6,4,4,1", "a layer more");
    await click("#less");
    await click("#show-gradients");
    for (const id of ["activation", "head", "start", "optimizer", "rate", "batch", "inputs", "n", "noise"]) {
      const options = await read(`[...document.getElementById("${id}").options].map((o) => o.value)`);
      for (const value of options) {
        await read(`(() => { const s = document.getElementById("${id}"); s.value = "${value}"; s.dispatchEvent(new Event("change")); })()`);
        const set = await read(`setting.entries.${id}`);
        holds(set === value, `${id} = ${value}, not ${set}`);
        await read("engine.train(2); refresh(true)");
      }
      await click(named("networks", 4));
    }
  },

  async "an address gives the state back, and a wrong one is told"() {
    await open("#hidden=10-10-10&batch=0&n=400!steps=3000");
    await until("a long training is taken up", `state.steps === 3000 && !view.running`, 120);
    await open("#data=circles&hidden=3!steps=321&neuron=0.2&sample=7");
    const [loss, hash] = [await text("loss"), await read("location.hash")];
    holds((await steps()) === 321 && (await read("view.sample")) === 7, "what the address says");
    await open(hash);
    holds((await text("loss")) === loss, "the same bits again");
    await open("#data=cats");
    holds((await text("error")).includes("data = cats, expected one of moons"), "what is wrong is told");
    holds(!(await read(`document.getElementById("error").hidden`)), "and shown");
  },

  async "nothing is wider than a phone"() {
    for (const hash of ["#!steps=200", "#hidden=10-10-10-10-10!steps=20", "#!steps=50&walk=30"]) {
      await open(hash, 390, 844);
      const over = await read("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      holds(over <= 0, `${hash} is ${over} pixels too wide`);
      await picture(`phone-${hash.length}`);
    }
    await ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
    await open("#data=spiral&hidden=8-8&inputs=3!steps=1500&neuron=1.2");
    await picture("dark");
    await ask("Emulation.setEmulatedMedia", { features: [] });
  },
};

let failures = 0;
try {
  const { targetInfos } = await ask("Target.getTargets");
  const { targetId } = targetInfos.find((target) => target.type === "page");
  ({ sessionId: session } = await ask("Target.attachToTarget", { targetId, flatten: true }));
  for (const domain of ["Page", "Runtime", "Network"]) await ask(`${domain}.enable`);
  for (const [name, test] of Object.entries(tests)) {
    events.length = 0;
    try {
      await test();
      const thrown = events.filter((event) => event.method === "Runtime.exceptionThrown");
      if (thrown.length) throw new Error(thrown[0].params.exceptionDetails.exception?.description ?? "an exception");
      const asked = events.filter((event) => event.method === "Network.requestWillBeSent").map((event) => event.params.request.url);
      holds(asked.every((url) => /^(file|data|about|blob):/.test(url)), `no network: ${asked}`);
      console.log(`ok      ${name}`);
    } catch (error) {
      failures += 1;
      console.log(`FAILED  ${name}: ${error.message}`);
    }
  }
  for (const settings of ["", "batch=0", "batch=0&hidden=10-10-10"]) {
    await open(`#${settings}`);
    const least = await read(`(() => {
      engine.train(100);
      const times = Array.from({ length: 200 }, () => {
        const start = performance.now();
        engine.train(20);
        return performance.now() - start;
      });
      return Math.min(...times) / 20 * 1000;
    })()`);
    console.log(`\`${settings}\`: ${least.toFixed(1)} µs a step`);
  }
} finally {
  const gone = new Promise((done) => browser.on("exit", done));
  browser.kill();
  await gone;
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  } catch {
    // One of its processes still writes. The folder is a temporary one.
  }
}
process.exit(failures ? 1 : 0);
