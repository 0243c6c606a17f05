internal import Core
internal import Reactor

// How a connection writes its responses: what frames them is its own business, and so is the date.
extension HTTPServerConnection {
    func appendHead(
        _ status: HTTPStatus, _ headers: HTTPHeaders, _ added: HTTPHeaders, _ framing: HTTPBodyFraming,
        to output: inout [UInt8]
    ) {
        HTTPResponseEncoder.appendStatusLine(status, to: &output)
        HTTPResponseEncoder.appendFields(of: headers, to: &output)
        if !added.isEmpty { HTTPResponseEncoder.appendFields(of: added, to: &output) }
        switch framing {
        case .length(let length): HTTPResponseEncoder.appendLength(length, to: &output)
        case .chunked: HTTPResponseEncoder.append("Transfer-Encoding: chunked\r\n", to: &output)
        case .none, .untilClose: break
        }
        appendTail(to: &output)
    }

    func appendTail(to output: inout [UInt8]) {
        output.append(contentsOf: worker.dateLine())
        if !keepsAlive {
            HTTPResponseEncoder.append("Connection: close\r\n", to: &output)
        } else if peerVersion == .http10 {
            HTTPResponseEncoder.append("Connection: keep-alive\r\n", to: &output)
        }
        output.append(HTTPSyntax.carriageReturn)
        output.append(HTTPSyntax.lineFeed)
    }

    func send(
        _ first: [UInt8], _ second: [UInt8] = [], skipping sent: Int = 0
    ) async throws(HTTPFailure) {
        do throws(StreamFailure) {
            try await stream.send(first, second, skipping: sent, stall: timeouts.write)
        } catch {
            throw .stream(error)
        }
    }
}
