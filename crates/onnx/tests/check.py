#!/usr/bin/env python3
"""Runs exported models in ONNX Runtime and compares with what Wengert computes.

    WENGERT_ONNX=FOLDER cargo test -p wengert-onnx --test exported -- all_files
    python3 crates/onnx/tests/check.py FOLDER

It needs onnxruntime, onnx and numpy; without them it says so and ends well. F32 agrees to 1e-5, F64 to 1e-12, relative
to the largest element of a result. Where the runtime has no F64 kernel for an operator, the model is only checked.
"""
import json
import pathlib
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
except ImportError as missing:
    print(f"ONNX Runtime is absent ({missing}): the exported models were not run")
    sys.exit(0)

DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "Bool": np.bool_}
TOLERANCE = {"F32": 1e-5, "F64": 1e-12}


def tensor(entry):
    values = np.array(entry["values"], dtype=np.float64 if entry["dtype"][0] == "F" else np.int64)
    return values.astype(DTYPES[entry["dtype"]]).reshape(entry["shape"])


def error(got, entry):
    """The largest error, relative to the largest element; none of what is not a number."""
    want = tensor(entry)
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype}{got.shape} for {want.dtype}{want.shape}"
    if want.dtype in (np.int64, np.bool_):
        return None if (got == want).all() else f"{(got != want).sum()} of {want.size} differ"
    if not want.size:
        return None
    finite = np.isfinite(want)
    if not (np.array_equal(np.isnan(got), np.isnan(want)) and np.array_equal(got[~finite & ~np.isnan(want)], want[~finite & ~np.isnan(want)])):
        return "other infinities or NaN"
    if not finite.any():
        return None
    scale = max(np.abs(want[finite]).max(), 1e-30)
    worst = np.abs(got[finite].astype(np.float64) - want[finite]).max() / scale
    return None if worst <= TOLERANCE[entry["dtype"]] else f"off by {worst:.1e}"


def check(path):
    """What is wrong with a model, and the operator that the runtime lacks, if that is why it was not run."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    case = json.loads(path.with_suffix(".json").read_text())
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except ort.capi.onnxruntime_pybind11_state.NotImplemented as lacking:
        return [], str(lacking).split("for the node")[-1].split("node with name")[0].strip() or str(lacking)
    got = session.run(None, {x["name"]: tensor(x) for x in case["inputs"]})
    names = [y.name for y in session.get_outputs()]
    assert names == [y["name"] for y in case["outputs"]], names
    errors = [(y["name"], error(g, y)) for g, y in zip(got, case["outputs"])]
    return [f"{name}: {why}" for name, why in errors if why], None


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.onnx"))
    assert files, f"no models in {folder}"
    bad, absent, outputs = [], [], 0
    for path in files:
        try:
            wrong, lacking = check(path)
        except Exception as failure:  # Whatever the runtime raises is a finding.
            wrong, lacking = [f"{type(failure).__name__}: {failure}"], None
        bad += [f"{path.stem}: {line}" for line in wrong]
        if lacking:
            absent.append(f"{path.stem}: {lacking}")
        else:
            outputs += len(json.loads(path.with_suffix(".json").read_text())["outputs"])
    for line in absent:
        print("no kernel:", line)
    for line in bad:
        print("WRONG", line)
    print(f"ONNX Runtime {ort.__version__}: {len(files)} models, {len(files) - len(absent)} run, {outputs} results; "
          f"{len(absent)} without a kernel; {len(bad)} wrong")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1])
