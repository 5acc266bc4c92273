#!/usr/bin/env python3
"""Reads the photographs of qr_make.py with zxing-cpp, and counts exact texts, class by class, beside those of chot.

    cargo bench -p chot-benches --bench images -- FOLDER        runs it and hands it the times and texts of chot

Lines come over standard input: file, seconds of processor, texts, parted by tabs. zxing-cpp gets pixels already decoded;
its time has the decoding (OpenCV) added, as chot's has its own. A text counts when it is exactly one that is on the
picture; any other text is `wrong`.
"""
import collections
import json
import pathlib
import sys
import time


def zxing(paths):
    import cv2
    import zxingcpp
    for path in paths:
        start = time.process_time()
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        texts = [code.text for code in found]
        yield path.name, texts, time.process_time() - start


def chot():
    """Texts as the detector normalises them: in upper case."""
    for line in sys.stdin:
        name, took, *texts = line.rstrip("\n").split("\t")
        yield name, [text for text in texts if text], float(took)


def main():
    folder = pathlib.Path(sys.argv[1])
    cases = [json.loads(line) for line in open(folder / "manifest.jsonl", encoding="utf-8")]
    classes = list(dict.fromkeys(case["class"] for case in cases))
    expected = collections.Counter()
    for case in cases:
        expected[case["class"]] += len(case["texts"])
    table = {}
    for name, run in {"chot": chot(), "zxing-cpp": zxing([folder / case["file"] for case in cases])}.items():
        right, wrong, seconds = collections.Counter(), collections.Counter(), collections.defaultdict(list)
        results = {file: (texts, took) for file, texts, took in run}
        for case in cases:
            texts, took = results[case["file"]]
            # Exactly the text, up to the case and the end that chot's detectors leave out.
            same = lambda want, got: want == got or len(got) > 60 and want.upper().startswith(got)
            hits = [want for want in case["texts"] if any(same(want, got) for got in texts)]
            right[case["class"]] += len(hits)
            wrong[case["class"]] += sum(not any(same(want, got) for want in case["texts"]) for got in set(texts))
            seconds[case["class"]].append(took)
            if len(hits) < len(case["texts"]):
                print(f"  {name} misses in {case['file']}")
        table[name] = right, wrong, seconds
    print(f"{'class':10}{'codes':>7}" + "".join(f"{name:>12}{'wrong':>7}{'s mean':>8}{'s max':>7}" for name in table))
    for kind in [*classes, "all"]:
        line = f"{kind:10}{expected.total() if kind == 'all' else expected[kind]:7}"
        for right, wrong, seconds in table.values():
            took = [t for of, all in seconds.items() for t in all if kind in (of, "all")]
            count = lambda counter: counter.total() if kind == "all" else counter[kind]
            line += f"{count(right):12}{count(wrong):7}{sum(took) / len(took):8.3f}{max(took):7.2f}"
        print(line)


main()
