"""From log odds to probabilities, and from probabilities to what the model's word weighs beside a finding.

Both come from results of models that had not seen the source. What the word weighs follows from how honest requests of
unseen sources read: it takes a lone likely finding over the block threshold where fewer than one in two hundred honest
requests of every source read so.
"""

import numpy as np

import dataset

LIKELY, BLOCK = 0.65, 0.8
# What takes a likely finding just over the block threshold: 1 - (1 - 0.65) (1 - 0.44) is 0.804.
LIFTING = 0.44
MAXIMUM_WEIGHT = 0.65
HONEST_QUANTILE = 0.995
# A quantile of fewer requests says nothing.
FEWEST_HONEST = 100
# The sets whose found attacks the scorecard averages.
AVERAGED = {"gotestwaf", "wafbypass", "libinjection", "httpparams", "payload-lists"}


class Result:
    """What a model made of one request: of all its texts, and of those in which something was found."""

    __slots__ = ("source", "attack", "category", "score", "worst", "found", "weights")

    def __init__(self, request, logits):
        self.source, self.attack = request.source, request.attack
        self.category, self.score = request.category, request.score
        self.worst = max((float(logits[text]) for text in request.texts), default=-12.0)
        beside = [(weight, float(logits[text])) for _, _, weight, text in request.findings if text is not None]
        self.weights = [weight for weight, _ in beside]
        self.found = max((logit for _, logit in beside), default=None)


def logistic(x, y, weights):
    """Slope (never negative) and offset of the likeliest logistic curve; Newton's method, a little regularised."""
    slope, offset = 0.5, 0.0
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(slope * x + offset, -30, 30)))
        error, spread = weights * (p - y), weights * p * (1 - p)
        gradient = np.array([error @ x + 0.01 * slope, error.sum()])
        hessian = np.array([[spread @ (x * x) + 0.01, spread @ x], [spread @ x, spread.sum() + 1e-9]])
        step = np.linalg.solve(hessian, gradient)
        slope, offset = max(0.0, slope - step[0]), offset - step[1]
    return slope, offset


def balanced(results):
    """Each source's attacks weigh the same together, each source's honest requests too, both halves the same."""
    counts = {}
    for result in results:
        counts[result.source, result.attack] = counts.get((result.source, result.attack), 0) + 1
    kinds = {attack: sum(1 for _, other in counts if other == attack) for attack in (True, False)}
    return np.array([1 / counts[r.source, r.attack] / kinds[r.attack] for r in results]) * 1_000


def is_learnt(result):
    return result.source not in (dataset.LOOSE if result.attack else dataset.NOT_HONEST)


def is_doubtful(result):
    """Whether it shows what the model makes of a likely finding: for honest requests, that nothing surer was found."""
    if result.found is None:
        return False
    return any(0.6 < weight < 0.7 for weight in result.weights) if result.attack else result.score <= BLOCK


def fit(results):
    """Slope and offset from log odds to probability."""
    learnt = [r for r in results if is_learnt(r)]
    return logistic(np.array([r.worst for r in learnt]), np.array([float(r.attack) for r in learnt]), balanced(learnt))


def _honest_limit(results, quantile, fewest):
    """The log odds that this share of the honest requests of every unseen source stays below."""
    honest = {}
    for result in results:
        if not result.attack and is_learnt(result):
            honest.setdefault(result.source, []).append(result.worst)
    return max(float(np.quantile(worst, quantile)) for worst in honest.values() if len(worst) >= fewest)


def lifting_log_odds(results):
    """From where on a lone likely finding is blocked."""
    return _honest_limit(results, HONEST_QUANTILE, FEWEST_HONEST)


def alone_log_odds(results):
    """From where on a text in which nothing was found might be blocked; only the card asks."""
    return _honest_limit(results, 0.999, 300) + 1


def curves(results):
    """The model file's curves: probability of log odds, and weight of a probability beside findings."""
    slope, offset = fit(results)

    def probability(log_odds):
        return float(1 / (1 + np.exp(-(slope * log_odds + offset))))

    lift = lifting_log_odds(results)
    pull = [(lift - 1, 0.0), (lift, LIFTING), (lift + 1.5, MAXIMUM_WEIGHT)]
    return (
        [(float(x), probability(x)) for x in np.linspace(-8, 8, 33)],
        [(probability(x), weight) for x, weight in pull],
    )
