#!/usr/bin/python3
"""Writes the embedded files of a build whose case.schema has other needs and limits. usage: stricter.py EMBED OUT.c SCHEMA-FOLDER"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile


def main():
    embed, out, source = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="specola-") as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        path = os.path.join(folder, "case.schema")
        text = open(path, encoding="utf-8").read()
        changed = re.sub(r"(?m)^(lessons\s+text\s+1\s+ml\s+)C", r"\1P", text).replace("max=200", "max=20")
        assert changed != text and re.search(r"(?m)^lessons\s+text\s+1\s+ml\s+P", changed)
        open(path, "w", encoding="utf-8").write(changed)
        names = sorted(name for pattern in ("*.schema", "*.tsv", "vocab/*.tsv") for name in glob.glob(pattern, root_dir=folder))
        subprocess.run([embed, "files", out, folder, *names], check=True)


main()
