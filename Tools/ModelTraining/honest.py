"""Honest texts that the labelled sets have too few of, made up here: what browsers, scripts and people really put into
parameters, cookies and bodies, and what has looked like an attack to somebody's filter before."""

import base64
import json
import random

WORDS = (
    """the a of and to in for with on our your new best order select update delete insert from where union drop table
group by having like create join set into value values null true false or not between case when then else end script alert
document window cookie image frame object style link form input button echo print cat list find sort head tail date time
sleep ping user admin root host password login name file path home etc system command shell exec process server client
database query index search filter page size limit offset price colour weight shoes jacket garden kitchen travel hotel
flight train ticket music film book paper school doctor garage repair insurance invoice delivery parcel address street
city country phone email message subject please thank hello regards question answer problem error warning install version
release branch merge commit review comment issue bug fix test build run start stop open close read write send receive
morning evening week month year summer winter blue green red black white small large long short fast slow cheap free
""".split()
)
NAMES = "Maria O'Brien|D'Angelo & Sons|José Álvarez|Müller|Łukasz|Anne-Marie|Smith, John (2nd)|O'Neill|Dr. Who|AT&T|R&D".split(
    "|"
)
TYPES = "php asp aspx jsp html htm js css png jpg gif svg webp json xml txt pdf csv zip woff2 ico do action cgi".split()
TRACKERS = "_ga _gid fbp sid uid token session csrf utm_source gclid ref cid hash sig nonce state code".split()


SITES = "google facebook example bing youtube twitter github wikipedia amazon microsoft linkedin instagram".split()


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def words(self, low, high):
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(low, high)))

    def number(self):
        return str(
            self.random.choice([self.random.randint(0, 9), self.random.randint(10, 9999), self.random.getrandbits(40)])
        )

    def hexadecimal(self, low=6, high=40):
        return "%0*x" % (self.random.randint(low, high), self.random.getrandbits(100))

    def base64(self):
        data = self.random.randbytes(self.random.randint(6, 90))
        if self.random.random() < 0.2:
            data = b"".join(
                bytes([self.random.choice([0, 255, 1])]) * self.random.randint(1, 12) + self.random.randbytes(3)
                for _ in range(8)
            )
        elif self.random.random() < 0.5:
            data = json.dumps({self.words(1, 1): self.number(), self.words(1, 1): self.words(1, 3)}).encode()
        text = (base64.urlsafe_b64encode if self.random.random() < 0.5 else base64.b64encode)(data).decode()
        return text if self.random.random() < 0.5 else text.rstrip("=")

    def token(self):
        r = self.random
        kinds = [
            self.hexadecimal,
            self.base64,
            self.number,
            lambda: self.base64().replace("=", "") + "." + self.base64() + "." + self.base64(),
        ]
        joined = r.choice("-._|:~!*").join(r.choice(kinds[:3])() for _ in range(r.randint(2, 5)))
        return r.choice(
            [
                r.choice(kinds)(),
                joined,
                "GA1.2.%s.%s" % (self.number(), self.number()),
                "s:" + self.base64(),
                "-" + joined,
            ]
        )

    def identifier(self):
        r = self.random
        return "-".join("%04x" % r.getrandbits(16 * k) for k in (2, 1, 1, 1, 3))

    def items(self):
        r = self.random
        separator = r.choice([",", "|", ";", ":", "_", "~", "x", "/", "-", "*", "!", " "])
        kind = r.choice(
            [
                self.number,
                lambda: self.words(1, 1),
                lambda: "0x%x" % r.getrandbits(16),
                lambda: self.words(1, 1) + self.number(),
                lambda: r.choice("xabn") + str(r.randint(0, 20)),
                lambda: "|".join(str(r.randint(0, 99)) for _ in range(3)),
                lambda: "%d:%d" % (r.randint(0, 9), r.randint(0, 999)),
                lambda: "%.2f" % r.uniform(-9, 999),
            ]
        )
        return separator.join(kind() for _ in range(r.randint(2, 40)))

    def path(self):
        r = self.random
        steps = [
            r.choice(
                [
                    self.words(1, 1),
                    self.number(),
                    self.hexadecimal(4, 12),
                    "v1",
                    "api",
                    "static",
                    "wp-content",
                    "wp-includes",
                    "_next",
                    "node_modules",
                    "cgi",
                    "~user",
                    "en-GB",
                ]
            )
            for _ in range(r.randint(1, 7))
        ]
        end = r.choice(
            ["", "/", "." + r.choice(TYPES), ".min.js", "-%dx%d.jpg" % (r.randint(50, 2000), r.randint(50, 2000))]
        )
        return "/" + "/".join(steps) + end

    def query(self):
        r = self.random
        value = lambda: r.choice(
            [
                self.token,
                self.number,
                lambda: self.words(1, 3).replace(" ", "+"),
                self.items,
                lambda: r.choice(NAMES),
                lambda: "{" + self.words(1, 1) + "}",
                lambda: "",
            ]
        )()
        return "&".join("%s=%s" % (r.choice(TRACKERS + WORDS), value()) for _ in range(r.randint(1, 8)))

    def url(self):
        r = self.random
        host = (
            r.choice(["www.", "", "cdn.", "api.", "m.", "images."])
            + r.choice([self.words(1, 1), r.choice(SITES)])
            + r.choice([".com", ".org", ".example", ".co.uk", ".de", ".io"])
        )
        text = (
            r.choice(["http://", "https://", "//", "android-app://"])
            + host
            + r.choice(["", ":8080", ":443"])
            + self.path()
        )
        if r.random() < 0.6:
            text += "?" + self.query()
        return text + r.choice(["", "", "#" + self.words(1, 1), "#!/" + self.words(1, 1)])

    def sentence(self):
        r = self.random
        parts = [self.words(2, 12)]
        for _ in range(r.randint(0, 3)):
            parts.append(
                r.choice(
                    [
                        '"%s"' % self.words(1, 4),
                        "'%s'" % self.words(1, 2),
                        "(%s)" % self.words(1, 5),
                        r.choice(NAMES),
                        self.number() + "%",
                        "$%s.%02d" % (self.number(), r.randint(0, 99)),
                        "#%s" % self.number(),
                        "- %s" % self.words(1, 4),
                        "%s & %s" % (self.words(1, 1), self.words(1, 1)),
                        "%s/%s" % (self.words(1, 1), self.words(1, 1)),
                        "it's",
                        "don't",
                        "<3",
                        ":-)",
                        "%s = %s" % (self.words(1, 1), self.number()),
                        "%s > %s" % (self.number(), self.number()),
                        "1 or 2 %s" % self.words(1, 2),
                        "`%s`" % self.words(1, 2),
                        "**%s**" % self.words(1, 2),
                        "%s; %s" % (self.words(1, 3), self.words(1, 3)),
                        self.url(),
                        "@%s" % self.words(1, 1),
                        "%s:%s" % (r.randint(0, 23), r.randint(10, 59)),
                        "...",
                        "--",
                        "—",
                        "“%s”" % self.words(1, 3),
                        "select %s from the list" % self.words(1, 2),
                        "drop by the %s" % self.words(1, 2),
                        "union of %s" % self.words(1, 2),
                        "update your %s" % self.words(1, 2),
                        "C:\\%s" % self.words(1, 1),
                        "[%s](%s)" % (self.words(1, 2), self.url()),
                        "e.g.",
                        "naïve café",
                        "日本語の文章",
                        "Привет мир",
                    ]
                )
            )
            parts.append(self.words(1, 8))
        return " ".join(parts) + r.choice([".", "!", "?", "", "\n", "…"])

    def letter(self):
        return r"".join(
            self.sentence() + self.random.choice([" ", "\n", "\r\n\r\n"]) for _ in range(self.random.randint(2, 8))
        )

    def structure(self, depth=0):
        r = self.random
        if depth > 2 or r.random() < 0.4:
            return r.choice(
                [self.words(1, 3), r.randint(-5, 10**6), True, None, self.token(), self.url(), r.choice(NAMES), ""]
            )
        if r.random() < 0.3:
            return [self.structure(depth + 1) for _ in range(r.randint(0, 4))]
        return {self.words(1, 2).replace(" ", "_"): self.structure(depth + 1) for _ in range(r.randint(0, 5))}

    def search(self):
        r = self.random
        return r.choice(
            [
                lambda: '"%s" -%s' % (self.words(1, 3), self.words(1, 1)),
                lambda: "site:%s.com %s" % (self.words(1, 1), self.words(1, 3)),
                lambda: "%s AND (%s OR %s)" % tuple(self.words(1, 2) for _ in range(3)),
                lambda: "%s + %s" % (self.words(1, 2), self.words(1, 2)),
                lambda: "how to %s in %s?" % (self.words(1, 4), self.words(1, 1)),
                lambda: "(%s)" % self.words(1, 3),
                lambda: "%s:>%s" % (self.words(1, 1), self.number()),
                lambda: "%s[]=%s" % (self.words(1, 1), self.words(1, 1)),
                lambda: "%s eq '%s' and %s gt %s"
                % (self.words(1, 1), self.words(1, 1), self.words(1, 1), self.number()),
                lambda: "c++ %s" % self.words(1, 2),
                lambda: "%s*" % self.words(1, 1),
                lambda: "%s %s"
                % (
                    self.words(1, 2),
                    " ".join(
                        r.choice(["-%s", "-%s", "--%s", '-"%s"', "+%s"]) % self.words(1, 1)
                        for _ in range(r.randint(1, 9))
                    ),
                ),
                lambda: "%s or %s" % (self.number(), self.number()),
                lambda: "%s (%s)" % (self.words(1, 1), self.number()),
                lambda: "(%s)" % self.number(),
                lambda: "created_at desc, id asc",
                lambda: "-%s,+%s" % (self.words(1, 1), self.words(1, 1)),
            ]
        )()

    def number_like(self):
        r = self.random
        return r.choice(
            [
                lambda: "+%d (%d) %d-%d"
                % (r.randint(1, 99), r.randint(10, 999), r.randint(100, 999), r.randint(1000, 9999)),
                lambda: "20%02d-%02d-%02dT%02d:%02d:%02d+00:00" % tuple(r.randint(0, 28) for _ in range(6)),
                lambda: "%f,%f" % (r.uniform(-90, 90), r.uniform(-180, 180)),
                lambda: "rgba(%d,%d,%d,.%d)" % tuple(r.randint(0, 255) for _ in range(4)),
                lambda: "#%06x" % r.getrandbits(24),
                lambda: "calc(100%% - %dpx)" % r.randint(1, 99),
                lambda: "%d * * * %d" % (r.randint(0, 59), r.randint(0, 6)),
                lambda: "%s@%s.com" % (self.words(1, 1), self.words(1, 1)),
                lambda: "%d.%d.%d.%d" % tuple(r.randint(0, 255) for _ in range(4)),
                lambda: "%dx%d@%d" % (r.randint(1, 4000), r.randint(1, 4000), r.randint(1, 3)),
                lambda: "=SUM(A%d:B%d)" % (r.randint(1, 9), r.randint(1, 99)),
                lambda: "%d/%d" % (r.randint(1, 9), r.randint(1, 9)),
                lambda: "%s;q=0.%d, */*;q=0.%d"
                % (
                    r.choice(["text/html", "application/json", "en-GB", "image/webp"]),
                    r.randint(1, 9),
                    r.randint(1, 9),
                ),
                lambda: "multipart/form-data; boundary=----%s" % self.hexadecimal(),
                lambda: "bytes=%d-%d" % (r.randint(0, 9), r.randint(10, 9999)),
                lambda: 'W/"%s"' % self.hexadecimal(),
                lambda: '"Chromium";v="%d", "Not=A?Brand";v="%d"' % (r.randint(90, 140), r.randint(8, 99)),
            ]
        )()

    def agent(self):
        r = self.random
        return r.choice(
            [
                lambda: "Mozilla/5.0 (%s) AppleWebKit/%d.%d (KHTML, like Gecko) Chrome/%d.0.0.0 %sSafari/537.36"
                % (
                    r.choice(
                        [
                            "Windows NT 10.0; Win64; x64",
                            "X11; Linux x86_64",
                            "Linux; Android 14; SM-%s" % self.hexadecimal(3, 5),
                            "Macintosh; Intel Mac OS X 10_15_7",
                        ]
                    ),
                    r.randint(500, 700),
                    r.randint(1, 99),
                    r.randint(60, 140),
                    r.choice(["", "Mobile "]),
                ),
                lambda: "%sBot/%d.%d (+%s)" % (self.words(1, 1).title(), r.randint(0, 9), r.randint(0, 9), self.url()),
                lambda: "%s/%d.%d.%d"
                % (
                    r.choice(["okhttp", "curl", "Go-http-client", "python-requests", "Dalvik", "CFNetwork"]),
                    r.randint(0, 9),
                    r.randint(0, 99),
                    r.randint(0, 9),
                ),
                lambda: "Mozilla/5.0 (compatible; %s; %s)" % (self.words(1, 1), self.url()),
                lambda: "%s/%d CFNetwork/%d Darwin/%d.%d"
                % (self.words(1, 1), r.randint(1, 999), r.randint(800, 1500), r.randint(15, 23), r.randint(0, 9)),
            ]
        )()

    def style(self):
        r = self.random
        return r.choice(
            [
                lambda: '%s <a href="%s">%s</a> %s'
                % (self.words(0, 3), r.choice([self.url, self.path])(), self.words(1, 2), self.words(0, 3)),
                lambda: '<span class="%s">%s</span>' % (self.words(1, 2), self.words(1, 2)),
                lambda: "CVSS:3.1/"
                + "/".join("%s:%s" % (r.choice("AV AC PR UI S C I A".split()), r.choice("NLHUC")) for _ in range(8)),
                lambda: "<p>%s</p>" % self.sentence(),
                lambda: "<b>%s</b> %s<br>" % (self.words(1, 3), self.words(1, 5)),
                lambda: "<ul><li>%s</li><li>%s</li></ul>" % (self.words(1, 3), self.words(1, 3)),
                lambda: "color: %s; font-size: %dpx" % (self.words(1, 1), r.randint(8, 40)),
                lambda: "%s > %s < %s" % (self.words(1, 1), self.words(1, 1), self.words(1, 1)),
                lambda: "<%s@%s.com>" % (self.words(1, 1), self.words(1, 1)),
                lambda: "- %s\n- %s\n\n1. %s" % (self.words(1, 4), self.words(1, 4), self.words(1, 4)),
                lambda: "# %s\n\n%s\n" % (self.words(1, 3), self.letter()),
                lambda: "%s=%s\n%s=%s\n" % (self.words(1, 1), self.number(), self.words(1, 1), self.words(1, 2)),
                lambda: "{{%s}} %s" % (self.words(1, 1), self.words(1, 3)),
                lambda: "%%%s%% of %s" % (self.words(1, 1), self.number()),
            ]
        )()

    def text(self):
        maker = self.random.choice(
            [
                self.token,
                self.token,
                self.identifier,
                self.items,
                self.items,
                self.path,
                self.path,
                self.query,
                self.url,
                self.url,
                self.sentence,
                self.sentence,
                self.letter,
                lambda: json.dumps(self.structure(), ensure_ascii=self.random.random() < 0.5),
                lambda: json.dumps(self.structure()),
                self.search,
                self.search,
                self.number_like,
                self.number_like,
                self.agent,
                self.style,
            ]
        )
        return maker()


def texts(count, seed=20261121):
    maker = Maker(seed)
    return [maker.text().encode() for _ in range(count)]
