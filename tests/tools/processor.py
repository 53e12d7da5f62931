"""The precisions of this machine's processor, found by multiplying rather than by asking a library."""

from functools import cache

import numpy as np
import pytest

from nlu_lite.encoding.backends.openvino import _build_settings, import_openvino
from nlu_lite.errors import OptionError
from nlu_lite.options import Precision


@cache
def openvino_computes_in_bf16():
    """Return whether OpenVINO, with its default threads, multiplies in bf16 on this machine: then 1 + 2**-12 is 1."""
    openvino = import_openvino()
    from openvino import opset13 as opset

    rows = opset.parameter([-1, 64], np.float32)
    ones = opset.constant(np.ones((64, 64), np.float32))
    model = openvino.Model([opset.matmul(rows, ones, False, False)], [rows])
    compiled = openvino.Core().compile_model(model, "CPU", _build_settings(Precision.BF16, None))
    try:
        found = compiled(np.full((2, 64), 1 + 2**-12, np.float32))[0]
    except RuntimeError:
        return False
    return bool((found == 64).all())


def refused(open_it, backend, precision):
    """Return whether a backend refuses a precision. It must if the processor does not support it."""
    if (backend, precision) != ("openvino", "bf16") or openvino_computes_in_bf16():
        return False
    with pytest.raises(OptionError, match=r"precision='bf16' with backend=\"openvino\": .* on this processor"):
        open_it()
    return True
