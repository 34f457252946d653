"use strict";
// The engine: the crates as WebAssembly. A question goes in as text, an answer comes out as text or numbers.

const engine = {
  async load() {
    const packed = document.getElementById("wasm").textContent.trim();
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const { instance } = await WebAssembly.instantiate(await new Response(plain).arrayBuffer(), {});
    this.calls = instance.exports;
  },

  // The memory may have moved since the last call.
  bytes(length) {
    return new Uint8Array(this.calls.memory.buffer, this.calls.answer(), length);
  },
  text(length) {
    return new TextDecoder().decode(this.bytes(length));
  },
  numbers(length) {
    return new Float32Array(this.bytes(length).slice().buffer);
  },

  // A session by the text of its settings; an Error says what was refused.
  begin(text) {
    const bytes = new TextEncoder().encode(text);
    const at = this.calls.question(bytes.length);
    if (at === 0 && bytes.length > 0) throw new Error("the text of the settings is too long");
    new Uint8Array(this.calls.memory.buffer, at, bytes.length).set(bytes);
    const length = this.calls.begin();
    if (length < 0) throw new Error(this.text(-length));
    return JSON.parse(this.text(length));
  },
  train(steps) {
    this.calls.train(steps);
  },
  state() {
    return JSON.parse(this.text(this.calls.state()));
  },
  losses() {
    const [every, ...losses] = this.numbers(this.calls.losses());
    return { every, losses };
  },
  // For each neuron, what it gives on a grid of side × side.
  fields(side) {
    const all = this.numbers(this.calls.fields(side));
    const size = side * side;
    return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
  },
  pass(sample) {
    const length = this.calls.pass(sample);
    return length ? JSON.parse(this.text(length)) : null;
  },
  derivation(layer, neuron, sample) {
    return this.text(this.calls.derivation(layer, neuron, sample));
  },
};
