// SPDX-License-Identifier: MIT OR Apache-2.0
// The second stage of all operations that round: from the exact sum to a float or an integer, and the
// flags. Without registers.
//
// The magnitude of the sum, 76 bits, is shifted left until its top bit is set or there is no more
// room. A float is then bits 75 to 52, an integer bits 75 to 44. Both are rounded by one adder of 32
// bits: an integer, or the exponent in front of the fraction, into which a carry out of the fraction
// runs as it should.
`default_nettype none

module fpu_round
  import fpu_pkg::*;
(
  input  wire logic        valid_i,    // the outputs mean nothing without
  input  wire unrounded_t  number_i,
  input  wire logic signed [SUM_W-1:0] sum_i,
  input  wire logic [2:0]  rm_i,

  output      logic [31:0] result_o,
  output      logic [4:0]  flags_o
);

  // ---- Normalisation -------------------------------------------------------------------------

  wire logic negative = sum_i[76];

  // A sum that is negative is shifted as it is, and negated on the way to the rounding: up to its lowest
  // one its bits are those of the magnitude, above they are inverted. Where the magnitude begins is
  // looked for in the sum with all bits inverted, which is one less. A power of two begins one place
  // earlier than that: it is shifted out, and the carry of the negation brings it back. The only
  // magnitude of which nothing would be left, 1, does not occur.
  logic [79:0] leading;       // ten bytes of which the first one has to come to the top
  logic [9:0]  set, first;    // the bytes with a one in them, and the first such
  logic [3:0]  zero_bytes;
  logic [7:1]  first_byte;    // less its last bit
  logic [2:0]  zero_bits;     // in it
  logic [75:0] coarse, normal;

  function automatic logic [2:0] leading_zeros(logic [7:1] x);
    leading_zeros[2] = x[7:4] == '0;
    leading_zeros[1] = leading_zeros[2] ? x[3:2] == '0 : x[7:6] == '0;
    leading_zeros[0] = x[7] ? 1'b0 : x[6] ? 1'b1 : x[5] ? 1'b0 : x[4] ? 1'b1 :
                       x[3] ? 1'b0 : x[2] ? 1'b1 : !x[1];
  endfunction

  always_comb begin
    leading    = 'x;
    set        = 'x;
    first      = 'x;
    zero_bytes = 'x;
    first_byte = 'x;
    zero_bits  = 'x;
    coarse     = 'x;
    normal     = 'x;
    if (valid_i) begin
      // With a one where the shift has to end at the latest.
      leading = {(sum_i[75:0] ^ {76{negative}}) | ({1'b1, 75'b0} >> number_i.room), 4'b0};
      for (int i = 0; i < 10; i++) set[i] = leading[8*i+:8] != '0;
      zero_bytes = '0;
      first_byte = '0;
      for (int i = 0; i < 10; i++) begin
        first[i] = set[i] && (set >> (i + 1)) == '0;
        if (first[i]) begin
          zero_bytes |= 4'(9 - i);
          first_byte |= leading[8*i+1+:7];
        end
      end
      zero_bits = leading_zeros(first_byte);
      coarse    = sum_i[75:0] << {zero_bytes, 3'b0};
      normal    = coarse << zero_bits;
    end
  end

  // ---- Rounding ------------------------------------------------------------------------------

  logic        to_integer, sign, up, inexact;
  logic        last, half, rest;         // as rounds_up has them
  logic        behind, further;          // further bits of the sum are set, and those behind the next
  logic        carry;                    // of the negation, into the bits that stay
  logic        plus;                     // a one is added to the bits that stay
  logic [31:0] value, next, rounded;     // integer; exponent, 9 bits, and fraction
  logic        tiny, overflow;

  always_comb begin
    to_integer = 'x;
    sign       = 'x;
    last       = 'x;
    half       = 'x;
    rest       = 'x;
    behind     = 'x;
    further    = 'x;
    carry      = 'x;
    up         = 'x;
    inexact    = 'x;
    plus       = 'x;
    value      = 'x;
    next       = 'x;
    rounded    = 'x;
    tiny       = 'x;
    overflow   = 'x;
    result_o   = 'x;
    flags_o    = 'x;
    if (valid_i) begin
      to_integer = number_i.target != TO_FLOAT;
      // Terms that cancel leave +0, or -0 where all else is rounded down.
      sign = number_i.negative ^ negative;
      if (number_i.cancels && !number_i.sticky && sum_i == '0) sign = rm_i == RDN;

      // A bit is inverted by the negation if one behind it is set.
      further = normal[49:0] != '0;
      behind  = normal[42:0] != '0 || (!to_integer && normal[50:43] != '0);
      half    = to_integer ? normal[43] : normal[51] ^ (negative && behind);
      rest    = behind || number_i.sticky;
      carry   = negative && !normal[51] && !behind;
      last    = to_integer ? normal[44] : normal[52] ^ negative;
      up      = rounds_up(rm_i, sign, last, half, rest);
      inexact = half || rest;

      if (to_integer) begin
        // Negated on the way: -(x + up) is ~x + 1 - up.
        value  = normal[75:44] ^ {32{sign}};
        plus   = up ^ sign;
      end else begin
        value  = {normal[75] ^ negative ? number_i.room - 9'({zero_bytes, zero_bits}) + 9'd1 : '0,
                  normal[74:52] ^ {23{negative}}};
        plus   = up || carry;
      end
      next    = value + 32'd1;
      rounded = plus ? next : value;

      // A subnormal number is tiny unless it is the smallest normal one when it is rounded to 24 bits.
      tiny = !(normal[75] ^ negative) && !carry &&
             !(value[22:0] == '1 && half &&
               rounds_up(rm_i, sign, 1'b1, normal[50] ^ (negative && further), further || number_i.sticky));
      overflow = plus ? next[31:23] >= 9'd255 : value[31:23] >= 9'd255;

      flags_o = '0;
      if (number_i.ready) begin
        result_o    = sum_i[31:0];
        flags_o[NV] = number_i.invalid;
        flags_o[DZ] = number_i.by_zero;
      end else if (to_integer) begin
        // Of negative numbers only those that round to 0 are unsigned.
        flags_o[NV] = number_i.target == TO_UNSIGNED && sign && up;
        flags_o[NX] = inexact && !flags_o[NV];
        result_o    = flags_o[NV] ? '0 : rounded;
      end else if (overflow) begin
        flags_o[OF] = 1'b1;
        flags_o[NX] = 1'b1;
        // The largest finite number is below infinity.
        result_o = infinity(sign) - 32'(rm_i == RTZ || rm_i == (sign ? RUP : RDN));
      end else begin
        flags_o[UF] = tiny && inexact;
        flags_o[NX] = inexact;
        result_o    = {sign, rounded[30:0]};
      end
    end
  end

endmodule

`default_nettype wire
