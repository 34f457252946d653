#!/usr/bin/env bash
# Makes the README's pictures anew: runs the examples that draw them and keeps their SVGs.
set -euo pipefail
cd "$(dirname "$0")/.."
for example in mlp_moons higher_order digits draw_the_tape; do
  cargo run --quiet --release --example "$example"
  cp "target/figures/$example.svg" docs/figures/
done
