// SPDX-License-Identifier: MIT OR Apache-2.0
`define INCLUDED 100
