#!/usr/bin/env python3
"""Runs exported models in ONNX Runtime and compares with what Wengert computes.

    WENGERT_ONNX=FOLDER cargo test -p wengert-onnx --test exported -- all_files
    python3 crates/onnx/tests/check.py FOLDER

It needs onnxruntime, onnx and numpy; without them it says so and ends well. F32 agrees to 1e-5, F64 to 1e-12, relative
to the largest element of a result. Where the runtime has no F64 kernel for an operator, the reference implementation of the
package onnx runs the model (its Erf has single precision inside, so there 1e-7). As a control, each result is also compared with one that is wrong in one element.
"""
import json
import pathlib
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx.reference import ReferenceEvaluator
except ImportError as missing:
    print(f"ONNX Runtime is absent ({missing}): the exported models were not run")
    sys.exit(0)

DTYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "Bool": np.bool_}
TOLERANCE = {"F32": 1e-5, "F64": 1e-12}


def tensor(entry):
    values = np.array(entry["values"], dtype=np.float64 if entry["dtype"][0] == "F" else np.int64)
    return values.astype(DTYPES[entry["dtype"]]).reshape(entry["shape"])


def error(got, want, tolerance):
    """What differs: type, shape, what is not finite, or a number by more than this part of the largest."""
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype}{got.shape} for {want.dtype}{want.shape}"
    if tolerance is None:
        return None if (got == want).all() else f"{(got != want).sum()} of {want.size} differ"
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return "other infinities or NaN"
    if not finite.any():
        return None
    scale = max(np.abs(want[finite]).max(), 1e-30)
    worst = np.abs(got[finite].astype(np.float64) - want[finite]).max() / scale
    return None if worst <= tolerance else f"off by {worst:.1e}"


def spoiled(x):
    """The same with another first element, or one element more."""
    y = x.copy().reshape(-1)
    if not y.size:
        return np.zeros(1, x.dtype)
    if y.dtype == np.bool_ or not np.isfinite(y[0]):
        y[0] = not y[0]
    else:
        y[0] += 1 if y.dtype == np.int64 else np.abs(y[np.isfinite(y)]).max() * 1e-3 + 1e-3
    return y.reshape(x.shape)


def run(path, inputs):
    """The results by name, and the tolerance of F64 where it was not the runtime that computed them."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except ort.capi.onnxruntime_pybind11_state.NotImplemented:
        model = onnx.load(path)
        evaluator = ReferenceEvaluator(model)
        single = any(node.op_type == "Erf" for node in model.graph.node)
        with np.errstate(all="ignore"):
            return dict(zip(evaluator.output_names, evaluator.run(None, inputs))), 1e-7 if single else 1e-12
    return dict(zip([y.name for y in session.get_outputs()], session.run(None, inputs))), None


def check(path):
    """What is wrong with a model, how many results it has, and whether the runtime ran it."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    case = json.loads(path.with_suffix(".json").read_text())
    got, looser = run(path, {x["name"]: tensor(x) for x in case["inputs"]})
    names = [y["name"] for y in case["outputs"]]
    bad = [] if list(got) == names else [f"results {list(got)} for {names}"]
    for entry in case["outputs"]:
        want, tolerance = tensor(entry), TOLERANCE.get(entry["dtype"])
        tolerance = looser if looser and entry["dtype"] == "F64" else tolerance
        y = np.asarray(got[entry["name"]])
        why = error(y, want, tolerance)
        bad += [f"{entry['name']}: {why}"] if why else []
        bad += [] if error(spoiled(y), want, tolerance) else [f"{entry['name']}: the control was not seen"]
    return bad, len(names), looser is None


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.onnx"))
    assert files, f"no models in {folder}"
    bad, results, others = [], 0, 0
    for path in files:
        try:
            wrong, count, by_runtime = check(path)
        except Exception as failure:  # Whatever a runtime raises is a finding.
            wrong, count, by_runtime = [f"{type(failure).__name__}: {failure}"], 0, True
        bad += [f"{path.stem}: {line}" for line in wrong]
        results, others = results + count, others + (not by_runtime)
    for line in bad:
        print("WRONG", line)
    print(f"{len(files)} models, {results} results: {len(files) - others} models by ONNX Runtime {ort.__version__}, "
          f"{others} of F64 by the reference of onnx {onnx.__version__}; {len(bad)} wrong")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(sys.argv[1])
