"""Reads a folder of event files with TensorBoard's own reader and compares it with what the example wrote.

    cargo run -p wengert-train --example events -- FOLDER
    python crates/train/tests/events.py FOLDER
"""

import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("tensorboard is not installed: its reader was not asked")
    sys.exit(0)

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
events.Reload()
losses = [(e.step, e.value) for e in events.Scalars("loss/train")]
assert losses == [(step, 1.0 / 2**step) for step in range(1, 11)], losses
(histogram,) = events.Histograms("weights")
value = histogram.histogram_value
assert (histogram.step, value.num, value.min, value.max, value.sum) == (10, 4, -1, 2, 1.5), value
assert sum(value.bucket) == 4 and len(value.bucket) == len(value.bucket_limit) == 30
(image,) = events.Images("squares")
assert (image.width, image.height) == (2, 1) and image.encoded_image_string.startswith(b"\x89PNG\r\n\x1a\n")
print("tensorboard reads scalars, histograms and images as they were written")
