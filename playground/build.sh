#!/usr/bin/env bash
# Makes the playground: one HTML file that needs no network. Needs the target once: rustup target add wasm32-unknown-unknown
#
#   bash playground/build.sh [FILE.html]        (target/playground.html)
set -euo pipefail
cd "$(dirname "$0")/.."

most=2500000
out=${1:-target/playground.html}
target=wasm32-unknown-unknown
if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
  echo "no playground: this toolchain has no standard library for $target (rustup target add $target)"
  exit 3
fi

# Vectors of 128 bits, which every browser has had since 2023.
CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C target-feature=+simd128 -C strip=symbols" \
  cargo build --quiet --release --package wengert-playground --target "$target"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
page=playground/page
font=$(base64 -w0 crates/report/assets/NotoSansMath-subset.woff2)
{
  echo "<style>@font-face{font-family:\"Page Math\";src:url(data:font/woff2;base64,$font)}"
  cat "$page/style.css"
  echo "</style>"
} >"$work/style"
{
  echo "<script>"
  cat "$page"/{engine,draw,diagram,walk,app,controls}.js
  echo "</script>"
} >"$work/script"
gzip -9 -c "${CARGO_TARGET_DIR:-target}/$target/release/playground.wasm" | base64 -w0 >"$work/wasm"
mkdir -p "$(dirname "$out")"
for part in style script wasm; do
  parts+=(-e "/^<!-- $part -->\$/{r $work/$part" -e "d}")
done
sed "${parts[@]}" "$page/index.html" >"$out"

bytes=$(wc -c <"$out")
echo "$out: $bytes bytes, of which the engine $(wc -c <"$work/wasm")"
((bytes <= most)) || { echo "more than $most"; exit 1; }
