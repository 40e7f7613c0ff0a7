#!/usr/bin/python3
"""Reads a QR code off a terminal, as a telephone would (libzbar). usage: zbar.py FILE, with what the terminal got; prints the text.
Exit 77 where libzbar is not there."""
import ctypes
import sys

SCALE = 4  # pixels a module
Y800 = int.from_bytes(b"Y800", "little")


def pixels(text):
    """Rows of grey: a filled half is light, an empty one dark."""
    rows = []
    for line in text.splitlines():
        for light in "\u2580\u2588", "\u2584\u2588":  # the upper half, the lower one
            rows += [b"".join(bytes([255 if sign in light else 0]) * SCALE for sign in line)] * SCALE
    return rows


def main():
    try:
        zbar = ctypes.CDLL("libzbar.so.0")
    except OSError as missing:
        print(missing)
        sys.exit(77)
    code = "\n".join(line for line in open(sys.argv[1], encoding="utf-8").read().splitlines() if line and set(line) <= set(" \u2580\u2584\u2588"))
    rows = pixels(code)
    grey = b"".join(rows)
    for name in ("zbar_image_scanner_create", "zbar_image_create", "zbar_image_first_symbol", "zbar_symbol_get_data"):
        getattr(zbar, name).restype = ctypes.c_void_p
    scanner, image = ctypes.c_void_p(zbar.zbar_image_scanner_create()), ctypes.c_void_p(zbar.zbar_image_create())
    zbar.zbar_image_set_format(image, ctypes.c_ulong(Y800))
    zbar.zbar_image_set_size(image, len(rows[0]), len(rows))
    zbar.zbar_image_set_data(image, grey, ctypes.c_ulong(len(grey)), None)
    found = zbar.zbar_scan_image(scanner, image)
    assert found == 1, f"{found} codes of {len(rows[0])} x {len(rows)}"
    symbol = ctypes.c_void_p(zbar.zbar_image_first_symbol(image))
    print(ctypes.string_at(zbar.zbar_symbol_get_data(symbol)).decode())


main()
