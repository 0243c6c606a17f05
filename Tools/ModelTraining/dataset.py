"""The labelled requests as `scorecard --export` wrote them, and the texts the model learns from."""

import json
from pathlib import Path

import features

# Whose attacks are labelled too loosely to learn from: csic2010 calls any misspelt name an attack, crs-v4 one rule's
# near miss of another rule's attack.
LOOSE = {"csic2010-train", "crs-v4"}
# Whose honest halves come from one place: they are held out together.
FAMILIES = [{"csic2010-train", "httpparams"}]
# Honest near misses of single rules may be attacks for others.
NOT_HONEST = {"crs-v4"}


class Request:
    """`texts` are numbers of distinct streams; a finding is (rule, category, weight, text or None)."""

    def __init__(self, source, line, known):
        data = json.loads(line)
        self.id, self.source, self.attack = data["id"], source, data["attack"]
        self.category, self.score = data["category"], data["score"]
        numbers = []
        for _, text in data["values"]:
            stream = features.fold(bytes.fromhex(text))
            numbers.append(known.setdefault(stream, len(known)) if len(stream) > 4 else None)
        self.texts = [number for number in numbers if number is not None]
        self.findings = [
            (rule, category, weight, numbers[value] if value >= 0 else None)
            for rule, category, weight, _, value in data["findings"]
        ]


def load(folder):
    """All requests, and the distinct streams by number."""
    known, requests = {}, []
    for path in sorted(Path(folder).glob("*.jsonl")):
        with open(path, encoding="ascii") as lines:
            requests += [Request(path.stem, line, known) for line in lines]
    return requests, known


def family(source):
    return next((members for members in FAMILIES if source in members), {source})


class Texts:
    """Which texts are honest and which belong to attacks, by source."""

    def __init__(self, requests):
        self.honest, self.attacks = {}, {}
        for request in requests:
            if not request.attack:
                self.honest.setdefault(request.source, set()).update(request.texts)
        everywhere = set().union(*self.honest.values())
        for request in requests:
            if request.attack:
                self._add_attack(request, everywhere)

    def _add_attack(self, request, honest):
        """A text in which something was found; where nothing was, any that no honest request has may be the one."""
        found = {text for _, _, _, text in request.findings if text is not None}
        candidates = (found or set(request.texts)) - honest
        if candidates:
            groups = self.attacks.setdefault(request.source, {})
            groups.setdefault(request.category, {})[tuple(sorted(candidates))] = True
