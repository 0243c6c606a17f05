internal import Core
internal import WebSocket

/// What one side of a WebSocket says. The first byte chooses which side, and whether compression was agreed upon; the
/// second where the stream is split, which may change nothing but into how many pieces messages fall.
enum WebSocketFuzzing {
    /// Later than a receiver's own beginning, and the same for all, so that the clock decides nothing.
    private static let now = Deadline.after(.seconds(3_600))

    static func frames(_ bytes: [UInt8]) {
        guard bytes.count >= 2 else { return }
        let stream = Array(bytes.dropFirst(2))
        let split = stream.count * Int(bytes[1]) / 255
        let (role, compresses): (WebSocketRole, Bool) = (bytes[0] & 1 == 0 ? .server : .client, bytes[0] & 2 != 0)
        let whole = hear([stream], role, compresses)
        let parts = hear([Array(stream[..<split]), Array(stream[split...])], role, compresses)
        precondition(whole.isRefused == parts.isRefused)
        // Of a piece that is refused nothing is handed on, of smaller pieces what was good.
        precondition(whole.runs(withoutEnd: whole.isRefused) == parts.runs(withoutEnd: whole.isRefused))
        var carried = 0
        for case .data(_, let bytes, _, let isEnd) in whole.events {
            carried += bytes.count
            precondition(carried <= WebSocketLimits().messageBytes)
            if isEnd { carried = 0 }
        }
        if !whole.isRefused { sendAgain(whole, role) }
    }

    /// What was understood can be said again, and is understood the same.
    private static func sendAgain(_ heard: Heard, _ role: WebSocketRole) {
        var sender = WebSocketSender(role == .server ? .client : .server)
        var output: [UInt8] = []
        for event in heard.events { sender.append(event, to: &output) }
        let again = hear([output], role, false)
        precondition(!again.isRefused && again.runs() == heard.runs())
    }

    private struct Heard {
        var events: [WebSocketEvent] = []
        var isRefused = false

        /// The pieces of a message that follow one another as one.
        func runs(withoutEnd: Bool = false) -> [WebSocketEvent] {
            var runs: [WebSocketEvent] = []
            for event in events {
                if case .data(let kind, let bytes, false, let isEnd) = event,
                    case .data(_, let before, let isStart, false)? = runs.last
                {
                    runs[runs.count - 1] = .data(kind, bytes: before + bytes, isStart: isStart, isEnd: isEnd)
                } else {
                    runs.append(event)
                }
            }
            while withoutEnd, case .data? = runs.last { runs.removeLast() }
            return runs
        }
    }

    private static func hear(_ parts: [[UInt8]], _ role: WebSocketRole, _ compresses: Bool) -> Heard {
        var receiver = WebSocketReceiver(role, allowsCompression: compresses)
        var heard = Heard()
        do throws(WebSocketFailure) {
            for part in parts { try receiver.receive(part.span, now: now, into: &heard.events) }
        } catch {
            heard.isRefused = true
        }
        return heard
    }
}
