internal import AddressSets
internal import Contracts
internal import Core
internal import Inspection
internal import JSON
internal import Messaging
internal import gateway

/// What is fuzzed, by name. A target's whole duty is not to crash, not to hang and not to eat memory: hostile bytes may
/// be refused but never trap.
let fuzzTargets: [String: @Sendable ([UInt8]) -> Void] = [
    "encodings": { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (TraceContext(text), UUIDv7(text), Base64.decode(text), Base64.decodeURL(text), ByteCount(text))
        _ = Hex.decode(bytes)
    },
    "json": { bytes in
        guard let value = try? JSONValue(parsing: bytes) else { return }
        // What was read can be written, and reads the same.
        precondition((try? JSONValue(parsing: value.serialized(), limits: JSONLimits(maximumLength: .max))) == value)
    },
    // The first byte chooses the message.
    "contracts": { bytes in
        guard let choice = bytes.first else { return }
        let message: any WireMessage.Type = ContractRegistry.messages[Int(choice) % ContractRegistry.messages.count]
        decodeTwice(message, bytes.dropFirst())
    },
    // The first byte chooses the message, the rest is what a client of the API sends as its body.
    "transcoding": { bytes in
        guard let choice = bytes.first, let json = try? JSONValue(parsing: Array(bytes.dropFirst())) else { return }
        let message: any WireMessage.Type = ContractRegistry.messages[Int(choice) % ContractRegistry.messages.count]
        transcode(message, json)
    },
    "bus": { bytes in UntrustedBytes.read(bytes) },
    "http-requests": { bytes in HTTPFuzzing.requests(bytes) },
    // Frames of HTTP/2 in any split.
    "http2-frames": { bytes in HTTPFuzzing.frames(bytes) },
    "http-response": { bytes in HTTPFuzzing.response(bytes) },
    "address-list": { bytes in _ = try? AddressList.read(bytes, file: "list.txt") },
    "country-database": { bytes in AddressFuzzing.countries(bytes) },
    "proxy-header": { bytes in HTTPFuzzing.proxyHeader(bytes) },
    "request-paths": { bytes in GatewayFuzzing.path(bytes) },
    "routes-file": { bytes in _ = RoutesFile.isGood(bytes) },
    "seclang": { bytes in SecLangFuzzing.load(bytes) },
    // One side of a WebSocket, in any split.
    "websocket": { bytes in WebSocketFuzzing.frames(bytes) },
    "multipart": { bytes in MultipartFuzzing.read(bytes) },
    // A header and claims.
    "jwt": { bytes in TokenFuzzing.verify(bytes) },
    // The first byte chooses the field.
    "field-values": { bytes in FieldFuzzing.read(bytes) },
    // What a crash leaves behind on disk.
    "spool-segment": { bytes in GatewayFuzzing.segment(bytes) },
    // The first byte chooses the grammar.
    "grammars": { bytes in InspectionFuzzing.judge(bytes) },
    "models": { bytes in InspectionFuzzing.loadModel(bytes) },
    "inspection": { bytes in InspectionFuzzing.inspect(bytes) },
]

private func decodeTwice<Message: WireMessage>(_ type: Message.Type, _ bytes: ArraySlice<UInt8>) {
    guard let message = try? type.init(wireBytes: bytes) else { return }
    let encoded = message.wireBytes()
    // Compared as bytes: a NaN in a message is not equal to itself.
    precondition((try? Message(wireBytes: encoded))?.wireBytes() == encoded)
    _ = try? message.json()
}

private func transcode<Message: WireMessage>(_ type: Message.Type, _ json: JSONValue) {
    guard let message = try? type.init(json: json) else { return }
    let encoded = message.wireBytes()
    precondition((try? Message(wireBytes: encoded))?.wireBytes() == encoded)
    _ = try? message.json()
}
