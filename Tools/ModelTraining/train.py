"""Trains the text model from what `scorecard --export` wrote; `make train` calls it.

For every source a model is trained that has seen nothing of it (WORK/without/SOURCE.model), with its probabilities and
weights calibrated on the other sources' results; the one that ships has seen all. Results do not depend on the machine:
every choice is seeded, and every sum is taken in one order.
"""

import argparse
import hashlib
import itertools
import random
import sys
from pathlib import Path

import numpy as np

import calibration
import card
import dataset
import features
import honest
import modelfile
import textmodel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "HonestTraffic"))
import web  # noqa: E402

MADE_UP = 8_000
# Of web traffic, markup and documents too; `make scorecard` measures with another seed.
TRAFFIC = 12_000


def traffic(count):
    """What honest programs and people send, the kinds in turn."""
    made = web.Web(random.Random("training"))
    kinds = web.PEOPLE + web.PROGRAMS + web.BODIES * 3 + web.COOKIES
    for number in range(count):
        yield getattr(made, kinds[number % len(kinds)])().encode("utf-8", "replace")


def logits_of(windows, weights, bias):
    """As the program computes them: with the quantised weights."""
    steps, scale = modelfile.quantise(weights)
    return windows.logits(steps * np.float64(scale), bias)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("export", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--card", type=Path, required=True)
    options = parser.parse_args()

    requests, known = dataset.load(options.export)
    texts = dataset.Texts(requests)
    streams = map(features.fold, itertools.chain(honest.texts(MADE_UP), traffic(TRAFFIC)))
    texts.honest["made-up"] = {known.setdefault(stream, len(known)) for stream in streams if len(stream) > 4}
    matrix, owner = features.windows(list(known))
    windows = textmodel.Windows(matrix, owner, len(known))
    print(f"{len(requests)} requests, {len(known)} distinct texts, {matrix.shape[0]} windows", flush=True)

    sources = sorted({request.source for request in requests})
    trained, results = {}, []
    for source in sources:
        weights, bias = trained[source] = textmodel.train(windows, texts, source)
        logits = logits_of(windows, weights, bias)
        results += [calibration.Result(request, logits) for request in requests if request.source == source]
        print(f"trained without {source}", flush=True)
    for source, (weights, bias) in trained.items():
        others = [result for result in results if result.source not in dataset.family(source)]
        curves = calibration.curves(others)
        modelfile.write(options.work / "without" / f"{source}.model", f"without-{source}", weights, bias, *curves)
    weights, bias = textmodel.train(windows, texts)
    digest = hashlib.sha256(weights.astype(np.float32).tobytes()).hexdigest()[:8]
    name = f"text-{digest}"
    curves = calibration.curves(results)
    modelfile.write(options.model, name, weights, bias, *curves)
    in_sample = logits_of(windows, weights, bias)
    seen = [calibration.Result(request, in_sample) for request in requests]
    options.card.write_text(
        card.text(name, options.model.stat().st_size, results, seen, curves, MADE_UP + TRAFFIC), encoding="utf-8"
    )
    print(f"wrote {options.model} ({name}) and {options.card}")


if __name__ == "__main__":
    main()
