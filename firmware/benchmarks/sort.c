// SPDX-License-Identifier: MIT OR Apache-2.0
// Two sorts of 500 words: heapsort and quicksort, with insertion sort for short pieces.
#include "benchmark.h"

enum { COUNT = 500, SHORT = 12 };
static uint32_t heap[COUNT], quick[COUNT];

static void sift(uint32_t *array, uint32_t root, uint32_t count) {
  uint32_t value = array[root];
  for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && array[child + 1] > array[child]) child++;
    if (array[child] <= value) break;
    array[root] = array[child];
  }
  array[root] = value;
}

static void heapsort(uint32_t *array, uint32_t count) {
  for (uint32_t root = count / 2; root-- > 0;) sift(array, root, count);
  for (uint32_t last = count - 1; last > 0; last--) {
    uint32_t largest = array[0];
    array[0] = array[last];
    array[last] = largest;
    sift(array, 0, last);
  }
}

static void insertion_sort(uint32_t *array, int32_t count) {
  for (int32_t i = 1; i < count; i++) {
    uint32_t value = array[i];
    int32_t place = i;
    for (; place > 0 && array[place - 1] > value; place--) array[place] = array[place - 1];
    array[place] = value;
  }
}

static void quicksort(uint32_t *array, int32_t count) {
  while (count > SHORT) {
    uint32_t pivot = array[count / 2];
    int32_t left = 0, right = count - 1;
    while (left <= right) {
      while (array[left] < pivot) left++;
      while (array[right] > pivot) right--;
      if (left > right) break;
      uint32_t swapped = array[left];
      array[left++] = array[right];
      array[right--] = swapped;
    }
    // The smaller part by a call, the other one in this loop.
    if (right + 1 < count - left) {
      quicksort(array, right + 1);
      array += left;
      count -= left;
    } else {
      quicksort(array + left, count - left);
      count = right + 1;
    }
  }
  insertion_sort(array, count);
}

static uint32_t kernel(void) {
  uint32_t state = 1;
  for (int i = 0; i < COUNT; i++) heap[i] = quick[i] = next_random(&state) >> 4;
  heapsort(heap, COUNT);
  quicksort(quick, COUNT);
  uint32_t hash = (uint32_t)HASH;
  for (int i = 0; i < COUNT; i++) {
    if (heap[i] != quick[i] || (i > 0 && heap[i - 1] > heap[i])) return 0;
    hash = mix(hash, heap[i]);
  }
  return hash;
}

int main(void) { return benchmark("sort", kernel, 0x29b41abe); }
