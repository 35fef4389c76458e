"""Vector instructions that the compiler does not find by itself."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WIDTH = 64
"""Bytes that `count_equal` compares at once."""


def _count_equal(typingctx: Any, array: Any, start: Any, value: Any) -> Any:
    """How many of ``array[start : start + 64]`` (uint8) equal `value`.

    One comparison and one population count with AVX-512, two each with AVX2; any other
    machine gets what LLVM makes of the same expression.
    """
    signature = types.int64(array, types.int64, types.uint8)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        vector = ir.VectorType(ir.IntType(8), WIDTH)
        pointer = builder.bitcast(builder.gep(data, [arguments[1]]), vector.as_pointer())
        values = builder.load(pointer, align=1)
        lane = ir.Constant(ir.IntType(32), 0)
        splat = builder.insert_element(ir.Constant(vector, ir.Undefined), arguments[2], lane)
        order = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        splat = builder.shuffle_vector(splat, ir.Constant(vector, ir.Undefined), order)
        equal = builder.icmp_unsigned("==", values, splat)
        return builder.ctpop(builder.bitcast(equal, ir.IntType(WIDTH)))

    return signature, codegen


count_equal: Any = intrinsic(_count_equal)
