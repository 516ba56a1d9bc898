// SPDX-License-Identifier: MIT OR Apache-2.0
#include "runtime.h"

#include <stdarg.h>

int putchar(int c) {
  *device(UART) = (uint8_t)c;
  return (uint8_t)c;
}

static int print(const char *text) {
  int length = 0;
  while (text[length] != 0) putchar(text[length++]);
  return length;
}

int puts(const char *text) {
  print(text);
  return putchar('\n');
}

/* `width` characters at least, filled from the left. */
static int print_number(uint64_t number, unsigned base, bool negative, char fill, int width) {
  char digits[24];
  int length = 0;
  uint32_t low;
  while (number >> 32 != 0) {
    digits[length++] = "0123456789abcdef"[number % base];
    number /= base;
  }
  low = (uint32_t)number;
  do {
    digits[length++] = "0123456789abcdef"[low % base];
    low /= base;
  } while (low != 0);
  int printed = length + negative;
  if (negative && fill == '0') putchar('-');
  for (; printed < width; printed++) putchar(fill);
  if (negative && fill != '0') putchar('-');
  while (length > 0) putchar(digits[--length]);
  return printed;
}

int printf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int printed = 0;
  for (; *format != 0; format++) {
    if (*format != '%') {
      putchar(*format);
      printed++;
      continue;
    }
    format++;
    char fill = *format == '0' ? '0' : ' ';
    int width = 0, longs = 0;
    for (; *format >= '0' && *format <= '9'; format++) width = 10 * width + *format - '0';
    for (; *format == 'l'; format++) longs++;
    switch (*format) {
    case 'c':
      putchar(va_arg(arguments, int));
      printed++;
      break;
    case 's':
      printed += print(va_arg(arguments, const char *));
      break;
    case 'd': {
      int64_t number = longs == 2 ? va_arg(arguments, int64_t) : va_arg(arguments, int32_t);
      uint64_t magnitude = number < 0 ? -(uint64_t)number : (uint64_t)number;
      printed += print_number(magnitude, 10, number < 0, fill, width);
      break;
    }
    case 'u':
    case 'x': {
      uint64_t number = longs == 2 ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t);
      printed += print_number(number, *format == 'x' ? 16 : 10, false, fill, width);
      break;
    }
    default:
      putchar(*format);
      printed++;
    }
  }
  va_end(arguments);
  return printed;
}

static uint32_t unexpected_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  uint32_t number = cause & 31;
  bool interrupt = (cause & CAUSE_INTERRUPT) != 0;
  printf("unexpected %s %lu at 0x%08lx, mtval 0x%08lx\n", interrupt ? "interrupt" : "exception",
         number, pc, value);
  exit((interrupt ? 1100 : 1000) + (int)number);
}

static trap_handler *current_handler = unexpected_trap;

trap_handler *set_trap_handler(trap_handler *handler) {
  trap_handler *before = current_handler;
  current_handler = handler;
  return before;
}

/* Called by the trap vector. */
uint32_t handle_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  return current_handler(cause, pc, value);
}
