/*
 * value: how single values are spelled (docs/schema.md, docs/protocol.md 5). One spelling for each value, so that equal
 * contents have equal octets. Pure and allocation-free.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_VALUE_H
#define SPECOLA_PROTOCOL_SCHEMA_VALUE_H

#include "keys/bytes.h"

#define VALUE_NUMBER_MAX 24u /* characters of a number with a NUL: sign, 18 digits, point */
#define VALUE_TAG_MAX 36u    /* characters of a language tag with a NUL (RFC 5646 4.4.1: 35 suffice) */

/* -?digits[.digits], no leading zero, no trailing zero behind the point, at most 6 decimals and 18 digits, no "-0". */
bool value_is_number(struct view v);
/* Gives a number its one spelling ("+007.50" -> "7.5"): a sign, leading and trailing zeros are taken off. False if v is no
 * decimal number or does not fit the limits; out then is untouched. */
bool value_number(struct view v, char out[VALUE_NUMBER_MAX]);
/* The number of a real value with at most 6 decimals, rounded. False for infinities, NaN and what has more than 18 digits. */
bool value_number_of_double(double d, char out[VALUE_NUMBER_MAX]);
/* YYYY[-MM[-DD]], a day that exists in the Gregorian calendar, year 0001 to 9999. */
bool value_is_date(struct view v);
/* http:// or https://, a host, at most 2000 octets, no blanks, no controls, no quotes or angle brackets. */
bool value_is_url(struct view v);
/* [a-z]{2,3}(-[A-Za-z0-9]{2,8})*, at most 35 characters. */
bool value_is_tag(struct view v);
/* The canonical spelling of a language tag: "EN_gb" -> "en-GB", "zh-hant" -> "zh-Hant". False if v is none. */
bool value_tag(struct view v, char out[VALUE_TAG_MAX]);
/* 64 lower-case hexadecimal digits. */
bool value_is_hex32(struct view v);

#endif
