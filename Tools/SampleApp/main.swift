// sample-app PORT: serves the sample shop on 127.0.0.1:PORT until SIGTERM or SIGINT.
internal import Core
internal import Glibc
internal import HTTP
internal import Reactor

guard CommandLine.arguments.count == 2, let address = SocketAddress("127.0.0.1:\(CommandLine.arguments[1])") else {
    print("usage: sample-app PORT")
    exit(64)
}
let group = try ReactorGroup(count: 1)
let server = HTTPServer(HTTPServerConfiguration(address: address), group: group, handler: SampleApp.routes())
let signals = try await SignalStream([SIGTERM, SIGINT], on: group.next())
let bound = try await server.start()
let announcement = Array("the sample shop listens on \(bound)\n".utf8)
// Not `print`, which would keep the line back until a buffer is full.
_ = unsafe announcement.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
_ = try await signals.next()
await server.stop(deadline: .after(.seconds(5)))
