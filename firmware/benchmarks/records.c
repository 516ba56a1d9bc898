// SPDX-License-Identifier: MIT OR Apache-2.0
// What ordinary control code does, in the proportions of such code: records in linked lists and in a
// tree, a small interpreter, a state machine, calls through pointers.
#include "benchmark.h"

// A pool of records instead of a heap.
struct record {
  struct record *next, *left, *right;
  uint32_t key, value;
  uint8_t kind;
  char name[11];
};
enum { RECORDS = 120 };
static struct record pool[RECORDS];
static uint32_t used;

static struct record *new_record(uint32_t key, uint8_t kind) {
  struct record *record = &pool[used++];
  *record = (struct record){.key = key, .kind = kind, .value = key ^ kind};
  for (int i = 0; i < 10; i++) record->name[i] = (char)('a' + (key >> i & 15));
  return record;
}

static void insert(struct record **root, struct record *record) {
  while (*root != NULL) root = record->key < (*root)->key ? &(*root)->left : &(*root)->right;
  *root = record;
}

static const struct record *look_up(const struct record *root, uint32_t key) {
  while (root != NULL && root->key != key) root = key < root->key ? root->left : root->right;
  return root;
}

static uint32_t depth(const struct record *root) {
  if (root == NULL) return 0;
  uint32_t left = depth(root->left), right = depth(root->right);
  return 1 + (left > right ? left : right);
}

static struct record *reverse(struct record *list) {
  struct record *reversed = NULL;
  while (list != NULL) {
    struct record *next = list->next;
    list->next = reversed;
    reversed = list;
    list = next;
  }
  return reversed;
}

// Operations of records by kind.
static uint32_t add(uint32_t a, uint32_t b) { return a + b; }
static uint32_t differ(uint32_t a, uint32_t b) { return a > b ? a - b : b - a; }
static uint32_t rotate(uint32_t a, uint32_t b) { return (a << 5 | a >> 27) ^ b; }
static uint32_t scale(uint32_t a, uint32_t b) { return a * (b | 1); }
static uint32_t (*const operations[])(uint32_t, uint32_t) = {add, differ, rotate, scale};

// A stack machine: sums i·i for i from n down to 1.
enum opcode { PUSH, DUPLICATE, MULTIPLY, ADD, LOAD, STORE, DECREMENT, JUMP_NOT_ZERO, STOP };
static const uint8_t program[] = {PUSH, 0, STORE, 1, LOAD, 0, DUPLICATE, MULTIPLY, LOAD, 1, ADD,
                                  STORE, 1, DECREMENT, 0, JUMP_NOT_ZERO, 4, STOP};

static uint32_t interpret(uint32_t n) {
  uint32_t stack[8], variables[2] = {n, 0}, *top = stack;
  for (const uint8_t *pc = program;;) {
    switch ((enum opcode)*pc++) {
    case PUSH: *top++ = *pc++; break;
    case DUPLICATE: *top = top[-1]; top++; break;
    case MULTIPLY: top--; top[-1] *= *top; break;
    case ADD: top--; top[-1] += *top; break;
    case LOAD: *top++ = variables[*pc++]; break;
    case STORE: variables[*pc++] = *--top; break;
    case DECREMENT: *top++ = --variables[*pc++]; break;
    case JUMP_NOT_ZERO: pc = *--top != 0 ? program + *pc : pc + 1; break;
    case STOP: return variables[1];
    }
  }
}

// Counts numbers, words and signs of a text.
static uint32_t scan(const char *c) {
  enum { BETWEEN, NUMBER, WORD } state = BETWEEN;
  uint32_t numbers = 0, words = 0, signs = 0;
  for (; *c != 0; c++) {
    bool digit = *c >= '0' && *c <= '9', letter = *c >= 'a' && *c <= 'z';
    switch (state) {
    case BETWEEN:
      if (digit) numbers++, state = NUMBER;
      else if (letter) words++, state = WORD;
      else if (*c != ' ') signs++;
      break;
    case NUMBER:
      if (!digit) state = BETWEEN, signs += *c != ' ';
      break;
    case WORD:
      if (!digit && !letter) state = BETWEEN, signs += *c != ' ';
      break;
    }
  }
  return numbers << 16 | words << 8 | signs;
}

static uint32_t kernel(void) {
  uint32_t state = 5, hash = (uint32_t)HASH;
  for (int round = 0; round < 5; round++) {
    struct record *tree = NULL, *list = NULL;
    used = 0;
    for (int i = 0; i < RECORDS; i++) {
      struct record *record = new_record(next_random(&state) >> 20, (uint8_t)(i % 4));
      insert(&tree, record);
      record->next = list;
      list = record;
    }
    list = reverse(list);
    uint32_t value = 1, found = 0;
    for (const struct record *record = list; record != NULL; record = record->next)
      value = operations[record->kind](value, record->value + (uint8_t)record->name[value % 10]);
    for (uint32_t key = 0; key < 4096; key += 17) found += look_up(tree, key) != NULL;
    hash = mix(mix(mix(hash, value), found), depth(tree));
    hash = mix(hash, interpret(20 + (uint32_t)round));
    hash = mix(hash, scan("beq x1 x2 16; load 3 4(x5), add 17 + 4, mul 3 * 3; r2d2 12ab ."));
  }
  return hash;
}

int main(void) { return benchmark("records", kernel, 0x3355a92c); }
