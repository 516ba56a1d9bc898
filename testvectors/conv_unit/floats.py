# SPDX-License-Identifier: MIT OR Apache-2.0
"""The arithmetic of approximate convolution on floats, in exact fractions. A word is the bits of a
binary32 number, or the upper 16 of them (bfloat16)."""

from fractions import Fraction

NAN = 0x7FC00000
INFINITY = 0x7F800000
MINUS_ZERO = 0x80000000


def widened(word, w):
    return word << (32 - w)


def exponent(bits):
    return bits >> 23 & 255


def is_special(bits):
    return exponent(bits) == 255


def is_nan(bits):
    return is_special(bits) and bits & 0x7FFFFF != 0


def is_zero(bits):
    return bits & 0x7FFFFFFF == 0


def value(bits):
    """Of a finite number."""
    significand = (bits & 0x7FFFFF) + (2**23 if exponent(bits) else 0)
    magnitude = Fraction(significand, 2**149) * 2 ** max(exponent(bits) - 1, 0)
    return -magnitude if bits >> 31 else magnitude


def nearest(number):
    """The binary32 number nearest to one other than zero, the even one of two."""
    magnitude, sign = abs(number), MINUS_ZERO if number < 0 else 0
    # The last place of numbers of this magnitude, as a power of two.
    place = -149
    while magnitude >= Fraction(2) ** (place + 24):
        place += 1
    count = magnitude / Fraction(2) ** place
    whole = count.numerator // count.denominator
    rest = count - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1):
        whole += 1
    if whole == 2**24:
        whole, place = 2**23, place + 1
    if whole < 2**23:
        return sign | whole
    biased = place + 150
    return sign | (INFINITY if biased > 254 else biased << 23 | whole - 2**23)


def fma(a, b, c):
    """a b + c, rounded once."""
    if is_nan(a) or is_nan(b) or is_nan(c):
        return NAN
    sign = (a ^ b) & MINUS_ZERO
    if is_special(a) or is_special(b):
        product = sign | INFINITY
        if is_zero(a) or is_zero(b) or (is_special(c) and c != product):
            return NAN
        return product
    if is_special(c):
        return c
    total = value(a) * value(b) + value(c)
    if total == 0:
        exact_zeros = (is_zero(a) or is_zero(b)) and is_zero(c)
        return MINUS_ZERO if exact_zeros and sign and c == MINUS_ZERO else 0
    return nearest(total)


def log_proxy(bits, f):
    """L(a): the exponent and the F bits below it, as they stand; None of zeros and specials."""
    if is_zero(bits) or is_special(bits):
        return None
    return bits % 2**31 // 2 ** (23 - f)


def is_kept(mode, a, b, score, s_max, threshold):
    if mode == "exact" or is_special(a) or is_special(b):
        return True
    if mode == "zero-skip":
        return not is_zero(b)
    if mode == "dual-zero-skip":
        return not is_zero(a) and not is_zero(b)
    return score is not None and score > s_max - threshold


def one_output(weights, inputs, mode, threshold, f, scope, carry, w):
    """The output, the kept products, and S_max."""
    pairs = [(widened(a, w), widened(b, w)) for a, b in zip(weights, inputs)]
    scores = []
    for a, b in pairs:
        logs = log_proxy(a, f), log_proxy(b, f)
        scores.append(None if None in logs else sum(logs))
    candidates = [score for score in scores if score is not None]
    if scope == "running" and carry is not None:
        candidates.append(carry)
    s_max = max(candidates) if candidates else None
    kept = [is_kept(mode, a, b, score, s_max, threshold)
            for (a, b), score in zip(pairs, scores)]
    total = 0
    for (a, b), keep in zip(pairs, kept):
        if keep:
            total = fma(a, b, total)
    return total, kept, s_max
