/// What a person reads when everything runs: three commands to try, and once the password.
internal import LocalServers

struct Welcome {
    static let administrator = "admin"

    let stack: Stack
    let showsPassword: Bool

    var text: String {
        get throws(LocalServerFailure) {
            let origin = "http://localhost:\(stack.ports.gateway)"
            let password = try stack.layout.secret("administrator")
            let credentials =
                showsPassword
                ? """
                Sign in as \(Terminal.bold(Self.administrator)) with the password \(Terminal.bold(password))
                (made for this machine, shown this once; kept in \(stack.layout.secretFile("administrator")))
                """
                : "Sign in as \(Self.administrator); the password is in \(stack.layout.secretFile("administrator"))"
            return """

                \(Terminal.bold("Everything runs.")) Ctrl-C stops it; the next start keeps the data.

                  a request:   \(Terminal.bold("curl -i \(origin)/"))
                  an attack:   \(Terminal.bold("curl -i --interface 127.0.0.66 \"\(origin)/search?q=%27%20OR%201%3D1--\""))
                  the view:    \(Terminal.bold("\(origin)/_infinite/"))

                \(credentials)


                """
        }
    }
}
