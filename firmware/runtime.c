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

/* What stands between the % and the letter of a conversion. */
struct conversion {
  bool left, plus, space, alternate, zero;
  int width, precision; /* without a precision -1 */
};

/* Prefix, zeros and text in a field. */
static int print_field(const struct conversion *c, const char *prefix, int zeros, const char *text,
                       int length) {
  int prefixed = prefix[0] == 0 ? 0 : prefix[1] == 0 ? 1 : 2;
  int printed = prefixed + zeros + length;
  int padding = c->width > printed ? c->width - printed : 0;
  if (!c->left)
    for (int i = 0; i < padding; i++) putchar(' ');
  print(prefix);
  while (zeros-- > 0) putchar('0');
  for (int i = 0; i < length; i++) putchar(text[i]);
  if (c->left)
    for (int i = 0; i < padding; i++) putchar(' ');
  return printed + padding;
}

static int print_number(const struct conversion *c, const char *prefix, uint64_t number,
                        unsigned base, bool upper) {
  const char *letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  char digits[22];
  int first = sizeof digits, zeros;
  for (; number >> 32 != 0; number /= base) digits[--first] = letters[number % base];
  for (uint32_t low = (uint32_t)number; low != 0; low /= base) digits[--first] = letters[low % base];
  int length = (int)sizeof digits - first, prefixed = prefix[0] == 0 ? 0 : prefix[1] == 0 ? 1 : 2;
  int least = c->precision < 0 ? 1 : c->precision;
  if (base == 8 && c->alternate && least <= length) least = length + 1;
  if (c->precision < 0 && c->zero && !c->left && c->width - prefixed > least)
    least = c->width - prefixed;
  zeros = least > length ? least - length : 0;
  return print_field(c, prefix, zeros, digits + first, length);
}

/* A number of digits, or an argument for a *. */
static int field_number(const char **format, va_list *arguments) {
  int number = 0;
  if (**format == '*') {
    (*format)++;
    return va_arg(*arguments, int);
  }
  for (; **format >= '0' && **format <= '9'; (*format)++) number = 10 * number + **format - '0';
  return number;
}

int printf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int printed = 0;
  while (*format != 0) {
    if (*format != '%') {
      putchar(*format++);
      printed++;
      continue;
    }
    const char *start = format++;
    struct conversion c = {.precision = -1};
    for (;; format++) {
      if (*format == '-') c.left = true;
      else if (*format == '+') c.plus = true;
      else if (*format == ' ') c.space = true;
      else if (*format == '#') c.alternate = true;
      else if (*format == '0') c.zero = true;
      else break;
    }
    c.width = field_number(&format, &arguments);
    if (c.width < 0) {
      c.left = true;
      c.width = -c.width;
    }
    if (*format == '.') {
      format++;
      c.precision = field_number(&format, &arguments);
    }
    /* 8, 16, 32 or 64 bits; long and int have 32. */
    int bits = 32;
    bool long_double = false;
    for (;; format++) {
      if (*format == 'h') bits = bits == 16 ? 8 : 16;
      else if (*format == 'j' || (*format == 'l' && format[-1] == 'l')) bits = 64;
      else if (*format == 'L') long_double = true;
      else if (*format != 'l' && *format != 'z' && *format != 't') break;
    }
    char letter = *format;
    if (letter != 0) format++;
    switch (letter) {
    case 'd':
    case 'i': {
      int64_t number = bits == 64 ? va_arg(arguments, int64_t) : va_arg(arguments, int32_t);
      if (bits == 16) number = (int16_t)number;
      if (bits == 8) number = (int8_t)number;
      uint64_t magnitude = number < 0 ? -(uint64_t)number : (uint64_t)number;
      const char *sign = number < 0 ? "-" : c.plus ? "+" : c.space ? " " : "";
      printed += print_number(&c, sign, magnitude, 10, false);
      break;
    }
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'p': {
      uint64_t number = bits == 64 ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t);
      if (bits < 32) number &= (1u << bits) - 1;
      bool prefixed = letter == 'p' || (c.alternate && number != 0);
      unsigned base = letter == 'u' ? 10 : letter == 'o' ? 8 : 16;
      const char *prefix = base != 16 || !prefixed ? "" : letter == 'X' ? "0X" : "0x";
      printed += print_number(&c, prefix, number, base, letter == 'X');
      break;
    }
    case 'c': {
      char character = (char)va_arg(arguments, int);
      printed += print_field(&c, "", 0, &character, 1);
      break;
    }
    case 's': {
      const char *text = va_arg(arguments, const char *);
      int length = 0;
      if (text == NULL) text = "(null)";
      while ((c.precision < 0 || length < c.precision) && text[length] != 0) length++;
      printed += print_field(&c, "", 0, text, length);
      break;
    }
    case '%':
      putchar('%');
      printed++;
      break;
    default:
      /* Not known here: printed as it stands. What it takes is passed over. */
      if (letter == 'n' || long_double) va_arg(arguments, void *);
      else if ((letter | 32) >= 'a' && (letter | 32) <= 'g') va_arg(arguments, uint64_t);
      for (; start != format; printed++) putchar(*start++);
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
__attribute__((used)) uint32_t handle_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  return current_handler(cause, pc, value);
}
