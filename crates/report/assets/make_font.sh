#!/usr/bin/env bash
# Makes the font of the formulas from Noto Sans Math: `bash make_font.sh noto-sans-math-latin-400-normal.woff2`. It needs
# Python with fonttools and brotli. A character that is not listed is shown in a font of the reader's system.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"

characters=(
  0020-007E 00A0 00A8 00AC 00AF-00B3 00B7 00B9 00D7 00F7   # ASCII; signs of Latin-1
  0300-0304 0307 0308 030C 0338                            # accents
  0391-03A9 03B1-03C9 03D1 03D5 03D6 03F1 03F5             # Greek
  1D434-1D467 210E 1D6E2-1D71B                             # italic letters, italic Greek
  2013 2014 2016 2018 2019 201C 201D 2020 2026 2032-2034
  2061-2064 2070 2071 2074-207E 2080-208E                  # invisible operators; raised and lowered digits
  2102 2115 211D 2124 2113 211A                            # sets
  2190-2194 21A6 21D0 21D2 21D4                            # arrows
  2200 2202 2203 2205-2209 220F 2211-2213 2215-221A 221D 221E 2223 2225 2227-222B
  2234 223C 2243 2245 2248 2254 2260 2261 2264 2265 226A 226B 2282 2286 2295-2299 22A4 22A5 22C5 22C6 22EE 22EF 22F1
  2308-230B 23DF 27E8 27E9 2A00-2A02 25A1 25CB                  # brackets, the brace below, large operators, marks
)
unicodes=$(IFS=,; echo "${characters[*]}")
pyftsubset "$1" --unicodes="$unicodes" --layout-features=math,ssty,kern,mark,mkmk,ccmp,dtls,flac --no-hinting \
  --name-IDs=0,1,2,3,4,5,6,13,14 --flavor=woff2 --output-file=NotoSansMath-subset.woff2
