#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the directed vectors of the approximate convolution unit.

    python3 testvectors/conv_unit/generate.py            # writes the CSV files beside this script
    python3 testvectors/conv_unit/generate.py --check    # only says whether they are up to date

The expected values come from contract.py, a statement of the arithmetic in unbounded integers that
shares no line with the golden model or the RTL; so a vector convicts either of the two. The vectors
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
"""

import csv
import io
import pathlib
import random
import sys

sys.dont_write_bytecode = True  # nothing but the vectors is to appear here
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


FILES = (corner_operands, thresholds, ties, zeros, modes, running, wrapping)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for make in FILES:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
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
