#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Writes instructions.csv: what instructions.s assembles to, and how objdump prints it. Targets get
# objdump's address with 0x in front; c.nop, which it prints as c.addi zero,0, gets its own name.
# Needs riscv64-unknown-elf-gcc 12 with binutils 2.40.
set -eu
cd "$(dirname "$0")"
object=$(mktemp)
trap 'rm -f "$object"' EXIT
riscv64-unknown-elf-gcc -march=rv32imfc_zicsr_zifencei -mabi=ilp32 -Wa,-mpriv-spec=1.12 -c -o "$object" instructions.s
{
    echo address,encoding,text
    riscv64-unknown-elf-objdump -d -M no-aliases --adjust-vma=0x80000000 "$object" |
        sed -nE '
            s/[[:space:]]*[#<].*//
            s/c\.addi\tzero,0$/c.nop/
            /\t(jal|b[a-z]+|c\.j|c\.jal|c\.b[a-z]+)\t/ s/([,\t])([0-9a-f]+)$/\10x\2/
            s/^([0-9a-f]+):\t([0-9a-f]+) +\t([a-z0-9.]+)(\t(.*))?$/\1,\2,"\3 \5"/
            s/ "$/"/
            /^[0-9a-f]+,/p'
} >instructions.csv
