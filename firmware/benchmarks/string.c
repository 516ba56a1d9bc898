// SPDX-License-Identifier: MIT OR Apache-2.0
// Text: copying, comparing, searching, splitting into words, numbers to and from decimals.
#include "benchmark.h"

static const char text[] =
    "A window of sixteen words enters the unit; its largest product decides which others matter. "
    "Small ones are skipped, and the sum is nearly the same. The logarithm of a word is cheap: the "
    "place of its highest bit. Two of them, added, rank a product that was never computed.";

static size_t length(const char *s) {
  size_t n = 0;
  while (s[n] != 0) n++;
  return n;
}

static char *copy(char *to, const char *from) {
  while ((*to = *from++) != 0) to++;
  return to;
}

static int compare(const char *a, const char *b) {
  for (; *a != 0 && *a == *b; a++) b++;
  return *a - *b;
}

static const char *find(const char *in, const char *what) {
  for (; *in != 0; in++) {
    size_t i = 0;
    while (what[i] != 0 && in[i] == what[i]) i++;
    if (what[i] == 0) return in;
  }
  return NULL;
}

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

static char *decimal(char *to, uint32_t number) {
  char digits[10];
  int count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0) *to++ = digits[--count];
  *to = 0;
  return to;
}

static uint32_t parse(const char *s) {
  uint32_t number = 0;
  while (*s >= '0' && *s <= '9') number = 10 * number + (uint32_t)(*s++ - '0');
  return number;
}

enum { WORDS = 80, WORD = 16 };
static char words[WORDS][WORD];
static char joined[1024];

static uint32_t kernel(void) {
  uint32_t hash = (uint32_t)HASH, count = 0, state = 4;

  // Words in lower case, sorted by insertion, without repetitions.
  for (const char *c = text; *c != 0;) {
    char word[WORD];
    int n = 0;
    while (is_letter(*c)) word[n++] = (char)(*c++ | 32);
    while (*c != 0 && !is_letter(*c)) c++;
    word[n] = 0;
    uint32_t place = count;
    while (place > 0 && compare(words[place - 1], word) > 0) place--;
    if (place > 0 && compare(words[place - 1], word) == 0) continue;
    for (uint32_t i = count++; i > place; i--) memcpy(words[i], words[i - 1], WORD);
    copy(words[place], word);
  }
  char *end = joined;
  for (uint32_t i = 0; i < count; i++) {
    end = copy(end, words[i]);
    end = copy(end, i + 1 < count ? "," : ".");
  }
  for (size_t i = 0; i < length(joined); i++) hash = mix(hash, (uint8_t)joined[i]);
  hash = mix(hash, count);

  static const char *const patterns[] = {"product", "skipped,", "place of", "computed.", "Winograd"};
  for (uint32_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    const char *found = find(text, patterns[i]);
    hash = mix(hash, found == NULL ? ~0u : (uint32_t)(found - text));
  }

  for (int i = 0; i < 40; i++) {
    char digits[12];
    uint32_t number = next_random(&state) >> (i & 31);
    decimal(digits, number);
    if (parse(digits) != number) return 0;
    hash = mix(hash, (uint32_t)length(digits));
  }
  return hash;
}

int main(void) { return benchmark("string", kernel, 0x57995ad4); }
