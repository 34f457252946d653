"""Compiles emitted sources to CUBIN for several architectures, without a GPU: `nvrtc.py FOLDER`, where each file is a header.

NVRTC is that of the package `nvidia-cuda-nvrtc`; without it a line is printed.
"""

import ctypes
import glob
import os
import sys

ARCHITECTURES = ["sm_75", "sm_90", "sm_120"]
OPTIONS = ["--fmad=false", "--std=c++17", "--device-as-default-execution-space"]


def library():
    for folder in sys.path:
        for path in sorted(glob.glob(os.path.join(folder, "nvidia", "*", "lib", "libnvrtc.so.*"))):
            if "builtins" not in path and "alt" not in os.path.basename(path):
                return path
    return None


def compiled(nvrtc, source, architecture):
    """The size of the CUBIN, and None; or None and what the compiler says."""
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None)
    options = [option.encode() for option in [f"--gpu-architecture={architecture}", *OPTIONS]]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    if failed:
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        return None, log.value.decode()
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    return size.value, None


def main():
    path = library()
    if path is None:
        print("skipped: no NVRTC; `pip install nvidia-cuda-nvrtc` brings one")
        return 0
    nvrtc = ctypes.CDLL(path)
    files = sorted(glob.glob(os.path.join(sys.argv[1], "*.h")))
    for architecture in ARCHITECTURES:
        kernels = size = 0
        for file in files:
            with open(file) as text:
                source = text.read()
            bytes, log = compiled(nvrtc, source, architecture)
            if log is not None:
                print(f"{file} for {architecture}:\n{log}")
                return 1
            kernels += sum(line.startswith("WG_KERNEL ") for line in source.splitlines())
            size += bytes
        print(f"{architecture}: {kernels} kernels of {len(files)} programs, {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
