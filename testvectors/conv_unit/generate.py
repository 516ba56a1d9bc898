#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the directed vectors of the approximate convolution unit.

    python3 testvectors/conv_unit/generate.py            # writes the CSV files beside this script
    python3 testvectors/conv_unit/generate.py --check    # only says whether they are up to date

The expected values come from contract.py and floats.py, a statement of the arithmetic in unbounded
integers and in fractions that shares no line with the golden model or the RTL; so a vector convicts either of the two. The vectors
are committed; nothing needs Python to use them.

One line is one window:

    name        what it is there for
    side        the kernel's side
    tile        1x1 (side x side words, one output) or 2x2 ((side+1) x (side+1) words, four outputs)
    mode        exact, zero-skip, dual-zero-skip, approx
    threshold   T, in units of 2^-log_frac
    log_frac    F, the fraction bits of the log proxy
    operand_w   bits of a weight and of a word of the window, two's complement
    scope       what S_max is taken over: window, running
    carry       S_max of the channels before, one for each output; - where there is none
    weights     the kernel; rows are separated by /
    words       the window; rows are separated by /
    outputs     expected: the outputs, row by row of the tile
    kept        expected: the multiplied products of each output, 1 or ., rows separated by /
    s_max       expected: S_max of each output; - where there is none
    number      of the files of floats: float32, bfloat16; their words are bits, in hexadecimal
"""

import csv
import io
import pathlib
import random
import sys
from fractions import Fraction

sys.dont_write_bytecode = True  # nothing but the vectors is to appear here
import floats  # noqa: E402
from contract import COLUMNS, ends, log_proxy, vector, window_side  # noqa: E402

# Bits of an operand and F: those of the units that ship.
FORMATS = tuple((w, f) for w in (32, 16, 8) for f in (0, 3))
SIDES = (1, 2, 3, 4, 5)
TILES = ("1x1", "2x2")
MODES = ("exact", "zero-skip", "dual-zero-skip", "approx")
SCOPES = ("window", "running")


def corners(w):
    """0, and every power of two and both its neighbours, with either sign, up to both ends."""
    low, high = ends(w)
    found = {0, low, low + 1, high}
    for k in range(w):
        for a in (2**k - 1, 2**k, 2**k + 1):
            found |= {value for value in (a, -a) if low <= value <= high}
    return sorted(found, key=lambda a: (abs(a), a))


def corner_operands():
    """Single products, so that S_max is the proxy itself: each corner operand on each side."""
    for w, f in FORMATS:
        operands, (low, high), more = corners(w), ends(w), dict(tile="2x2", f=f, w=w)
        for weight in (0, 1, -1, 3, -(2**(w // 2)), high, low):
            for i in range(0, len(operands), 4):
                words = (operands + [0, 1, low])[i:i + 4]
                yield vector(f"word_{words[0]}_to_{words[-1]}", [weight], words, **more)
        for weight in operands:
            yield vector(f"weight_{weight}", [weight], [1, -1, low, weight], **more)


def operand_of_proxy(w, f):
    """For each value that L can have, an operand that has it."""
    low, _ = ends(w)
    table = {log_proxy(low, f): low}
    for msb in range(w - 1):
        for fraction in range(2**f):
            a = 2**msb + fraction * 2**msb // 2**f
            table.setdefault(log_proxy(a, f), a)
    return table


def pair_of_score(score, table):
    """Two operands whose proxies add up to score, as equal as they get; None if there are none."""
    for first in sorted(table, key=lambda first: abs(2 * first - score)):
        if score - first in table:
            return table[first], table[score - first]
    return None


def thresholds():
    """Each distance from S_max, with the T that has it just inside and its successor outside."""
    for w, f in FORMATS:
        (low, high), more = ends(w), dict(f=f, w=w)
        table = operand_of_proxy(w, f)
        top = (2 * w - 2) * 2**f
        for distance in range(top + 1):
            inside = pair_of_score(top - distance, table)
            outside = pair_of_score(top - distance - 1, table) or (0, 0)
            if inside is None:
                continue
            weights = [inside[0], low, outside[0], -5]
            words = [inside[1], low, outside[1], 0]
            for t in sorted({max(distance, 1), distance + 1}):
                yield vector(f"distance_{distance}_t_{t}", weights, words, threshold=t, **more)
        # The scores end at 0, and so does what T can reach; above that any T keeps all but zeros.
        nine = [1, 2, -4, 64, 0, -3, 2**(2 * w // 3 - 1), high, low]
        limits = {1, 2, top, 64 * 2**f - 1, 64 * 2**f, 64 * 2**f + 1, 32767, 32768, 65534,
                  65535, 65536, 65537, 2**31 - 1, 2**31, 2**32 - 1}
        for t in sorted(limits):
            for tile in TILES:
                words = (nine * 2)[2:2 + window_side(3, tile) ** 2]
                yield vector(f"limit_{tile}_t_{t}", nine, words, tile, threshold=t, **more)


def power(k, w):
    """An operand of w bits whose msb is k and that has nothing below it."""
    return ends(w)[0] if k == w - 1 else 2**k


def ties():
    """Several products share S_max, by equal and by different operands."""
    for w, f in FORMATS:
        (low, high), more, top = ends(w), dict(f=f, w=w), w - 1
        unit = 2**f
        for s_max in (0, 1, 2, top, top + 1, 2 * top - 1, 2 * top):
            # S_max three times, then 1 and 2 below it, and two zeros.
            pairs = [(a, s_max - a) for a in (max(0, s_max - top), s_max // 2, min(s_max, top))]
            for below in (1, 2):
                rest = max(s_max - below, 0)
                pairs.append((rest // 2, rest - rest // 2))
            weights = [power(a, w) for a, _ in pairs] + [0, 9, 0, 0]
            words = [-power(b, w) if b % 2 and b < top else power(b, w) for _, b in pairs]
            words += [9, 0, 0, 0]
            for t in (1, unit, unit + 1, 2 * unit, 2 * unit + 1):
                yield vector(f"tie_at_{s_max}_t_{t}", weights, words, threshold=t, **more)
        # All products tie, with both signs; they cancel in the output but not in the count.
        for side in SIDES:
            for tile in TILES:
                n = window_side(side, tile) ** 2
                weights = [(-1) ** i * 6 for i in range(side**2)]
                yield vector(f"all_tie_{side}_{tile}", weights, [7] * n, tile, **more)
                yield vector(f"all_tie_low_{side}_{tile}", [low] * side**2, [low] * n, tile, **more)
        # Unequal products whose proxies are equal: with F = 3 the bits below the fraction.
        words = [high, -(15 * 2**(w - 5)), 2**(w - 2), 2**(w - 3)]
        yield vector("tie_by_truncation", [1, 1, 1, 1], words, **more)
        # A tie with the carry alone.
        yield vector("tie_with_carry", [4, 2, 1, 0], [4, 4, 4, 4], scope="running",
                     carry=[4 * unit], **more)


def zeros():
    """Windows of zeros, and single operands that are not, at each place."""
    for w, f in FORMATS:
        low, _ = ends(w)
        for mode in MODES:
            for scope in SCOPES:
                for tile in TILES:
                    n = 16 if tile == "2x2" else 9
                    carry = [3, None, 0, (2 * w - 2) * 2**f][:4 if tile == "2x2" else 1]
                    more = dict(tile=tile, mode=mode, f=f, scope=scope, carry=carry, threshold=7,
                                w=w)
                    name = f"{mode}_{scope}_{tile}"
                    yield vector(f"no_words_{name}", list(range(-4, 5)), [0] * n, **more)
                    yield vector(f"no_weights_{name}", [0] * 9, list(range(1, n + 1)), **more)
                    yield vector(f"nothing_{name}", [0] * 9, [0] * n, **more)
        for side in SIDES:
            for tile in TILES:
                n = window_side(side, tile) ** 2
                # Different weights and words: a word that ends up elsewhere gives another output.
                for place in range(n):
                    words = [0] * n
                    words[place] = -(place + 2)
                    weights = [3 * i + 1 for i in range(side**2)]
                    mode = MODES[1 + place % 3]
                    name = f"word_{place}_of_{side}_{tile}"
                    yield vector(name, weights, words, tile, mode, 64 * 2**f, f, w=w)
                for place in range(side**2):
                    weights = [0] * side**2
                    weights[place] = low if place % 2 else 11
                    words = [3 * i - 7 for i in range(n)]
                    mode = ("approx", "dual-zero-skip")[place % 2]
                    name = f"weight_{place}_of_{side}_{tile}"
                    yield vector(name, weights, words, tile, mode, 64 * 2**f, f, w=w)


def mixed(generator, count, w):
    """Operands of all kinds."""
    low, high = ends(w)
    kinds = (
        lambda: 0,
        lambda: generator.randint(-9, 9),
        lambda: generator.randint(max(low, -255), min(high, 255)),
        lambda: generator.randint(low, high),
        lambda: generator.choice(corners(w)),
    )
    return [generator.choice(kinds)() for _ in range(count)]


def modes():
    """Each mode, scope, tile and kernel side on mixed operands."""
    generator = random.Random(20_240_601)
    for w, f in FORMATS:
        for side in SIDES:
            for tile in TILES:
                for mode in MODES:
                    for scope in SCOPES:
                        count = 4 if tile == "2x2" else 1
                        yield vector(
                            f"{mode}_{scope}_{side}_{tile}",
                            mixed(generator, side**2, w),
                            mixed(generator, window_side(side, tile) ** 2, w),
                            tile, mode, generator.randint(1, 3 * w // 4 * 2**f), f, scope,
                            [generator.choice([None, generator.randint(0, (2 * w - 2) * 2**f)])
                             for _ in range(count)], w)


def running():
    """S_max of the channels before: below, at and above that of the window, for each output."""
    for w, f in FORMATS:
        unit = 2**f
        # Nine scores; of 8 bits seven, with the largest three times.
        weights = [1, 2, 4, 8, 16, 32, 64, 64, 64] if w == 8 else [2**i for i in range(9)]
        ones = [1] * 16
        best = (6 if w == 8 else 8) * unit
        for mode in MODES:
            for scope in SCOPES:
                for t in (1, unit, 3 * unit, best, best + unit):
                    for name, carry in (
                        ("below", [0, best - 1, None, best - unit]),
                        ("around", [best - 1, best, best + 1, best + t - 1]),
                        ("above", [best + t, best + t + 1, (2 * w - 2) * unit, best]),
                    ):
                        yield vector(f"{name}_{mode}_{scope}_t_{t}", weights, ones, "2x2", mode, t,
                                     f, scope, carry, w)
        # Channel after channel: what one leaves is what the next one starts from.
        for tile in TILES:
            generator = random.Random(7)
            carry = None
            for channel in range(6):
                line = vector(f"channel_{channel}_{tile}", mixed(generator, 9, w),
                              mixed(generator, window_side(3, tile) ** 2, w), tile, "approx",
                              5 * unit, f, "running", carry, w)
                carry = [None if s == "-" else int(s) for s in line[-1].split()]
                yield line


def wrapping():
    """Products and sums that leave 32 bits, or the bits of an operand, where these are fewer."""
    for w, f in FORMATS:
        low, high = ends(w)
        for mode in MODES:
            more = dict(mode=mode, f=f, threshold=64 * 2**f, w=w)
            yield vector(f"low_times_low_{mode}", [low], [low], **more)
            yield vector(f"low_times_minus_one_{mode}", [low], [-1], **more)
            yield vector(f"minus_one_times_low_{mode}", [-1], [low], **more)
            yield vector(f"high_times_high_{mode}", [high], [high], **more)
            yield vector(f"high_times_low_{mode}", [high], [low], **more)
            if w == 32:
                yield vector(f"product_2_to_31_{mode}", [2**15], [2**16], **more)
                yield vector(f"product_2_to_32_{mode}", [2**16], [-(2**16)], **more)
            yield vector(f"sum_just_fits_{mode}", [1, 1, 0, 0], [high - 5, 5, 1, 1], **more)
            yield vector(f"sum_wraps_up_{mode}", [1, 1, 0, 0], [high - 5, 6, 1, 1], **more)
            yield vector(f"sum_wraps_down_{mode}", [1, 1, 0, 0], [low + 5, -6, 1, 1], **more)
            for side in SIDES:
                n = window_side(side, "2x2") ** 2
                ends_of = f"{side}_{mode}"
                yield vector(f"lowest_sum_{ends_of}", [high] * side**2, [low] * n, "2x2", **more)
                yield vector(f"highest_sum_{ends_of}", [low] * side**2, [low] * n, "2x2", **more)
            yield vector(f"sum_of_wraps_{mode}", [high] * 25, [low + 1] * 36, "2x2", **more)


# ---- Floats ------------------------------------------------------------------------------------

FLOAT_FORMATS = tuple((w, f) for w in (32, 16) for f in (0, 3, 6))


def bits(number, w=32):
    """A number that floats of w bits have, as such bits."""
    if number == 0:
        return 0
    found = floats.nearest(Fraction(number))
    assert found % 2 ** (32 - w) == 0, number
    return found >> (32 - w)


def float_corners(w):
    """Both zeros, the smallest and largest subnormal and normal numbers, numbers around 1, infinities and
    NaNs."""
    fraction = w - 9
    one = 127 << fraction
    positive = [0, 1, 3 << (fraction - 2), 2**fraction - 1, 2**fraction, one - 1, one, one + 1,
                one + 2 ** (fraction - 1), 64 << fraction, (255 << fraction) - 1]
    special = [255 << fraction, (255 << fraction) + 1, (511 << (fraction - 1)) + 1]
    return [sign << (w - 1) | value for value in positive + special for sign in (0, 1)]


def float_vector(name, weights, words, *arguments, w, f, **more):
    number = "float32" if w == 32 else "bfloat16"
    return vector(name, weights, words, *arguments, w=w, f=f, is_float=True, **more) + [number]


def float_operands():
    """Single products: each corner operand with each."""
    for w, f in FLOAT_FORMATS:
        corners_of = float_corners(w)
        for number, weight in enumerate(corners_of):
            for i in range(0, len(corners_of), 4):
                yield float_vector(f"corner_{number}_{i}", [weight], corners_of[i:i + 4], "2x2",
                                   MODES[(number + i // 4) % 4], w=w, f=f)


def float_sums():
    """Sums whose order, roundings, zeros and ends matter."""
    for w, f in FLOAT_FORMATS:
        top = bits(2**127, w)
        lowest = 1
        specials = float_corners(w)[-6:]
        infinity, minus_infinity, nan = specials[0], specials[1], specials[4]
        minus_zero = 1 << (w - 1)

        def of(*numbers):
            return [bits(number, w) for number in numbers]

        half, place = Fraction(1, 2**24), Fraction(1, 2**12)
        cases = {
            # 1 + 2^-24 + 2^-24 is 1, and 2^-24 + 2^-24 + 1 is not.
            "large_first": (of(1, place, place, 0), of(1, place, place, 0)),
            "large_last": (of(place, place, 1, 0), of(place, place, 1, 0)),
            # A tie goes to the even one, up and down; what is beyond the half breaks it.
            "tie_even": (of(1, half, 0, 0), of(1, 1, 0, 0)),
            "tie_odd": (of(1, 2 * half, half, 0), of(1, 1, 1, 0)),
            "beyond_tie": (of(1, half, half / 2**40, 0), of(1, 1, 1, 0)),
            "below_tie": (of(1, -half, 0, 0), of(1, 1, 0, 0)),
            # One rounding for a product and its sum: the product's lower half is what is left.
            "cancellation": (of(Fraction(129, 128), -1, 1, 0), of(Fraction(129, 128), 1, -1, 0)),
            "fused": (of(Fraction(4225, 4096) if w == 32 else Fraction(129, 128), -1, 0, 0),
                      of(Fraction(4225, 4096) if w == 32 else Fraction(129, 128), 1, 0, 0)),
            "to_zero": (of(3, -3, 0, 0), of(5, 5, 0, 0)),
            "through_large": ([top] + of(1, -2, 1), of(1, 1) + [top] + of(1)),
            "overflow": ([top, top, 0, 0], of(1, 1, 0, 0)),
            "overflow_of_product": ([top, 0, 0, 0], [top] + of(1, 1, 1)),
            "overflow_and_back": ([top, top, top, top], of(1, 1, -1, -1)),
            "underflow": ([lowest, lowest, lowest, 0], [lowest] + of(1, Fraction(1, 2), 1)),
            "minus_underflow": ([lowest] + [0] * 3, [minus_zero | lowest] + [0] * 3),
            "subnormal_sum": ([lowest, lowest, 1, 3], of(1, 2, -1, 1)),
            "zeros": ([minus_zero, 0, minus_zero, 0], [0, minus_zero, minus_zero, 0]),
            "zero_after_one": (of(1, -1, 0, 0), of(1, 1, 0, 0)),
            # Infinities and NaNs: beside zeros, small products, one another.
            "infinity": ([infinity] + of(1, 2, 3), of(1, 1, 1, 1)),
            "infinity_by_zero": ([infinity] + of(1, 2, 3), of(0, 1, 1, 1)),
            "zero_by_infinity": (of(0, 1, 2, 3), [minus_infinity] + of(1, 1, 1)),
            "infinities": ([infinity, minus_infinity] + of(1, 1), of(1, 1, 1, 1)),
            "infinity_of_small": (of(1, Fraction(1, 2**40), 1, 1),
                                  of(1) + [infinity] + of(Fraction(1, 2**50), 1)),
            "nan": ([nan] + of(1, 1, 1), of(0, 1, 1, 1)),
            "nan_alone": (of(0, 0, 0, 0), of(0, 0, 0) + [nan]),
            "specials_alone": ([infinity, nan, 0, 0], [0, 0, infinity, nan]),
        }
        for name, (weights, words) in cases.items():
            for mode in MODES:
                for t in (1, 9 << f, 65535):
                    yield float_vector(f"{name}_{mode}_t_{t}", weights, words, "1x1", mode, t,
                                       w=w, f=f)


def float_thresholds():
    """Each distance from S_max, with the T that has it just inside and its successor outside; ties."""
    for w, f in FLOAT_FORMATS:
        for distance in sorted({*range(40), *range(40, 508, 13), 506, 507}):
            # Exponents 254 and 127 down to 0: a word with the exponent 0 has a bit of its fraction.
            def words_of(score):
                first = min(score, 254)
                low = w - 9
                return [first << low | (first == 0), (score - first) << low | (score == first)]

            pairs = [words_of(508), words_of(508 - distance), words_of(max(507 - distance, 0))]
            weights = [pair[0] for pair in pairs] + [0]
            words = [pair[1] for pair in pairs] + [bits(1, w)]
            for t in sorted({max(distance << f, 1), (distance << f) + 1}):
                yield float_vector(f"distance_{distance}_t_{t}", weights, words, threshold=t,
                                   w=w, f=f)
        # Fractions below the unit: 1.0, 1.25, 1.5 and 1.75 beside one another.
        quarters = [bits(Fraction(4 + i % 4, 4), w) for i in range(16)]
        for t in range(1, 2 ** (f + 1) + 2):
            yield float_vector(f"quarters_t_{t}", quarters[1:10], quarters, "2x2", threshold=t,
                               w=w, f=f)
        for t in (1, 65534, 65535, 65536, 2**31, 2**32 - 1):
            ends_of = float_corners(w)
            yield float_vector(f"limit_t_{t}", ends_of[:9], ends_of[4:13], threshold=t, w=w, f=f)


def float_kind(generator, w):
    """Operands of all kinds, with exponents near each other more often than not."""
    fraction = w - 9
    def like_one():
        return generator.getrandbits(1) << (w - 1) | generator.randint(120, 130) << fraction

    kinds = (
        lambda: 0,
        like_one,
        lambda: like_one() | generator.getrandbits(fraction),
        lambda: like_one() | generator.getrandbits(fraction),
        lambda: generator.getrandbits(w),
        lambda: generator.choice(float_corners(w)[:-6]),
    )
    return generator.choice(kinds)()


def float_modes():
    """Each mode, scope, tile and kernel side on mixed operands; S_max of the channels before."""
    generator = random.Random(20_261_127)
    for w, f in FLOAT_FORMATS:
        for side in SIDES:
            for tile in TILES:
                for mode in MODES:
                    for scope in SCOPES:
                        count = 4 if tile == "2x2" else 1
                        yield float_vector(
                            f"{mode}_{scope}_{side}_{tile}",
                            [float_kind(generator, w) for _ in range(side**2)],
                            [float_kind(generator, w)
                             for _ in range(window_side(side, tile) ** 2)],
                            tile, mode, generator.randint(1, 16 << f), scope=scope,
                            carry=[generator.choice([None, generator.randint(0, 508 << f),
                                                     generator.randint(248 << f, 260 << f)])
                                   for _ in range(count)], w=w, f=f)


FILES = (corner_operands, thresholds, ties, zeros, modes, running, wrapping)
FLOAT_FILES = (float_operands, float_sums, float_thresholds, float_modes)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for make in FILES + FLOAT_FILES:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS + ["number"] * (make in FLOAT_FILES))
        writer.writerows(make())
        path = pathlib.Path(__file__).parent / f"{make.__name__}.csv"
        if not path.exists() or path.read_text() != text.getvalue():
            stale.append(path.name)
            if not check:
                path.write_text(text.getvalue())
    print("changed:" if not check else "not up to date:", ", ".join(stale) or "none")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
