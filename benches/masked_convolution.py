# SPDX-License-Identifier: MIT OR Apache-2.0
"""The obvious alternative: a masked convolution in NumPy, for benches/masked_convolution.rs.

Reads from standard input, as little-endian 32-bit integers: images, channels, outputs, side, height,
width, T, rounds, then the planes and the filters. Prints the best seconds of a round, the products kept
and the sum of all outputs modulo 2**32.
"""

import sys
import time

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def log_proxy(words):
    """Position of the highest set bit of |word|; far below every score for 0."""
    magnitude = np.abs(words.astype(np.int64))
    return np.where(magnitude == 0, -1000, np.frexp(magnitude.astype(np.float64))[1] - 1)


def layer(planes, filters, threshold):
    """planes [image, channel, y, x], filters [output, channel, side, side]: outputs and products kept."""
    side = filters.shape[2]
    windows = sliding_window_view(planes, (side, side), axis=(2, 3))
    window_logs = sliding_window_view(log_proxy(planes), (side, side), axis=(2, 3))
    filter_logs = log_proxy(filters)
    outputs, kept = [], 0
    for weights, weight_logs in zip(filters, filter_logs):
        weights = weights[None, :, None, None]
        scores = window_logs + weight_logs[None, :, None, None]
        best = scores.max(axis=(4, 5), keepdims=True)
        keep = (scores > best - threshold) & (scores >= 0)
        kept += int(np.count_nonzero(keep))
        outputs.append(np.where(keep, windows.astype(np.int64) * weights, 0).sum(axis=(1, 4, 5)))
    return np.stack(outputs, axis=1), kept


def main():
    data = np.frombuffer(sys.stdin.buffer.read(), dtype="<i4")
    images, channels, outputs, side, height, width, threshold, rounds = data[:8]
    count = images * channels * height * width
    planes = data[8 : 8 + count].reshape(images, channels, height, width)
    filters = data[8 + count :].reshape(outputs, channels, side, side)
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        sums, kept = layer(planes, filters, threshold)
        best = min(best, time.perf_counter() - begin)
    print(best, kept, int(sums.sum()) % 2**32)


main()
