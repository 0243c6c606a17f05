import Core
import HTTP
import JSON

/// What a challenged client sees: a page for people that works by itself, a problem document for programs that says how to
/// do the same. Nothing is loaded from anywhere but here, nothing runs that stands in the page.
enum ChallengePage {
    struct Question {
        var puzzle: Puzzle
        var scope: String
        /// Where the client wanted to go.
        var back: String
        var requestID: String
        /// Why the proof before this one was not accepted.
        var refusal: ChallengeRefusal?
        var captcha: CaptchaSettings?
    }

    static let path = "/_infinite/challenge"

    static func headers(_ captcha: CaptchaSettings?) -> HTTPHeaders {
        let others = captcha.map { " " + $0.origins.joined(separator: " ") } ?? ""
        let frames = captcha == nil ? "" : "frame-src\(others); connect-src\(others); "
        return [
            "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
            "Content-Security-Policy":
                "default-src 'none'; script-src 'self'\(others); worker-src 'self'; style-src 'self'\(others); \(frames)"
                + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ]
    }

    // MARK: For people

    static func html(_ question: Question) -> String {
        let puzzle = question.puzzle
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex"><title>One moment, please</title>
            <link rel="stylesheet" href="/_infinite/challenge.css">
            <script src="/_infinite/challenge.js" defer></script>\(script(question.captcha))
            </head>
            <body>
            <main>
            <h1>One moment, please</h1>
            <p>This site is being visited by more programs than people at the moment. \(task(question))</p>
            \(refusal(question.refusal))<form id="challenge" method="post" action="\(path)" data-difficulty="\(puzzle.difficulty)">
            <input type="hidden" name="puzzle" value="\(HTMLText.escaped(puzzle.text))">
            <input type="hidden" name="scope" value="\(HTMLText.escaped(question.scope))">
            <input type="hidden" name="back" value="\(HTMLText.escaped(question.back))">
            <input type="hidden" name="number" value="">
            \(control(question.captcha))
            </form>
            <noscript><p>This needs JavaScript, which is switched off or not available here. Switch it on for this site and
            load the page again, or write to the site's operator and quote the number below.</p></noscript>
            <p class="reference">If this does not work, tell the site's operator this number:
            <code>\(HTMLText.escaped(question.requestID))</code></p>
            </main>
            </body>
            </html>

            """
    }

    private static func task(_ question: Question) -> String {
        question.captcha == nil
            ? "Your browser now works on a small sum, which takes a few seconds. You do not have to do anything, and nothing "
                + "about you is collected."
            : "Please answer the question below, then go on."
    }

    private static func refusal(_ refusal: ChallengeRefusal?) -> String {
        refusal.map { "<p role=\"alert\">\(HTMLText.escaped($0.description))</p>\n" } ?? ""
    }

    private static func control(_ captcha: CaptchaSettings?) -> String {
        guard let captcha else {
            return """
                <p id="status" role="status" aria-live="polite"></p>
                <progress id="progress" max="100" value="0" aria-label="How far the sum is, roughly" hidden></progress>
                <p><button id="retry" type="button" hidden>Try again</button></p>
                """
        }
        return """
            <div class="\(HTMLText.escaped(captcha.widgetClass))" data-sitekey="\(HTMLText.escaped(captcha.siteKey))"></div>
            <p><button type="submit">Go on</button></p>
            """
    }

    private static func script(_ captcha: CaptchaSettings?) -> String {
        captcha.map { "\n<script src=\"\(HTMLText.escaped($0.script))\" async defer></script>" } ?? ""
    }

    // MARK: For programs

    static func problem(_ question: Question) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.text("type", "about:blank")
            json.text("title", "Forbidden")
            json.integer("status", 403)
            let reason = question.refusal.map { "\($0) " } ?? ""
            json.text("detail", reason + instructions(question))
            json.text("request_id", question.requestID)
            guard question.captcha == nil else { return }
            json.key("challenge")
            json.object { challenge in
                challenge.text("kind", "sha-256")
                challenge.text("puzzle", question.puzzle.text)
                challenge.integer("difficulty", question.puzzle.difficulty)
                challenge.text("scope", question.scope)
                challenge.text("answer_at", path)
            }
        }
        return json.bytes
    }

    private static func instructions(_ question: Question) -> String {
        guard question.captcha == nil else {
            return
                "This needs a proof that a person is there: open it in a browser, or ask the operator to let you pass."
        }
        return "This needs a proof of work. Find a whole number n such that SHA-256 of \"<puzzle>.<n>\" begins with "
            + "\(question.puzzle.difficulty) zero bits, send puzzle, scope and number=n as a form to \(path) within "
            + "\(Puzzle.lifetime.components.seconds) seconds, and repeat the request with the cookie you get. Keep "
            + "User-Agent the same. Or ask the operator to let you pass."
    }
}
