// SPDX-License-Identifier: Apache-2.0
/* beam_ops.h - the instructions of the BEAM: number, name, operands.
 *
 * Facts of the format: numbers and operands are those of OTP's genop.tab, which only ever
 * grows.  OTP 25 ends at 180; 26 added 181 and 182, 27 added 183, 28 added 184, 29 the rest.
 */
#pragma once
#include <stdint.h>

/* clang-format off */
#define OPCODES(X) \
	X(1, LABEL, "label", 1) \
	X(2, FUNC_INFO, "func_info", 3) \
	X(3, INT_CODE_END, "int_code_end", 0) \
	X(4, CALL, "call", 2) \
	X(5, CALL_LAST, "call_last", 3) \
	X(6, CALL_ONLY, "call_only", 2) \
	X(7, CALL_EXT, "call_ext", 2) \
	X(8, CALL_EXT_LAST, "call_ext_last", 3) \
	X(9, BIF0, "bif0", 2) \
	X(10, BIF1, "bif1", 4) \
	X(11, BIF2, "bif2", 5) \
	X(12, ALLOCATE, "allocate", 2) \
	X(13, ALLOCATE_HEAP, "allocate_heap", 3) \
	X(14, ALLOCATE_ZERO, "allocate_zero", 2) \
	X(15, ALLOCATE_HEAP_ZERO, "allocate_heap_zero", 3) \
	X(16, TEST_HEAP, "test_heap", 2) \
	X(17, INIT, "init", 1) \
	X(18, DEALLOCATE, "deallocate", 1) \
	X(19, RETURN, "return", 0) \
	X(20, SEND, "send", 0) \
	X(21, REMOVE_MESSAGE, "remove_message", 0) \
	X(22, TIMEOUT, "timeout", 0) \
	X(23, LOOP_REC, "loop_rec", 2) \
	X(24, LOOP_REC_END, "loop_rec_end", 1) \
	X(25, WAIT, "wait", 1) \
	X(26, WAIT_TIMEOUT, "wait_timeout", 2) \
	X(27, M_PLUS, "m_plus", 4) \
	X(28, M_MINUS, "m_minus", 4) \
	X(29, M_TIMES, "m_times", 4) \
	X(30, M_DIV, "m_div", 4) \
	X(31, INT_DIV, "int_div", 4) \
	X(32, INT_REM, "int_rem", 4) \
	X(33, INT_BAND, "int_band", 4) \
	X(34, INT_BOR, "int_bor", 4) \
	X(35, INT_BXOR, "int_bxor", 4) \
	X(36, INT_BSL, "int_bsl", 4) \
	X(37, INT_BSR, "int_bsr", 4) \
	X(38, INT_BNOT, "int_bnot", 3) \
	X(39, IS_LT, "is_lt", 3) \
	X(40, IS_GE, "is_ge", 3) \
	X(41, IS_EQ, "is_eq", 3) \
	X(42, IS_NE, "is_ne", 3) \
	X(43, IS_EQ_EXACT, "is_eq_exact", 3) \
	X(44, IS_NE_EXACT, "is_ne_exact", 3) \
	X(45, IS_INTEGER, "is_integer", 2) \
	X(46, IS_FLOAT, "is_float", 2) \
	X(47, IS_NUMBER, "is_number", 2) \
	X(48, IS_ATOM, "is_atom", 2) \
	X(49, IS_PID, "is_pid", 2) \
	X(50, IS_REFERENCE, "is_reference", 2) \
	X(51, IS_PORT, "is_port", 2) \
	X(52, IS_NIL, "is_nil", 2) \
	X(53, IS_BINARY, "is_binary", 2) \
	X(54, IS_CONSTANT, "is_constant", 2) \
	X(55, IS_LIST, "is_list", 2) \
	X(56, IS_NONEMPTY_LIST, "is_nonempty_list", 2) \
	X(57, IS_TUPLE, "is_tuple", 2) \
	X(58, TEST_ARITY, "test_arity", 3) \
	X(59, SELECT_VAL, "select_val", 3) \
	X(60, SELECT_TUPLE_ARITY, "select_tuple_arity", 3) \
	X(61, JUMP, "jump", 1) \
	X(62, CATCH, "catch", 2) \
	X(63, CATCH_END, "catch_end", 1) \
	X(64, MOVE, "move", 2) \
	X(65, GET_LIST, "get_list", 3) \
	X(66, GET_TUPLE_ELEMENT, "get_tuple_element", 3) \
	X(67, SET_TUPLE_ELEMENT, "set_tuple_element", 3) \
	X(68, PUT_STRING, "put_string", 3) \
	X(69, PUT_LIST, "put_list", 3) \
	X(70, PUT_TUPLE, "put_tuple", 2) \
	X(71, PUT, "put", 1) \
	X(72, BADMATCH, "badmatch", 1) \
	X(73, IF_END, "if_end", 0) \
	X(74, CASE_END, "case_end", 1) \
	X(75, CALL_FUN, "call_fun", 1) \
	X(76, MAKE_FUN, "make_fun", 3) \
	X(77, IS_FUNCTION, "is_function", 2) \
	X(78, CALL_EXT_ONLY, "call_ext_only", 2) \
	X(79, BS_START_MATCH, "bs_start_match", 2) \
	X(80, BS_GET_INTEGER, "bs_get_integer", 5) \
	X(81, BS_GET_FLOAT, "bs_get_float", 5) \
	X(82, BS_GET_BINARY, "bs_get_binary", 5) \
	X(83, BS_SKIP_BITS, "bs_skip_bits", 4) \
	X(84, BS_TEST_TAIL, "bs_test_tail", 2) \
	X(85, BS_SAVE, "bs_save", 1) \
	X(86, BS_RESTORE, "bs_restore", 1) \
	X(87, BS_INIT, "bs_init", 2) \
	X(88, BS_FINAL, "bs_final", 2) \
	X(89, BS_PUT_INTEGER, "bs_put_integer", 5) \
	X(90, BS_PUT_BINARY, "bs_put_binary", 5) \
	X(91, BS_PUT_FLOAT, "bs_put_float", 5) \
	X(92, BS_PUT_STRING, "bs_put_string", 2) \
	X(93, BS_NEED_BUF, "bs_need_buf", 1) \
	X(94, FCLEARERROR, "fclearerror", 0) \
	X(95, FCHECKERROR, "fcheckerror", 1) \
	X(96, FMOVE, "fmove", 2) \
	X(97, FCONV, "fconv", 2) \
	X(98, FADD, "fadd", 4) \
	X(99, FSUB, "fsub", 4) \
	X(100, FMUL, "fmul", 4) \
	X(101, FDIV, "fdiv", 4) \
	X(102, FNEGATE, "fnegate", 3) \
	X(103, MAKE_FUN2, "make_fun2", 1) \
	X(104, TRY, "try", 2) \
	X(105, TRY_END, "try_end", 1) \
	X(106, TRY_CASE, "try_case", 1) \
	X(107, TRY_CASE_END, "try_case_end", 1) \
	X(108, RAISE, "raise", 2) \
	X(109, BS_INIT2, "bs_init2", 6) \
	X(110, BS_BITS_TO_BYTES, "bs_bits_to_bytes", 3) \
	X(111, BS_ADD, "bs_add", 5) \
	X(112, APPLY, "apply", 1) \
	X(113, APPLY_LAST, "apply_last", 2) \
	X(114, IS_BOOLEAN, "is_boolean", 2) \
	X(115, IS_FUNCTION2, "is_function2", 3) \
	X(116, BS_START_MATCH2, "bs_start_match2", 5) \
	X(117, BS_GET_INTEGER2, "bs_get_integer2", 7) \
	X(118, BS_GET_FLOAT2, "bs_get_float2", 7) \
	X(119, BS_GET_BINARY2, "bs_get_binary2", 7) \
	X(120, BS_SKIP_BITS2, "bs_skip_bits2", 5) \
	X(121, BS_TEST_TAIL2, "bs_test_tail2", 3) \
	X(122, BS_SAVE2, "bs_save2", 2) \
	X(123, BS_RESTORE2, "bs_restore2", 2) \
	X(124, GC_BIF1, "gc_bif1", 5) \
	X(125, GC_BIF2, "gc_bif2", 6) \
	X(126, BS_FINAL2, "bs_final2", 2) \
	X(127, BS_BITS_TO_BYTES2, "bs_bits_to_bytes2", 2) \
	X(128, PUT_LITERAL, "put_literal", 2) \
	X(129, IS_BITSTR, "is_bitstr", 2) \
	X(130, BS_CONTEXT_TO_BINARY, "bs_context_to_binary", 1) \
	X(131, BS_TEST_UNIT, "bs_test_unit", 3) \
	X(132, BS_MATCH_STRING, "bs_match_string", 4) \
	X(133, BS_INIT_WRITABLE, "bs_init_writable", 0) \
	X(134, BS_APPEND, "bs_append", 8) \
	X(135, BS_PRIVATE_APPEND, "bs_private_append", 6) \
	X(136, TRIM, "trim", 2) \
	X(137, BS_INIT_BITS, "bs_init_bits", 6) \
	X(138, BS_GET_UTF8, "bs_get_utf8", 5) \
	X(139, BS_SKIP_UTF8, "bs_skip_utf8", 4) \
	X(140, BS_GET_UTF16, "bs_get_utf16", 5) \
	X(141, BS_SKIP_UTF16, "bs_skip_utf16", 4) \
	X(142, BS_GET_UTF32, "bs_get_utf32", 5) \
	X(143, BS_SKIP_UTF32, "bs_skip_utf32", 4) \
	X(144, BS_UTF8_SIZE, "bs_utf8_size", 3) \
	X(145, BS_PUT_UTF8, "bs_put_utf8", 3) \
	X(146, BS_UTF16_SIZE, "bs_utf16_size", 3) \
	X(147, BS_PUT_UTF16, "bs_put_utf16", 3) \
	X(148, BS_PUT_UTF32, "bs_put_utf32", 3) \
	X(149, ON_LOAD, "on_load", 0) \
	X(150, RECV_MARK, "recv_mark", 1) \
	X(151, RECV_SET, "recv_set", 1) \
	X(152, GC_BIF3, "gc_bif3", 7) \
	X(153, LINE, "line", 1) \
	X(154, PUT_MAP_ASSOC, "put_map_assoc", 5) \
	X(155, PUT_MAP_EXACT, "put_map_exact", 5) \
	X(156, IS_MAP, "is_map", 2) \
	X(157, HAS_MAP_FIELDS, "has_map_fields", 3) \
	X(158, GET_MAP_ELEMENTS, "get_map_elements", 3) \
	X(159, IS_TAGGED_TUPLE, "is_tagged_tuple", 4) \
	X(160, BUILD_STACKTRACE, "build_stacktrace", 0) \
	X(161, RAW_RAISE, "raw_raise", 0) \
	X(162, GET_HD, "get_hd", 2) \
	X(163, GET_TL, "get_tl", 2) \
	X(164, PUT_TUPLE2, "put_tuple2", 2) \
	X(165, BS_GET_TAIL, "bs_get_tail", 3) \
	X(166, BS_START_MATCH3, "bs_start_match3", 4) \
	X(167, BS_GET_POSITION, "bs_get_position", 3) \
	X(168, BS_SET_POSITION, "bs_set_position", 2) \
	X(169, SWAP, "swap", 2) \
	X(170, BS_START_MATCH4, "bs_start_match4", 4) \
	X(171, MAKE_FUN3, "make_fun3", 3) \
	X(172, INIT_YREGS, "init_yregs", 1) \
	X(173, RECV_MARKER_BIND, "recv_marker_bind", 2) \
	X(174, RECV_MARKER_CLEAR, "recv_marker_clear", 1) \
	X(175, RECV_MARKER_RESERVE, "recv_marker_reserve", 1) \
	X(176, RECV_MARKER_USE, "recv_marker_use", 1) \
	X(177, BS_CREATE_BIN, "bs_create_bin", 6) \
	X(178, CALL_FUN2, "call_fun2", 3) \
	X(179, NIF_START, "nif_start", 0) \
	X(180, BADRECORD, "badrecord", 1) \
	X(181, UPDATE_RECORD, "update_record", 5) \
	X(182, BS_MATCH, "bs_match", 3) \
	X(183, EXECUTABLE_LINE, "executable_line", 2) \
	X(184, DEBUG_LINE, "debug_line", 4) \
	X(185, BIF3, "bif3", 6) \
	X(186, IS_ANY_NATIVE_RECORD, "is_any_native_record", 2) \
	X(187, IS_NATIVE_RECORD, "is_native_record", 4) \
	X(188, GET_RECORD_ELEMENTS, "get_record_elements", 3) \
	X(189, PUT_RECORD, "put_record", 6) \
	X(190, IS_RECORD_ACCESSIBLE, "is_record_accessible", 3) \
	X(191, GET_RECORD_FIELD, "get_record_field", 5)
/* clang-format on */

enum opcode {
#define X(number, name, text, arity) OP_##name = number,
	OPCODES(X)
#undef X
		OPCODE_END,
};

/* NULL for a number that is none. */
const char *opcode_name(unsigned opcode);
/* Operands, lists counted as one; the opcode must be one. */
unsigned opcode_arity(unsigned opcode);
