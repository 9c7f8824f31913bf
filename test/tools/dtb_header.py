#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints test/unit/fdt_trees.h: what Debian's dtc makes of test/unit/fdt_trees.dts."""
import subprocess

SOURCE = "test/unit/fdt_trees.dts"


def main():
    blob = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", SOURCE], check=True,
                          stdout=subprocess.PIPE).stdout
    print("/* SPDX-License-Identifier: MIT */\n"
          f"/* Written by test/tools/dtb_header.py from {SOURCE}. */\n"
          "#ifndef TEST_FDT_TREES_H\n#define TEST_FDT_TREES_H\n\n"
          "static const unsigned char fdt_tree_blob[] = {")
    for at in range(0, len(blob), 15):
        print("\t" + " ".join(f"{b:#04x}," for b in blob[at:at + 15]))
    print("};\n\n#endif")


main()
