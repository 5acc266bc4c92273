#!/usr/bin/env python3
"""Reads the photographs of qr_make.py with chot and with zxing-cpp and counts exact texts, class by class.

    venv/bin/python qr_run.py FOLDER --chot target/fast/chot [--only chot|zxing-cpp]

zxing-cpp gets pixels already decoded; its time has the decoding (OpenCV) added, as chot's has its own.
A text counts when it is exactly one that is on the picture; any other text is `wrong`.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import time


def zxing(paths):
    import cv2
    import zxingcpp
    for path in paths:
        start = time.process_time()
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        texts = [code.text for code in found]
        yield path.name, texts, time.process_time() - start, picture.size / 1e6


def chot(paths, program):
    """Upper-case values of findings: chot tells the text of a code as the detector normalises it."""
    lines = subprocess.run([program, "scan", "--json", "--reveal", *map(str, paths)], capture_output=True, text=True)
    texts = collections.defaultdict(list)
    for line in lines.stdout.splitlines():
        event = json.loads(line)
        name = pathlib.Path(event.get("file", "")).name
        if event["type"] == "finding" and event["detector"] in ("cccd_qr", "bhyt_qr"):
            texts[name].append(event["value"])
        elif event["type"] == "file":
            yield name, texts[name], event["elapsed_us"] / 1e6, None


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--chot", default="target/fast/chot")
    args.add_argument("--only", choices=["chot", "zxing-cpp"])
    args.add_argument("--misses", action="store_true")
    args = args.parse_args()
    cases = [json.loads(line) for line in open(args.folder / "manifest.jsonl", encoding="utf-8")]
    paths = [args.folder / case["file"] for case in cases]
    engines = {"chot": lambda: chot(paths, args.chot), "zxing-cpp": lambda: zxing(paths)}
    classes = list(dict.fromkeys(case["class"] for case in cases))
    expected = collections.Counter()
    for case in cases:
        expected[case["class"]] += len(case["texts"])
    print(f"{'class':10}{'codes':>7}", end="")
    table = {}
    for name, run in engines.items():
        if args.only not in (None, name):
            continue
        print(f"{name:>12}{'wrong':>7}{'s mean':>8}{'s max':>7}", end="")
        right, wrong, seconds = collections.Counter(), collections.Counter(), collections.defaultdict(list)
        results = {file: (texts, took) for file, texts, took, _ in run()}
        for case in cases:
            texts, took = results.get(case["file"], ([], 0.0))
            # Exactly the text, up to the case and the end that chot's detectors leave out.
            same = lambda want, got: want == got or len(got) > 60 and want.upper().startswith(got)
            hits = [want for want in case["texts"] if any(same(want, got) for got in texts)]
            right[case["class"]] += len(hits)
            wrong[case["class"]] += sum(not any(same(want, got) for want in case["texts"]) for got in set(texts))
            seconds[case["class"]].append(took)
            if args.misses and len(hits) < len(case["texts"]):
                print(f"\n  {name} misses in {case['file']}", end="")
        table[name] = right, wrong, seconds
    print()
    for kind in classes:
        print(f"{kind:10}{expected[kind]:7}", end="")
        for right, wrong, seconds in table.values():
            took = seconds[kind]
            print(f"{right[kind]:12}{wrong[kind]:7}{sum(took) / len(took):8.3f}{max(took):7.2f}", end="")
        print()
    print(f"{'all':10}{expected.total():7}", end="")
    for right, wrong, seconds in table.values():
        took = [t for all in seconds.values() for t in all]
        print(f"{right.total():12}{wrong.total():7}{sum(took) / len(took):8.3f}{max(took):7.2f}", end="")
    print()


main()
