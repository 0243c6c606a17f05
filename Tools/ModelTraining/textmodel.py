"""Trains the text model: logistic regression on the windows of texts, in two rounds, because only the second knows
which window of an attack's texts is the attack."""

import numpy as np
from sklearn.linear_model import LogisticRegression

import dataset

HONEST_PER_SOURCE = 12_000
ATTACKS_PER_CATEGORY = 1_500
STRENGTH = 0.5


class Windows:
    """The feature rows of all texts, found by text."""

    def __init__(self, matrix, owner, count):
        self.matrix = matrix
        self.first = np.searchsorted(owner, np.arange(count + 1))

    def rows(self, text):
        return np.arange(self.first[text], self.first[text + 1])

    def logits(self, weights, bias):
        """Each text's log odds: those of its worst window."""
        return np.maximum.reduceat(self.matrix @ weights + bias, self.first[:-1])


def train(windows, texts, held_out=None):
    """Weights and bias of a model that has seen neither the held-out source nor any text of it."""
    hidden = dataset.family(held_out) if held_out else set()
    hidden_texts = set()
    for source in hidden:
        hidden_texts |= texts.honest.get(source, set())
        for groups in texts.attacks.get(source, {}).values():
            hidden_texts.update(text for group in groups for text in group)
    random = np.random.default_rng(1)
    rows, labels, shares, groups = [], [], [], []

    def pick(items, limit):
        return items if len(items) <= limit else [items[i] for i in np.sort(random.choice(len(items), limit, False))]

    def add(group, label, share, number):
        for text in group:
            for row in windows.rows(text):
                rows.append(row), labels.append(label), shares.append(share), groups.append(number)

    number = 0
    for source in sorted(texts.honest):
        if source in hidden or source in dataset.NOT_HONEST:
            continue
        chosen = pick(sorted(texts.honest[source] - hidden_texts), HONEST_PER_SOURCE)
        for text in chosen:
            add([text], 0, 1 / np.sqrt(len(chosen)), number)
    for source in sorted(texts.attacks):
        if source in hidden or source in dataset.LOOSE:
            continue
        for category in sorted(texts.attacks[source]):
            left = [g for g in sorted(texts.attacks[source][category]) if not hidden_texts.intersection(g)]
            chosen = pick(left, ATTACKS_PER_CATEGORY)
            for group in chosen:
                number += 1
                add(group, 1, 1 / np.sqrt(len(chosen)), number)
    rows, labels, shares, groups = np.array(rows), np.array(labels), np.array(shares), np.array(groups)
    model = LogisticRegression(C=STRENGTH, solver="liblinear", tol=0.02, max_iter=20)
    # The first round takes one window of each group of an attack, the longest; the second the worst.
    length = np.diff(windows.matrix.indptr)[rows]
    keep = _best(labels, groups, length)
    _fit(model, windows.matrix[rows[keep]], labels[keep], shares[keep])
    keep = _best(labels, groups, windows.matrix[rows] @ model.coef_[0])
    _fit(model, windows.matrix[rows[keep]], labels[keep], shares[keep])
    return model.coef_[0], float(model.intercept_[0])


def _best(labels, groups, figure):
    """All honest rows, and of each attack the row with the highest figure."""
    order = np.lexsort((-figure, groups))
    attack = order[labels[order] == 1]
    _, first = np.unique(groups[attack], return_index=True)
    return np.sort(np.concatenate([np.flatnonzero(labels == 0), attack[first]]))


def _fit(model, matrix, labels, shares):
    weights = shares.copy()
    for label in (0, 1):
        weights[labels == label] *= len(labels) / 2 / weights[labels == label].sum()
    model.fit(matrix, labels, sample_weight=weights)
