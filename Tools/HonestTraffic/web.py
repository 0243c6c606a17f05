"""What honest programs and people put into requests, made up here class by class: each function gives one value.

The model learns from some of it, made with a seed of its own (Tools/ModelTraining/train.py).
"""

import base64
import json
import urllib.parse
import zlib

FIRST = "Anna Ben Chloé Dmitri Elif François Göran Hye-jin Ítalo Jean-Luc Kwame Liv Mónica Nguyễn Olu Priya Siobhán".split()
LAST = (
    "O'Brien D'Angelo O'Neill L'Hôpital N'Dour Smith-Jones Müller García McDonald van_der_Berg d'Arc O’Hara Al-Sayed "
    "Sánchez 't_Hooft Null Select True Union Or And Drop"
).split()
NOUNS = (
    "lamp jacket garden kettle bicycle guitar window table drop group order union case script image frame form object "
    "style link base select value key index view cat tail head sort sleep date host shell file path price size colour"
).split()
VERBS = "update insert select drop alter create delete join order execute wait find kill make watch touch cut split sort".split()
SMALL = "and or not in on is like between from where by for with to the a of as at if then else end".split()
PLAIN = (
    "red green small large winter summer leather cotton kitchen bathroom garage hotel flight ticket museum river mountain "
    "bread cheese coffee orange lemon school teacher doctor hospital engine battery charger cable speaker camera lens "
    "paper pencil notebook folder letter parcel street bridge station weather morning evening birthday wedding holiday "
    "music concert football tennis bicycle running yoga garden flower tree dog horse bird fish sofa chair carpet curtain"
).split()
DOLLARS = "current_url device_id set set_once groups group ref schema id type text lib os comment size browser".split()
HOSTS = "shop.example www.example.com cdn.example.net login.example.org example.co.uk xn--bcher-kva.example m.example.de".split()
TYPES = "html php js css png jpg pdf json aspx jsp svg woff2 xml csv".split()
ZONES = "Europe/Berlin America/Argentina/Buenos_Aires Asia/Kolkata UTC Etc/GMT+3".split()


def quoted(text, safe=""):
    return urllib.parse.quote(text, safe=safe)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Web:
    """`random` decides everything, so a seed gives the same values again."""

    def __init__(self, random):
        self.random = random

    # Pieces

    def one(self, items):
        return self.random.choice(items)

    def number(self, digits=6):
        return self.random.randint(0, 10 ** self.random.randint(1, digits))

    def hexa(self, digits):
        return "%0*x" % (digits, self.random.getrandbits(4 * digits))

    def blob(self, low=8, high=120):
        data = self.random.randbytes(self.random.randint(low, high))
        return self.one([base64.b64encode, base64.urlsafe_b64encode])(data).decode()

    def word(self):
        return self.one(self.one([PLAIN, PLAIN, PLAIN, NOUNS, VERBS, SMALL]))

    def words(self, low=1, high=6):
        return " ".join(self.word() for _ in range(self.random.randint(low, high)))

    def sentence(self):
        text = self.words(3, 14).capitalize()
        if self.random.random() < 0.3:
            text = text.replace(" ", self.one([", ", "; ", " - ", " / ", " & ", ": "]), 1)
        return text + self.one([".", "!", "?", "...", "?!", " :-)", " ;)", " <3", "."])

    def stamp(self):
        r = self.random
        return "20%02d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (
            r.randint(10, 30), r.randint(1, 12), r.randint(1, 28), r.randint(0, 23), r.randint(0, 59), r.randint(0, 59),
            r.randint(0, 999),
        )  # fmt: skip

    def uuid(self):
        text = self.hexa(32)
        return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])

    def url(self):
        path = "/".join(self.one([self.word(), self.hexa(6), str(self.number()), "api", "v2"]) for _ in range(self.random.randint(0, 4)))
        end = self.one(["", "/", "." + self.one(TYPES), "?" + self.pairs(), "?" + self.pairs() + "#" + self.word()])
        return "https://%s/%s%s" % (self.one(HOSTS), path, end)

    def pairs(self, low=1, high=6):
        items = [(self.one([self.word(), "utm_" + self.word(), self.word() + "[]", self.word() + "[" + self.word() + "]"]),
                  self.one([self.words, self.uuid, lambda: str(self.number()), lambda: self.blob(6, 30), self.name, self.price])())
                 for _ in range(self.random.randint(low, high))]  # fmt: skip
        return urllib.parse.urlencode(items)

    # Classes: people

    def name(self):
        last = self.one(LAST).replace("_", " ")
        return self.one(
            [
                "%s %s" % (self.one(FIRST), last),
                "%s, %s (%s)" % (last, self.one(FIRST), self.one(["2nd", "Jr.", "née O'Hara", "she/her"])),
                "%s & Sons, Inc." % last,
                "%s '%s' %s" % (self.one(FIRST), self.word().title(), last),
                '%s "%s" %s' % (self.one(FIRST), self.word().title(), last),
                "Rock'n'Roll %s; %s" % (self.word(), last),
                "%s or %s" % (last, self.one(LAST)),
                '"%s, %s" <%s@%s>' % (last, self.one(FIRST), self.word(), self.one(HOSTS)),
            ]
        )

    def address(self):
        return self.one(
            [
                "%d-%d %s St., Apt #%d" % (self.number(3), self.number(3), self.word().title(), self.number(2)),
                "c/o %s; Postfach %d, D-%05d %s" % (self.name(), self.number(4), self.number(5), self.word().title()),
                "Flat %d/%d, %d%s King's Road (rear)" % (self.number(2), self.number(2), self.number(3), self.one("AB")),
                "+%d (0)%d / %d-%d" % (self.number(2), self.number(3), self.number(4), self.number(2)),
                "%s+%s@%s" % (self.word(), self.word(), self.one(HOSTS)),
                "N°%d, rue de l'%s" % (self.number(2), self.word().title()),
            ]
        )

    def price(self):
        return self.one(
            [
                "$%d.99" % self.number(4),
                "%d,%03d.00 €" % (self.number(2), self.number(3)),
                "2 for 1; %d%% off" % self.number(2),
                "%d..%d" % (self.number(3), self.number(4)),
                ">=%d" % self.number(3),
                "%d-%d" % (self.number(3), self.number(4)),
                "between %d and %d" % (self.number(3), self.number(4)),
                "< $%d or > $%d" % (self.number(2), self.number(3)),
                "%d x %d = %d" % (self.number(2), self.number(2), self.number(3)),
                "1/2\" x 3/4\" (%d')" % self.number(2),
                "5'%d\"" % self.number(1),
            ]
        )

    def search(self):
        w = self.word
        return self.one(
            [
                lambda: '"%s"' % self.words(2, 6),
                lambda: '"%s" -%s +%s' % (self.words(2, 4), w(), w()),
                lambda: "'%s' %s '%s'" % (w(), self.one(SMALL), w()),
                lambda: '"%s" OR "%s" AND NOT "%s"' % (w(), w(), w()),
                lambda: "(%s OR %s) AND (%s OR %s)" % (w(), w(), w(), w()),
                lambda: "site:%s %s filetype:pdf" % (self.one(HOSTS), w()),
                lambda: "select %s from %s" % (w(), w()),
                lambda: "how to %s all %s from %s" % (self.one(VERBS), w(), self.words(1, 2)),
                lambda: "what's the difference between '%s' and '%s'?" % (w(), w()),
                lambda: "%s & %s; %s | %s" % (w(), w(), w(), w()),
                lambda: "%s--%s" % (w(), w()),
                lambda: "c++ vs c# -- %s" % w(),
                lambda: "it's %s or isn't it" % w(),
                lambda: "don't %s %s; won't %s" % (self.one(VERBS), w(), w()),
                lambda: "%s; %s; %s" % (w(), w(), w()),
                lambda: "%s*" % w(),
                lambda: "~%s ^%d" % (w(), self.number(1)),
                lambda: "#%s @%s $%s" % (w(), w(), w().upper()),
                lambda: "\"%s\" like '%s'" % (w(), w()),
                lambda: "%s union %s hotels or union square" % (w(), w()),
                lambda: "order by %s" % w(),
                lambda: "drop table %s" % self.one(["leg ideas", "leaf extension", "saw blades"]),
                lambda: "%s 50%% off" % w(),
                lambda: "%s_%s%%" % (w(), w()),
                lambda: "javascript %s example" % w(),
                lambda: "<%s> tag in html" % self.one(["b", "div", "section", "main"]),
                lambda: "cat %s; dog %s" % (w(), w()),
                lambda: "1=1 meaning %s" % w(),
                lambda: "$%d or less" % self.number(3),
            ]
        )()

    def chat(self):
        return self.one(
            [
                "brb; cat on the %s & dog at the %s" % (self.word(), self.word()),
                "lol :-) ;-) <3 <3 >:( (╯°□°)╯︵ ┻━┻",
                "I said \"%s\", she said '%s'; then -- silence..." % (self.sentence(), self.sentence()),
                "%s\n\n-- \n%s\n%s" % (self.sentence(), self.name(), self.address()),
                "> %s\n> %s\n\n%s" % (self.sentence(), self.sentence(), self.sentence()),
                "%s & %s | %s > %s" % (self.word(), self.word(), self.word(), self.word()),
                "1) %s; 2) %s; 3) %s" % (self.words(), self.words(), self.words()),
                "a<b && c>d || !e => f(x) = x^2 - 1/2*x",
                "\\frac{%d}{%d} \\cdot \\sqrt{x^2} \\$%d ${x}_{i}^{2}$" % (self.number(1), self.number(2), self.number(2)),
                "¿Cuándo? ¡%s! «%s» „%s“ ‚%s‘" % (self.word(), self.word(), self.word(), self.word()),
                "%s (%s) [%s] {%s} <%s>" % (self.word(), self.word(), self.word(), self.word(), self.word()),
                "RE: FW: %s -- %s (was: '%s')" % (self.words(), self.words(), self.words()),
                "🙂 %s 👩‍👩‍👧 → %s ≥ %d" % (self.words(), self.words(), self.number(2)),
                "\t- %s\r\n\t- %s\r\n" % (self.sentence(), self.sentence()),
            ]
        )

    def password(self):
        if self.random.random() < 0.3:
            return self.word().title() + self.one("!$%&#*'\"") + str(self.number(4)) + self.one(["", "'", "--", ";", "<>", "\\"])
        return "".join(chr(self.random.randint(0x21, 0x7E)) for _ in range(self.random.randint(8, 24)))

    # Classes: programs

    def token(self):
        return self.one(
            [
                self.uuid,
                lambda: self.blob(8, 200),
                lambda: self.blob(16, 64).rstrip("="),
                lambda: self.hexa(self.one([8, 16, 32, 40, 64, 128])),
                lambda: base64.b85encode(self.random.randbytes(self.random.randint(8, 40))).decode(),
                lambda: "BAh7" + self.blob(40, 200) + "--" + self.hexa(40),
                lambda: "/wEPDwUK" + self.blob(60, 400),
                lambda: "s:" + self.blob(18, 24) + "." + self.blob(20, 33),
                lambda: "v^1.1#i^1#f^0#r^0#p^3#I^3#t^" + self.blob(30, 60),
                lambda: "~".join(str(self.number()) if self.random.random() < 0.5 else self.blob(6, 60) for _ in range(6)) + "~-1~-1~-1",
                lambda: "|".join(self.one([self.hexa(8), str(self.number()), self.word()]) for _ in range(5)),
                lambda: base64.b64encode(zlib.compress(self.sentence().encode() * 3)).decode(),
                lambda: base64.b64encode(compact(self.structure()).encode()).decode(),
            ]
        )()

    def jwt(self):
        part = lambda value: base64.urlsafe_b64encode(compact(value).encode()).decode().rstrip("=")
        claims = {"iss": self.url(), "sub": self.uuid(), "aud": [self.word()], "exp": self.number(9), "name": self.name(),
                  "scope": "openid profile " + self.word(), "groups": ["/%s/%s" % (self.word(), self.word())]}  # fmt: skip
        text = ".".join([part({"alg": "RS256", "typ": "JWT", "kid": self.hexa(8)}), part(claims), self.blob(64, 64).rstrip("=")])
        return self.one(["", "Bearer "]) + text

    def oauth(self):
        inner = "https://%s/callback?%s" % (self.one(HOSTS), self.pairs(1, 3))
        query = {"response_type": "code id_token", "client_id": self.uuid(), "redirect_uri": inner, "scope": "openid email offline_access",
                 "state": self.blob(16, 80), "nonce": self.hexa(32), "code_challenge": self.blob(32, 32), "code_challenge_method": "S256",
                 "prompt": "login", "claims": compact({"id_token": {"acr": {"essential": True, "values": ["urn:mace:incommon:iap:silver"]}}})}  # fmt: skip
        return "https://%s/authorize?%s" % (self.one(HOSTS), urllib.parse.urlencode(query))

    def saml(self):
        text = (
            '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_%s" Version="2.0" '
            'IssueInstant="%s" Destination="%s"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">%s'
            '</saml:Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"/>'
            "</samlp:AuthnRequest>" % (self.hexa(32), self.stamp(), self.url().replace("&", "&amp;"), self.one(HOSTS))
        ).encode()
        if self.random.random() < 0.5:
            return base64.b64encode(text).decode()
        return base64.b64encode(zlib.compress(text)[2:-4]).decode()

    def tracking(self):
        return "https://%s/?gclid=%s&fbclid=IwAR%s&utm_campaign=%s&utm_content=%s&_ga=2.%d.%d.%d-%d&ref=%s" % (
            self.one(HOSTS), self.blob(30, 60), self.blob(30, 50), quoted("%s|%s" % (self.words(), self.words())),
            quoted("{creative}_[%s]_(%s)" % (self.word(), self.word())), self.number(9), self.number(9), self.number(9), self.number(9),
            quoted(self.url()),
        )  # fmt: skip

    def nested_url(self):
        text = self.url()
        for _ in range(self.random.randint(1, 3)):
            text = "https://%s/r?u=%s&%s" % (self.one(HOSTS), quoted(text), self.pairs(1, 2))
        return text

    def google(self):
        return self.one(
            [
                lambda: "!1m18!1m12!1m3!1d%d.%d!2d%d.%d!3d48.%d!2m3!1f0!2f0!3f0!3m2!1i1024!2i768!4f13.1" % tuple(self.number() for _ in range(5)),
                lambda: "chrome..69i57j0i%dl2j0i22i30l%d.%dj0j7" % (self.number(3), self.number(1), self.number(4)),
                lambda: "/search?q=%s&oq=%s&sourceid=chrome&ie=UTF-8" % (quoted(self.search()), quoted(self.word())),
                lambda: "EgIQAQ%3D%3D",
                lambda: "(entityUrn:urn:li:fsd_profile:%s,list:List((start:%d,count:10)))" % (self.blob(20, 30), self.number(2)),
                lambda: "sr_1_%d?crid=%s&keywords=%s&qid=%d&sprefix=%s,aps,%d" % (self.number(2), self.hexa(12).upper(), quoted(self.search()), self.number(9), quoted(self.word()), self.number(3)),
                lambda: "7xe%s-%s:%s" % (self.blob(60, 120), self.blob(10, 30), self.hexa(8)),
            ]
        )()

    def signed_url(self):
        return "https://%s.s3.eu-west-1.amazonaws.com/%s/%s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s&X-Amz-Date=%s&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=%s&response-content-disposition=%s" % (
            self.word(), self.word(), self.uuid(), quoted("AKIA%s/20261121/eu-west-1/s3/aws4_request" % self.hexa(16).upper()), "20261121T101010Z",
            self.hexa(64), quoted('attachment; filename="%s (%d).pdf"; filename*=UTF-8\'\'%s' % (self.words(), self.number(1), quoted(self.name()))),
        )  # fmt: skip

    def structure(self, depth=0):
        leaf = [self.words, self.uuid, self.number, self.name, self.price, self.stamp, self.url, self.search, lambda: None,
                lambda: self.random.random() * 1000 - 500, lambda: True, self.identifier, self.chat]  # fmt: skip
        if depth > 2 or self.random.random() < 0.4:
            return self.one(leaf)()
        if self.random.random() < 0.4:
            return [self.structure(depth + 1) for _ in range(self.random.randint(0, 4))]
        return {self.one([self.word(), self.word() + "_id", "$" + self.one(DOLLARS), self.word() + "." + self.word()]): self.structure(depth + 1) for _ in range(self.random.randint(1, 5))}

    def json_value(self):
        return compact({self.word(): self.structure(), self.word(): self.structure()})

    def analytics(self):
        return self.one(
            [
                lambda: "v=2&tid=G-%s&gtm=45je%s&_p=%d&cid=%d.%d&ul=en-gb&sr=1920x1080&en=%s&ep.%s=%s&epn.value=%d&dl=%s&dt=%s&_et=%d"
                % (self.hexa(10).upper(), self.hexa(6), self.number(9), self.number(9), self.number(9), self.word(), self.word(),
                   quoted(self.words()), self.number(3), quoted(self.url()), quoted("%s | %s's %s" % (self.words(), self.one(LAST), self.word())), self.number(5)),
                lambda: compact({"event": self.word(), "properties": {"$current_url": self.url(), "$referrer": "$direct", "distinct_id": self.uuid(), "$lib": "web", "title": self.chat()}}),
                lambda: compact({"type": "error", "exception": {"values": [{"type": "TypeError", "value": "Cannot read properties of undefined (reading '%s')" % self.word(),
                        "stacktrace": {"frames": [{"filename": self.url(), "function": "Object.%s [as %s]" % (self.word(), self.word()), "lineno": self.number(4), "in_app": True}]}}]},
                        "breadcrumbs": [{"category": "ui.click", "message": "div#%s > button.%s[type=\"submit\"]" % (self.word(), self.word())}, {"category": "console", "message": "Uncaught (in promise) Error: %s" % self.sentence()}]}),
                lambda: compact({"restiming": {"https://": {self.one(HOSTS) + "/": {"|": "6,r,8,%d*1%d,%d" % (self.number(3), self.number(3), self.number(2)), "css/|%s.css" % self.word(): "*0%d,%d*4%d" % (self.number(2), self.number(2), self.number(2))}}}}),
                lambda: "7a74G7m23Vrp0o5c%d.69-1,2,-94,-100,Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36,uaend,12147,20030107,en-GB,Gecko,3,0,0,0,%d,%d,1920,1040,cpen:0,i1:0,dm:0,cwen:0,non:1,opc:0,fc:0,sc:0,wrc:1,isc:0,vib:1,bat:1,x11:0,x12:1,%d,0.%d,loc:-1,2,-94,-101,do_en,dm_en,t_en-1,2,-94,-105,0,-1,0,0,%d,%d,0;-1,2,-94,-102,0,0,0,1,%d,%d,0;1,-1,0,0,%d" % tuple(self.number() for _ in range(10)),
                lambda: "TypeError: %s is not a function\n    at %s (%s:%d:%d)\n    at async Promise.all (index 0)\n    at <anonymous>:1:%d" % (self.identifier(), self.word(), self.url(), self.number(4), self.number(3), self.number(2)),
            ]
        )()  # fmt: skip

    def identifier(self):
        w = self.word
        return self.one(
            [
                "%s.%s[%d].%s" % (w(), w(), self.number(2), w()),
                "$%s->%s" % (w(), w()),
                "%s::%s" % (w().title(), w()),
                "__%s" % w(),
                "%s_%s_id" % (w(), w()),
                "get%s%s()" % (w().title(), w().title()),
                "com.example.%s.%s" % (w(), w().title()),
                "org.example.%s.%s$Inner" % (w(), w().title()),
                "%s/%s@^%d.%d.0" % (w(), w(), self.number(1), self.number(1)),
                "@%s/%s" % (w(), w()),
                "%s:%s:%s" % (w(), w(), self.hexa(8)),
                "--%s-%s" % (w(), w()),
                "%s=%s;%s=%s" % (w(), w(), w(), self.number()),
                "urn:%s:%s#%s" % (w(), w(), w()),
                "C:\\fakepath\\%s %s.docx" % (w(), w()),
                "%s\\%s" % (w().upper(), w()),
                "<%s>" % self.one(PLAIN),
                "%s<%s>" % (w().title(), self.one(PLAIN).title()),
                "on%s" % w(),
                "&%s;" % w(),
            ]
        )

    def selector(self):
        w = self.word
        return self.one(
            [
                "#%s > div.%s:nth-child(%d) ~ a[href^=\"https\"]" % (w(), w(), self.number(1)),
                ".%s__%s--%s:not(.%s)::before" % (w(), w(), w(), w()),
                "//div[@class='%s']/a[%d]/@href" % (w(), self.number(1)),
                "html>body>main>section:nth-of-type(%d)>form>input[name='%s']" % (self.number(1), w()),
                "@media (min-width:%dpx) and (max-width:%dpx){.%s{display:none}}" % (self.number(3), self.number(4), w()),
                "a{color:#%s;background:url(%s) no-repeat;width:calc(100%% - %dpx)}" % (self.hexa(6), self.url(), self.number(2)),
                "font-family:'%s', \"%s\", sans-serif; margin:0 -%dpx !important" % (w(), w(), self.number(2)),
                "translate(%d,%d) rotate(%d)" % (self.number(2), self.number(2), self.number(2)),
                "M%d %dL%d,%d c-%d-%d,0z" % tuple(self.number(2) for _ in range(6)),
                "rgba(0,0,0,.%d) 0 %dpx" % (self.number(1), self.number(1)),
            ]
        )

    def query_language(self):
        w = lambda: self.one(PLAIN)
        last = self.one(LAST).replace("'", "''")
        return self.one(
            [
                lambda: "%s:[%d TO %d] AND (%s:%s OR %s:\"%s\")" % (w(), self.number(2), self.number(3), w(), w(), w(), self.words()),
                lambda: "%s eq '%s' and %s gt %d" % (w().title(), last, w().title(), self.number(3)),
                lambda: "contains(%s,'%s') or startswith(tolower(%s),'%s')" % (w().title(), w(), w().title(), w()),
                lambda: "%s/any(x:x/%s eq '%s')" % (w().title(), w().title(), w()),
                lambda: "Id,%s,%s" % (w().title(), w().title()),
                lambda: "%s($filter=Id eq %d;$select=%s,%s;$orderby=%s desc)" % (w().title(), self.number(3), w().title(), w().title(), w().title()),
                lambda: "project = %s AND status in (\"To Do\", Done) AND assignee = currentUser() ORDER BY created DESC" % w().upper()[:3],
                lambda: "is:open is:issue label:\"%s\" -label:%s author:%s" % (self.words(), w(), w()),
                lambda: "sum(rate(http_requests_total{job=\"%s\",status=~\"5..\"}[5m])) by (handler) / %d > 0.%d" % (w(), self.number(2), self.number(2)),
                lambda: "histogram_quantile(0.99, sum by (le, %s) (rate(%s_bucket{%s!~\"a|b\"}[$__rate_interval])))" % (w(), w(), w()),
                lambda: "{%s=\"%s\"} |= \"error\" | json | line_format \"{{.%s}}\"" % (w(), w(), w()),
                lambda: "label_values(%s{%s=~\"$%s\"}, %s)" % (w(), w(), w(), w()),
                lambda: compact({"where": {w(): {"gt": self.number(3)}, "or": [{w(): w()}, {w(): {"inq": [w(), w()]}}]}, "order": w() + " DESC", "limit": 10}),
                lambda: compact({"query": {"bool": {"must": [{"match": {w(): self.words()}}], "filter": {"range": {w(): {"gte": "now-1d/d"}}}}}, "sort": [{w(): "desc"}], "aggs": {w(): {"terms": {"field": w() + ".keyword"}}}}),
                lambda: "^%s.*(%s|%s)+$" % (w(), w(), w()),
                lambda: "/^[\\w.+-]+@\\w+\\.\\w{2,}$/i",
                lambda: "+created_at,-%s" % w(),
                lambda: "%d %d * * %d-%d" % (self.number(1), self.number(1), 1, 5),
                lambda: "if(%s>%d,\"%s\",'%s')" % (w(), self.number(2), w(), w()),
                lambda: "=VLOOKUP(A%d,Sheet2!$A$1:$D$%d,2,FALSE)" % (self.number(1), self.number(3)),
                lambda: "=IF(AND(B%d>0;C%d<>\"\");SUM(D:D)/2;\"-\")" % (self.number(1), self.number(1)),
            ]
        )()  # fmt: skip

    def graphql(self):
        w = self.word
        query = self.one(
            [
                "query %s($id: ID!, $first: Int = 10) {\n  %s(id: $id) { id ...F\n    %s(first: $first, where: {%s: {eq: \"%s\"}}) { edges { node { id %s } cursor } } }\n}\nfragment F on %s { %s @include(if: true) }"
                % (w().title(), w(), w(), w(), self.words(), w(), w().title(), w()),
                "mutation { update%s(input: {id: \"%s\", name: \"%s\", tags: [A, B]}) { errors { message } } }" % (w().title(), self.uuid(), self.words()),
                "{ __typename %s { %s(orderBy: [{%s: DESC}]) } }" % (w(), w(), w()),
            ]
        )
        return self.one([query, compact({"operationName": w().title(), "query": query, "variables": {"id": self.uuid(), w(): self.structure(2)}})])

    def rich_text(self):
        w, s = self.word, self.sentence
        parts = [
            lambda: "<p>%s <strong>%s</strong> &amp; <em>%s</em>&nbsp;%s</p>" % (s(), w(), w(), s()),
            lambda: '<p style="text-align:center;margin-left:40px"><span style="color:#%s;font-family:&quot;Arial&quot;,sans-serif">%s</span><br></p>' % (self.hexa(6), s()),
            lambda: '<a href="%s" target="_blank" rel="noopener noreferrer" title="%s">%s</a>' % (self.url().replace("&", "&amp;"), self.words(), self.words()),
            lambda: '<figure class="image image-style-side"><img src="%s" alt="%s\'s %s" width="%d" height="%d" data-id="%d"><figcaption>%s</figcaption></figure>'
            % (self.url(), self.one(FIRST), w(), self.number(3), self.number(3), self.number(4), s()),
            lambda: '<table class="table" border="0" cellpadding="2"><tbody><tr><td colspan="2">%s</td><td>%s</td></tr></tbody></table>' % (self.price(), self.price()),
            lambda: "<ul>\n<li>%s</li>\n<li><u>%s</u></li></ul><h2 id=\"%s\">%s</h2><hr /><blockquote>%s</blockquote>" % (s(), s(), w(), self.words(), s()),
            lambda: '<div class="ql-editor" data-gramm="false" contenteditable="true"><p><br></p><pre class="ql-syntax" spellcheck="false">%s\n</pre></div>' % self.words(),
            lambda: "<!-- wp:paragraph {\"align\":\"center\"} -->\n<p class=\"has-text-align-center\">%s</p>\n<!-- /wp:paragraph -->" % s(),
            lambda: '<o:p></o:p><p class="MsoNormal"><span lang="EN-US">%s</span></p>' % s(),
            lambda: "<div>%s</div><div><br></div><div>--&nbsp;</div><div>%s</div>" % (s(), self.name()),
        ]
        return "".join(self.one(parts)() for _ in range(self.random.randint(1, 5)))

    def markdown(self):
        w, s = self.word, self.sentence
        parts = [
            lambda: "## %s\n\n%s\n\n" % (self.words(), s()),
            lambda: "* [ ] %s\n* [x] **%s** `%s`\n\n" % (s(), w(), self.identifier()),
            lambda: "![%s](%s \"%s\")\n[%s][1] [1]: %s\n" % (w(), self.url(), self.words(), w(), self.url()),
            lambda: "| %s | %s |\n|:---|---:|\n| %s | %d |\n\n" % (w(), w(), w(), self.number()),
            lambda: "> %s\n\n%s <br> <kbd>Ctrl</kbd>+<kbd>%s</kbd>\n" % (s(), s(), w().upper()[:1]),
            lambda: "```json\n%s\n```\n" % self.json_value(),
            lambda: "%s ~~%s~~ _%s_ :+1: @%s #%d\n" % (s(), w(), w(), w(), self.number(4)),
            lambda: "<details><summary>%s</summary>\n\n%s\n</details>\n" % (w(), s()),
        ]
        return "".join(self.one(parts)() for _ in range(self.random.randint(1, 5)))

    def template(self):
        w = self.word
        return self.one(
            [
                "Hi {{first_name}}, your order {{ order.id | default: 'n/a' }} ships {{ order.date | date: '%d.%m.%Y' }}",
                "Dear {%% if %s %%}%s{%% else %%}%s{%% endif %%}," % (w(), w(), w()),
                "*|FNAME|* %%FIRSTNAME%% [%s] ${%s} #{%s} <%%= %s %%>" % (w(), w(), w(), w()),
                "{count, plural, one {# %s} other {# %ss}}" % (w(), w()),
                "%%s of %%d %s, %%1$s" % w(),
                "{{#each %s}}{{this.%s}}{{/each}}" % (w(), w()),
                "${%s.%s:-%s}" % (w(), w(), w()),
                "{{ $json[\"%s\"] }} {{ $node.%s.%s }}" % (w(), w(), w()),
            ]
        )

    def cookie(self):
        return self.one(
            [
                lambda: "isGpcEnabled=0&datestamp=Mon+Jan+01+2026+10%%3A00%%3A00+GMT%%2B0100+(Mitteleurop%%C3%%A4ische+Normalzeit)&version=202401.1.0&browserGpcFlag=0&hosts=&consentId=%s&interactionCount=%d&landingPath=%s&groups=C0001%%3A1%%2CC0002%%3A0&geolocation=DE%%3BBE"
                % (self.uuid(), self.number(1), quoted(self.url())),
                lambda: "{stamp:%%27%s%%27%%2Cnecessary:true%%2Cpreferences:false%%2Cstatistics:false%%2Cmethod:%%27explicit%%27%%2Cver:1%%2Cutc:%d%%2Cregion:%%27de%%27}" % (self.blob(40, 60), self.number(9)),
                lambda: quoted(compact({"consents": {"essential": True, self.word(): False}, "uid": self.uuid(), "date": self.stamp()})),
                lambda: quoted(compact({"distinct_id": "$device:" + self.uuid(), "$device_id": self.uuid(), "$initial_referrer": self.url(), "$search_engine": "google", "__timers": {}})),
                lambda: "CP%s.%s.YAAAAAAAAAAA" % (self.blob(30, 60).rstrip("="), self.blob(10, 60).rstrip("=")),
                lambda: "GA1.2.%d.%d" % (self.number(9), self.number(9)),
                lambda: "fb.1.%d.IwAR%s" % (self.number(9), self.blob(20, 40)),
                lambda: "-1124106680%%7CMCIDTS%%7C%d%%7CMCMID%%7C%d%%7CMCAAMB-%d%%7C%s%%7CvVersion%%7C5.2.0" % (self.number(5), self.number(9), self.number(9), self.blob(20, 40)),
                lambda: "eyJpdiI6" + base64.b64encode(compact({"iv": self.blob(16, 16), "value": self.blob(60, 200), "mac": self.hexa(64), "tag": ""}).encode()).decode()[8:],
                lambda: quoted("%s|%d|%s|%s" % (self.name(), self.number(9), self.hexa(43), self.hexa(64))),
                lambda: quoted('a:2:{s:4:"%s";s:5:"%s";s:3:"tok";i:%d;}' % (self.word()[:4].ljust(4, "x"), self.word()[:5].ljust(5, "y"), self.number())),
                lambda: "%s%%3A%%3A%s%%40%s" % (self.word(), self.hexa(16), self.one(HOSTS)),
                lambda: quoted("%s~!~%s" % (self.url(), self.words())),
                lambda: self.one(ZONES) + "; " + self.word() + "=1",
                self.jwt, self.token,
            ]
        )()  # fmt: skip

    def path(self):
        w, name = self.word, quoted(self.name())
        return self.one(
            [
                lambda: "/%s/%s.%s;jsessionid=%s?%s" % (w(), w(), self.one(TYPES), self.hexa(32).upper(), self.pairs()),
                lambda: "/odata/%s(%d)/%s('%s')/items(guid'%s')?$select=Id,%s&$top=5" % (w(), self.number(), w(), w(), self.uuid(), w()),
                lambda: "/wiki/%s_(%s)_'%s'" % (name, w(), w()),
                lambda: "/tag/%s/%s" % (quoted("<3"), quoted(self.chat()[:40])),
                lambda: "/img/w_200,h_%d,c_fill,q_auto:good/f_auto/v%d/%s.jpg" % (self.number(3), self.number(), w()),
                lambda: "/_next/image?url=%s&w=640&q=75" % quoted(self.url()),
                lambda: "/@%s/%s@^%d.0.0/dist/%s.min.js" % (w(), w(), self.number(1), w()),
                lambda: "/%s/-/blob/main/%s/%s.c#L%d" % (w(), w(), w(), self.number(3)),
                lambda: "/~%s/%s//%s/" % (w(), w(), w()),
                lambda: "/%s.git/info/refs?service=git-upload-pack" % w(),
                lambda: "/%s+%s,%s:%s=%s*%s!/%s|%s" % (w(), w(), w(), w(), w(), w(), w(), w()),
                lambda: "/%s/c++/c%%23/%s&%s/%s" % (w(), w(), w(), name),
                lambda: "/cdn-cgi/rum?%s" % quoted(self.analytics()),
                lambda: "/s/%s/%s" % (self.blob(20, 60).replace("/", "_"), w()),
                lambda: "/%s/(%s:%s)/%s" % (w(), w(), w(), self.hexa(12)),
                lambda: "/%s/%s...%s" % (w(), w(), w()),
            ]
        )()  # fmt: skip

    def header(self):
        """A name and a value."""
        return self.one(
            [
                lambda: ("Sec-CH-UA", '"Not A(Brand";v="%d", "Chromium";v="%d", "Google Chrome";v="121"' % (self.number(2), self.number(2))),
                lambda: ("If-None-Match", 'W/"%s", "%s"' % (self.hexa(16), self.blob(8, 20))),
                lambda: ("baggage", "sentry-environment=prod,sentry-release=%s,sentry-transaction=%s,sentry-sample_rate=0.1" % (self.hexa(8), quoted("GET /" + self.word()))),
                lambda: ("X-Requested-With", "XMLHttpRequest"),
                lambda: ("User-Agent", "%s/%d.%d (%s; +%s)" % (self.word().title(), self.number(1), self.number(2), self.word(), self.url())),
                lambda: ("User-Agent", "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/%s; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/%d.0.0.0;]" % (self.hexa(6), self.number(3))),
                lambda: ("X-Newrelic-Id", self.blob(10, 30)),
                lambda: ("traceparent", "00-%s-%s-01" % (self.hexa(32), self.hexa(16))),
                lambda: ("Content-Disposition", 'attachment; filename="%s"; filename*=UTF-8\'\'%s' % (self.words(), quoted(self.name()))),
                lambda: ("X-Amz-Meta-Title", quoted(self.name())),
                lambda: ("X-Client-Context", compact({"locale": "de-DE", "user": self.name(), "q": self.search()})),
                lambda: ("Link", '<%s>; rel="next", <%s>; rel="prev"' % (self.url(), self.url())),
                lambda: ("X-Page-Url", self.url()),
                lambda: ("Range", "bytes=%d-" % self.number()),
                lambda: ("Forwarded", 'for=192.0.2.60;proto=https;by=203.0.113.43, for="[2001:db8:cafe::17]:4711"'),
                lambda: ("X-Search", quoted(self.search())),
            ]
        )()  # fmt: skip

    def document(self):
        """A file's content, as it is uploaded or posted."""
        w, s = self.word, self.sentence
        return self.one(
            [
                lambda: "Name;Price;Note\r\n" + "".join("%s;%s;\"%s\"\r\n" % (self.name(), self.price(), s()) for _ in range(6)),
                lambda: "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;TZID=%s:20260101T100000\r\nSUMMARY:%s\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE\r\nEND:VEVENT\r\nEND:VCALENDAR" % (self.one(ZONES), s()),
                lambda: "BEGIN:VCARD\nVERSION:4.0\nFN:%s\nTEL;TYPE=\"work,voice\":tel:+1-%d\nADR;LABEL=\"%s\":;;;\nEND:VCARD" % (self.name(), self.number(9), self.address()),
                lambda: '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>%s</title><item><link>%s</link><description><![CDATA[%s]]></description></item></channel></rss>' % (self.words(), self.url().replace("&", "&amp;"), self.rich_text()),
                lambda: '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><get%s><id>%d</id><name>%s</name></get%s></soapenv:Body></soapenv:Envelope>' % (w().title(), self.number(), w(), w().title()),
                lambda: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  labels: {app: \"%s\"}\ndata:\n  key: |\n    %s=%s\n    # %s\n" % (w(), w(), w(), w(), s()),
                lambda: "[%s]\n%s = \"%s\"\npath = /var/lib/%s\n; %s\n" % (w(), w(), self.words(), w(), s()),
                lambda: "2026-01-01 10:00:00,%03d INFO  [main] c.e.%s - GET /%s?id=%d 200 (%d ms)\n" % (self.number(2), w().title(), w(), self.number(), self.number(3)) * 4,
                lambda: "From: %s <%s@%s>\r\nSubject: =?UTF-8?B?%s?=\r\nMIME-Version: 1.0\r\n\r\n%s" % (self.name(), w(), self.one(HOSTS), self.blob(10, 30), self.chat()),
                lambda: "diff --git a/%s.c b/%s.c\n@@ -1,3 +1,4 @@\n-%s\n+%s\n" % (w(), w(), s(), s()),
            ]
        )()  # fmt: skip


PEOPLE = ["name", "address", "price", "search", "chat", "password"]
PROGRAMS = [
    "token", "jwt", "oauth", "saml", "tracking", "nested_url", "google", "signed_url", "json_value", "analytics",
    "identifier", "selector", "query_language", "graphql", "template", "url", "pairs",
]  # fmt: skip
BODIES = ["rich_text", "markdown", "document"]
COOKIES = ["cookie"]
PLACES = ["path", "header"]
