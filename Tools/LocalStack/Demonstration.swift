/// A scripted tour against a running stack: what each part of the suite does, seen from outside.
internal import Core
internal import LocalServers

struct Demonstration {
    let gatewayPort: Int
    let administrator: Credentials

    struct Credentials: Sendable {
        let name: String
        let password: String
    }

    func run() async {
        heading("A visitor reads the shop's front page")
        show("GET", "/")
    }

    func heading(_ text: String) { Terminal.write("\n\(Terminal.bold(text))\n") }

    @discardableResult
    func show(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: String = ""
    ) -> PlainHTTPResponse? {
        Terminal.write(Terminal.faint("  \(method) \(target)\n"))
        let answer = PlainHTTP.send(
            method, target, port: gatewayPort, headers: headers, body: Array(body.utf8))
        guard let answer else {
            Terminal.write("  no answer\n")
            return nil
        }
        let firstLine = answer.text.split(separator: "\n").first { !$0.isEmpty } ?? ""
        Terminal.write("  → \(answer.status)  \(firstLine.prefix(100))\n")
        return answer
    }
}
