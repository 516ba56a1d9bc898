# SPDX-License-Identifier: MIT OR Apache-2.0
"""The arithmetic of approximate convolution, in unbounded integers, and one vector of it. That of floats
is in floats.py.

A third statement of the contract: it shares no line with the golden model or the RTL."""

import floats

COLUMNS = ["name", "side", "tile", "mode", "threshold", "log_frac", "operand_w", "scope", "carry",
           "weights", "words", "outputs", "kept", "s_max"]


def ends(w):
    """The smallest and the largest operand of w bits."""
    return -(2**(w - 1)), 2**(w - 1) - 1


def log_proxy(a, f):
    """L(a) = msb(a) * 2^F + the F bits right below the msb; None for zero.

    Written as a floor: 2^F * |a| / 2^msb lies in [2^F, 2^(F+1)), and its excess over 2^F is the
    fraction."""
    if a == 0:
        return None
    msb = len(bin(abs(a))) - 3
    return msb * 2**f + (abs(a) * 2**f // 2**msb - 2**f)


def wrap(value):
    """The signed 32-bit word that is congruent to value modulo 2^32."""
    return (value + 2**31) % 2**32 - 2**31


def is_kept(mode, w, x, score, s_max, threshold):
    if mode == "exact":
        return True
    if mode == "zero-skip":
        return x != 0
    if mode == "dual-zero-skip":
        return w != 0 and x != 0
    return score is not None and score > s_max - threshold


def one_output(weights, inputs, mode, threshold, f, scope, carry):
    """The output, the kept products, and S_max."""
    scores = [None if 0 in (w, x) else log_proxy(w, f) + log_proxy(x, f)
              for w, x in zip(weights, inputs)]
    candidates = [score for score in scores if score is not None]
    if scope == "running" and carry is not None:
        candidates.append(carry)
    s_max = max(candidates) if candidates else None
    kept = [is_kept(mode, w, x, score, s_max, threshold)
            for w, x, score in zip(weights, inputs, scores)]
    total = sum(w * x for w, x, keep in zip(weights, inputs, kept) if keep)
    return wrap(total), kept, s_max


def window_side(side, tile):
    return side + (tile == "2x2")


def grid(values, side):
    rows = [values[i:i + side] for i in range(0, len(values), side)]
    return " / ".join(" ".join(str(value) for value in row) for row in rows)


def optional(values):
    return " ".join("-" if value is None else str(value) for value in values)


def hexadecimal(values, w):
    return [f"0x{value:0{w // 4}x}" for value in values]


def vector(name, weights, words, tile="1x1", mode="approx", threshold=1, f=0, scope="window",
           carry=None, w=32, is_float=False):
    """One line of a file, with what it must come to. Floats are their bits, w of them."""
    low, high = (0, 2**w - 1) if is_float else ends(w)
    side = int(len(weights) ** 0.5)
    span = window_side(side, tile)
    count = 4 if tile == "2x2" else 1
    carry = carry or [None] * count
    assert len(weights) == side**2 and len(words) == span**2 and len(carry) == count, name
    assert all(low <= a <= high for a in weights + words) and 1 <= threshold < 2**32, name
    outputs, masks, maxima = [], [], []
    for output in range(count):
        top, left = divmod(output, 2)
        inputs = [words[(top + row) * span + left + column]
                  for row in range(side) for column in range(side)]
        command = mode, threshold, f, scope, carry[output]
        if is_float:
            value, kept, s_max = floats.one_output(weights, inputs, *command, w)
        else:
            value, kept, s_max = one_output(weights, inputs, *command)
        bits = "".join("1" if keep else "." for keep in kept)
        outputs.append(value)
        masks.append("/".join(bits[i:i + side] for i in range(0, len(bits), side)))
        maxima.append(s_max)
    if is_float:
        weights, words = hexadecimal(weights, w), hexadecimal(words, w)
        outputs = hexadecimal(outputs, 32)
    return [f"{name}_f{f}_o{w}", side, tile, mode, threshold, f, w, scope, optional(carry),
            grid(weights, side), grid(words, span), optional(outputs), " ".join(masks),
            optional(maxima)]
