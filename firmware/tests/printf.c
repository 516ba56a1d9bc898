// SPDX-License-Identifier: MIT OR Apache-2.0
/* printf: flags, widths, precisions and lengths as C has them, and what it does not know. The text is
   that of a hosted C library, but for the floating-point conversions. */
#include "check.h"
#include "runtime.h"

int main(void) {
  int length = printf("[%-6d|%6d|%+d|% d|%06d|%.3d|%8.3d|%.0d]\n", 42, -42, 42, 42, -42, 7, -7, 0);
  length += printf("[%i|%X|%#x|%#X|%x|%o|%#o|%p|%10p]\n", -1, 0xbeef, 0xbeef, 0xbeef, 0, 8, 8,
                   (void *)0x80001234, (void *)4);
  length += printf("[%*d|%-*d|%.*s|%5s|%-5s|%.2s|%c|%3c|%-3c]%s\n", 5, 1, 5, 1, 2, "abc", "ab", "ab",
                   "abc", 'x', 'y', 'z', "next");
  length += printf("[%hhd|%hd|%hhu|%hu|%ld|%lld|%zu|%td|%jd|%llX]\n", 300, 70000, 300, 70000, -5l,
                   -5000000000ll, sizeof(int), (ptrdiff_t)-3, (intmax_t)-4, 0xabcdef0123ull);
  length += printf("[%#010x|%#-10x|%+.2d|%%]\n", 0xab, 0xab, 5);
  /* The argument behind one that is not known is still its own. */
  length += printf("[%f|%5.2e|%s]\n", 1.5, 2.5, "after");
  check_equal(1, (uint32_t)length, 245);
  return 0;
}
