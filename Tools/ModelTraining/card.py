"""The model card: what the model is for, what it was trained on, and what it does on sources it has not seen."""

import numpy as np

import calibration
import dataset

HEAD = """# Model card: {name}

Written by `make train`; figures are shares of requests. The file is `Shared/Inspection/Assets/text.model`
({size:,} bytes: weights only, no text of anybody's).

## What it is for
It says how likely a value is part of an attack. It reads the values in which a rule or a grammar found something that
is not decided by that. Its word is one finding more, `model.text`, and never lowers a score. It weighs at most
{maximum}: it lifts a likely finding over the block threshold where the text agrees, and no weak one. What nothing was
found in it is not asked about, so it costs honest requests nothing. Exclusions silence it as they silence a rule.

## What it is
Logistic regression over hashed features of the folded text: n-grams of 3 to 5 symbols, n-grams of 3 to 6 symbols of its
shape (a run of letters is one letter), its words and their neighbours; 65,536 weights of one byte. The worst window of
64 positions counts. [Tools/ModelTraining/features.py](../Tools/ModelTraining/features.py) says it exactly.

## What it learned from
The labelled sets beside the checkout, and {made_up} honest texts made up by
[honest.py](../Tools/ModelTraining/honest.py) and [web.py](../Tools/HonestTraffic/web.py). Of attacks it learned the
values in which something was found, and where nothing was found the worst one. Not learned from: the attacks of
csic2010-train and crs-v4, whose labels are loose, and the honest half of crs-v4, whose near misses of one rule may be
attacks for another.

## What it does on a source it has not seen
Each row: a model trained, and its limits set, without the source and without any text of it (csic2010-train and
httpparams share their honest half and are held out together). "Reads like one" is a probability above 0.9 by the
request's worst text, whatever rules say: the model by itself. "Lifted" is a likely finding taken over the block
threshold, of the requests that have one in some value, whatever else was found (honest: of those with a finding that
were not blocked): what the model does where the certain rules fail. "Alone" is blocked with no finding at all, of the
requests without one, were it asked about these too: it is not.

| held out | attacks | read like one | (in sample) | lifted | alone | honest | read like one | (in sample) | lifted | alone |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""

TAIL = """
## Calibration
Probabilities assume that half of all texts are attacks; sources weigh the same. All results are of held-out models.

| said | was |
| --- | ---: |
{reliability}

The model's word takes a lone likely finding over the block threshold where fewer than one in two hundred honest
requests of every source (of those with a hundred and more) read so to a model that had not seen it: from a probability
of {lift:.3f}.

## What was tried and is not used
- **The model instead of rules.** On honest traffic of a kind it has not seen it reads {worst_honest} of requests like
  attacks (above 0.9). At a threshold that fewer than one in a thousand of them pass, and a unit of log odds further,
  it finds {alone_found:.0%} of the attacks of an unseen source on average, and nearly none that rules do not find
  ("alone" above).
- **A brake**, a low probability that lowers a sure finding: attacks of unseen sources that rules are sure of have low
  probabilities as often as the few honest requests do, and whoever attacks could write harmless words around.
- **A model of the whole request**: numbers of values, lengths, entropy and shares of byte classes beside the text's log
  odds, over all values or of the worst one. Held out, at a threshold that a thousandth of the honest requests of the
  worst source pass, the text by itself finds 24 to 29 % of an unseen source; with these figures it is 2 % (logistic,
  whole request), 12 % (logistic, worst value) and 28 % (boosted trees, worst value). Without that one source the first
  finds 84 % where the text by itself finds 50 %; the worst value's own figures do not help there (18 and 35 %). We read
  that as the sets' ways of sending requests, told apart; on a kind of traffic that is new it fails altogether.

## Limits
- Texts beyond their first 512 bytes are not read, nor are parts of files.
- Trained on English-like and Latin text; bytes above 0x7f are one symbol.
- The rules it stands beside were written looking at the same sets, so the sets have few likely findings left to judge
  ({doubtful_attacks} attacks, {doubtful_honest} honest requests with nothing surer); the share lifted is the better
  guide.
- Attacks in the sets are mostly tools' and lists', seldom a person's.
"""


def _share(count, of):
    return f"{100 * count / of:.2f} %" if of else "–"


def text(name, size, results, seen, curves, made_up):
    probabilities, pull = curves
    xs, ps = np.array(probabilities).T
    log_odds_of = lambda p: float(np.interp(p, ps, xs))
    at = log_odds_of(0.9)
    sources = sorted({r.source for r in results})
    others = {s: [r for r in results if r.source not in dataset.family(s)] for s in sources}
    blocks = {s: calibration.alone_log_odds(others[s]) for s in sources}
    lifts = {s: calibration.lifting_log_odds(others[s]) for s in sources}
    lines, worst_honest, alone = [], 0.0, []
    for source in sources:
        cells = [source]
        for attack in (True, False):
            mine = [r for r in results if r.source == source and r.attack == attack]
            known = [r for r in seen if r.source == source and r.attack == attack]
            like = sum(r.worst > at for r in mine)
            doubtful = [r for r in mine if calibration.is_doubtful(r)]
            lifted = sum(r.found > lifts[source] for r in doubtful)
            unfound = [r.worst for r in mine if r.score == 0]
            if not attack and mine and source != "crs-v4":
                worst_honest = max(worst_honest, like / len(mine))
            if attack and source in calibration.AVERAGED:
                alone.append(np.mean([r.worst > blocks[source] for r in mine]))
            cells += [
                f"{len(mine)}",
                _share(like, len(mine)),
                _share(sum(r.worst > at for r in known), len(known)),
                f"{lifted}/{len(doubtful)}",
                f"{sum(worst > blocks[source] for worst in unfound)}/{len(unfound)}",
            ]
        lines.append("| " + " | ".join(cells) + " |")
    learnt = [r for r in results if calibration.is_learnt(r)]
    share = calibration.balanced(learnt)
    said = np.interp([r.worst for r in learnt], xs, ps)
    was = np.array([float(r.attack) for r in learnt])
    reliability = []
    for low, high in [(0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.001)]:
        inside = (said >= low) & (said < high)
        if inside.any():
            reliability.append(
                f"| {low:.2f} – {min(1, high):.2f} | {(was[inside] @ share[inside]) / share[inside].sum():.2f} |"
            )
    single = [r for r in results if 0.3 < r.score <= calibration.BLOCK and calibration.is_learnt(r)]
    head = HEAD.format(name=name, size=size, maximum=calibration.MAXIMUM_WEIGHT, made_up=f"{made_up:,}")
    tail = TAIL.format(
        reliability="\n".join(reliability),
        lift=pull[1][0],
        worst_honest=f"up to {100 * worst_honest:.1f} %",
        alone_found=float(np.mean(alone)),
        doubtful_attacks=sum(r.attack for r in single),
        doubtful_honest=sum(not r.attack for r in single),
    )
    return head + "\n".join(lines) + "\n" + tail
