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


# What is not written for readers, and listings.
HIDDEN = ("script", "style", "pre", "code", "tt", "samp", "kbd")


class Words(html.parser.HTMLParser):
    """A page's sentences."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts, self.hidden = [], 0

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in HIDDEN

    def handle_endtag(self, tag):
        self.hidden -= tag in HIDDEN

    def handle_data(self, data):
        if self.hidden <= 0:
            self.parts.append(data)


def is_code(paragraph):
    """Whether it is a listing rather than sentences: set off by spaces, a prompt, or more signs than words need."""
    lines = paragraph.strip("\n").split("\n")
    if all(line.startswith(("    ", "\t", "$ ", "# ", "> ", ">>> ")) for line in lines) or "```" in paragraph or "#!" in paragraph:
        return True
    letters = sum(c.isalpha() or c in " \n,.'-" for c in paragraph)
    return letters < 0.85 * len(paragraph)


def without_fences(text):
    return re.sub(r"(?ms)^ *(```|~~~).*?^ *\1", "", text)


def without_macros(text):
    """A manual page's text, roughly: requests are lines that begin with a dot, escapes begin with a backslash."""
    text = re.sub(r"(?ms)^\.(nf|Vb|EX)\b.*?^\.(fi|Ve|EE)\b", "", text)
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
    return without_macros(text) if of == "manual" else without_fences(text) if of == "markup" else text


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
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if len(p.split()) >= 3 and len(p) < 8_000]
    for paragraph in paragraphs:
        choice = random.random()
        if choice < 0.5:
            yield paragraph.strip()
        elif choice < 0.8:
            yield " ".join(paragraph.split())
        else:
            lines = [line.strip() for line in paragraph.split("\n") if len(line.split()) >= 3]
            if lines:
                yield random.choice(lines)
    for start in range(0, len(paragraphs), 12):
        if random.random() < 0.3:
            yield "\n\n".join(paragraphs[start : start + 5])[:6_000]


def values(random, count):
    """So many (kind, text), the kinds in turn, from files picked at random; a file gives at most eighty."""
    paths = {}
    for path in files():
        paths.setdefault(kind(path), []).append(path)
    left = count
    while paths and left > 0:
        for of in sorted(paths):
            path = paths[of].pop(random.randrange(len(paths[of])))
            if not paths[of]:
                del paths[of]
            found = list(pieces(random, read(path)))
            for text in random.sample(found, min(80, len(found), left)):
                left -= 1
                yield "code" if is_code(text) else of, text
