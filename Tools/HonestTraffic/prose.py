"""Texts that people wrote, as any Debian machine has them: documentation, manuals, change logs, pages, licences, word
lists. They are read where they are and never kept."""

import gzip
import html.parser
import os
import re

FOLDERS = ["/usr/share/doc", "/usr/share/man/man1", "/usr/share/man/man3", "/usr/share/man/man5", "/usr/share/man/man7",
           "/usr/share/man/man8", "/usr/share/perl", "/usr/share/common-licenses", "/usr/share/games/fortunes",
           "/usr/share/dict", "/usr/share/info"]  # fmt: skip
LONGEST = 2 << 20


class Words(html.parser.HTMLParser):
    """A page's text without its script and style."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.hidden = [], 0

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data):
        if self.hidden <= 0:
            self.parts.append(data)


def without_macros(text):
    """A manual page's text, roughly: requests are lines that begin with a dot, escapes begin with a backslash."""
    lines = [re.sub(r"^\.[A-Z]{2}\s*", "", line) for line in text.split("\n") if not re.match(r"^['.](\\\"|[a-z]|T[HP]|IX|\\})", line)]
    return re.sub(r"\\f(\[\w*\]|\(..|.)|\\s[-+]?\d|\\&", "", "\n".join(lines)).replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")


def kind(path):
    if "/man/" in path:
        return "manual"
    if "changelog" in path.lower() or "NEWS" in path:
        return "changes"
    name = path[:-3] if path.endswith(".gz") else path
    if name.endswith((".html", ".htm")):
        return "page"
    if name.endswith((".md", ".rst", ".markdown")):
        return "markup"
    if name.endswith(".pod"):
        return "pod"
    if name.endswith((".txt", "copyright", "README", "README.Debian", "FAQ", "AUTHORS")) or "." not in os.path.basename(name):
        return "text"
    return None


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        text = file.read(LONGEST).decode("utf-8", "replace")
    if "\0" in text:
        return ""
    of = kind(path)
    if of == "page":
        words = Words()
        words.feed(text)
        return re.sub(r"[ \t]+", " ", "".join(words.parts))
    return without_macros(text) if of == "manual" else text


def files():
    for folder in FOLDERS:
        for root, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(root, name)
                if kind(path) and not os.path.islink(path):
                    yield path


def pieces(random, text):
    """A line, a paragraph, or some of them, as people fill in a field."""
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if 3 < len(p.strip()) < 8_000]
    for paragraph in paragraphs:
        choice = random.random()
        if choice < 0.5:
            yield paragraph.strip()
        elif choice < 0.8:
            yield " ".join(paragraph.split())
        else:
            lines = [line.strip() for line in paragraph.split("\n") if len(line.strip()) > 3]
            if lines:
                yield random.choice(lines)
    for start in range(0, len(paragraphs), 12):
        if random.random() < 0.3:
            yield "\n\n".join(paragraphs[start : start + 5])[:6_000]


def values(random, count):
    """So many (kind, text), from files picked at random; a file gives at most fifty."""
    paths = list(files())
    random.shuffle(paths)
    left = count
    for path in paths:
        found = list(pieces(random, read(path)))
        random.shuffle(found)
        for text in found[:50]:
            yield kind(path), text
            left -= 1
            if left <= 0:
                return
