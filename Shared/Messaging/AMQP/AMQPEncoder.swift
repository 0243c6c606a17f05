internal import CRabbitMQ

/// Appends AMQP frames to bytes that are to be sent, encoded by librabbitmq.
///
/// Texts are copied into an arena that lives as long as the encoder and is reset for each frame; a text is cut at the 255
/// bytes a short string of the protocol holds. Not Sendable: confined to its connection's reactor.
@safe final class AMQPEncoder {
    private(set) var bytes: [UInt8] = []
    var frameMaximum = 4_096

    private static let arenaCapacity = 16 << 10
    private static let longestShortText = 255
    private let arena: UnsafeMutableRawBufferPointer
    private var arenaUsed = 0
    private let frame: UnsafeMutableRawBufferPointer

    init() {
        unsafe arena = .allocate(byteCount: Self.arenaCapacity, alignment: 8)
        unsafe frame = .allocate(byteCount: 2 * Self.arenaCapacity, alignment: 8)
    }

    deinit {
        unsafe arena.deallocate()
        unsafe frame.deallocate()
    }

    /// Hands out what was encoded; `empty`'s storage takes the next frames.
    func exchange(_ empty: inout [UInt8]) { swap(&bytes, &empty) }

    // MARK: The connection

    func protocolHeader() { bytes.append(contentsOf: Array("AMQP".utf8) + [0, 0, 9, 1]) }

    func heartbeat() { bytes.append(contentsOf: [8, 0, 0, 0, 0, 0, 0, FrameScanner.endMark]) }

    /// Without the last one a broker that refuses our password would hang up without a word.
    private static let capabilities = [
        "connection.blocked", "consumer_cancel_notify", "publisher_confirms", "basic.nack",
        "authentication_failure_close",
    ]

    func startOK(user: String, password: String, connectionName: String) {
        arenaUsed = 0
        let capabilities = unsafe Self.capabilities.map { unsafe flag($0) }
        unsafe capabilities.withUnsafeBufferPointer { entries in
            let properties = unsafe [
                text("product", "Infinite"), text("connection_name", connectionName), table("capabilities", entries),
            ]
            unsafe properties.withUnsafeBufferPointer { entries in
                let response = [0] + Array(user.utf8) + [0] + Array(password.utf8)
                var method = unsafe amqp_connection_start_ok_t(
                    client_properties: amqp_table_t(entries), mechanism: put("PLAIN"),
                    response: put(response, limit: 4_096), locale: put("en_US"))
                unsafe append(AMQP_CONNECTION_START_OK_METHOD, channel: 0, &method)
            }
        }
    }

    func tuneOK(channelMaximum: Int, frameMaximum: Int, heartbeatSeconds: Int) {
        var method = amqp_connection_tune_ok_t(
            channel_max: UInt16(clamping: channelMaximum), frame_max: UInt32(clamping: frameMaximum),
            heartbeat: UInt16(clamping: heartbeatSeconds))
        append(AMQP_CONNECTION_TUNE_OK_METHOD, channel: 0, &method)
    }

    func open(virtualHost: String) {
        arenaUsed = 0
        var method = unsafe amqp_connection_open_t(virtual_host: put(virtualHost), capabilities: put(""), insist: 0)
        unsafe append(AMQP_CONNECTION_OPEN_METHOD, channel: 0, &method)
    }

    func close(code: Int, text: String) {
        arenaUsed = 0
        var method = unsafe amqp_connection_close_t(
            reply_code: UInt16(clamping: code), reply_text: put(text), class_id: 0, method_id: 0)
        unsafe append(AMQP_CONNECTION_CLOSE_METHOD, channel: 0, &method)
    }

    func closeOK() {
        var method = amqp_connection_close_ok_t()
        append(AMQP_CONNECTION_CLOSE_OK_METHOD, channel: 0, &method)
    }

    // MARK: Channels

    func channelOpen(_ channel: UInt16) {
        arenaUsed = 0
        var method = unsafe amqp_channel_open_t(out_of_band: put(""))
        unsafe append(AMQP_CHANNEL_OPEN_METHOD, channel: channel, &method)
    }

    func channelClose(_ channel: UInt16, code: Int, text: String) {
        arenaUsed = 0
        var method = unsafe amqp_channel_close_t(
            reply_code: UInt16(clamping: code), reply_text: put(text), class_id: 0, method_id: 0)
        unsafe append(AMQP_CHANNEL_CLOSE_METHOD, channel: channel, &method)
    }

    func channelCloseOK(_ channel: UInt16) {
        var method = amqp_channel_close_ok_t()
        append(AMQP_CHANNEL_CLOSE_OK_METHOD, channel: channel, &method)
    }

    func channelFlowOK(_ channel: UInt16, isActive: Bool) {
        var method = amqp_channel_flow_ok_t(active: isActive ? 1 : 0)
        append(AMQP_CHANNEL_FLOW_OK_METHOD, channel: channel, &method)
    }

    func confirmSelect(_ channel: UInt16) {
        var method = amqp_confirm_select_t(nowait: 0)
        append(AMQP_CONFIRM_SELECT_METHOD, channel: channel, &method)
    }

    /// An exclusive queue that goes with this connection, and forgets the oldest beyond `maximumBytes`.
    func declareExclusiveQueue(_ channel: UInt16, name: String, maximumBytes: Int) {
        arenaUsed = 0
        let arguments = unsafe [number("x-max-length-bytes", maximumBytes), text("x-overflow", "drop-head")]
        unsafe arguments.withUnsafeBufferPointer { entries in
            var method = unsafe amqp_queue_declare_t(
                ticket: 0, queue: put(name), passive: 0, durable: 0, exclusive: 1, auto_delete: 1, nowait: 0,
                arguments: amqp_table_t(entries))
            unsafe append(AMQP_QUEUE_DECLARE_METHOD, channel: channel, &method)
        }
    }

    func bindQueue(_ channel: UInt16, name: String, exchange: String, key: String) {
        arenaUsed = 0
        var method = unsafe amqp_queue_bind_t(
            ticket: 0, queue: put(name), exchange: put(exchange), routing_key: put(key), nowait: 0,
            arguments: amqp_table_t())
        unsafe append(AMQP_QUEUE_BIND_METHOD, channel: channel, &method)
    }

    // MARK: Messages

    func qos(_ channel: UInt16, prefetch: Int) {
        var method = amqp_basic_qos_t(prefetch_size: 0, prefetch_count: UInt16(clamping: prefetch), global: 0)
        append(AMQP_BASIC_QOS_METHOD, channel: channel, &method)
    }

    func consume(_ channel: UInt16, queue: String, consumer: String, acknowledges: Bool) {
        arenaUsed = 0
        var method = unsafe amqp_basic_consume_t(
            ticket: 0, queue: put(queue), consumer_tag: put(consumer), no_local: 0, no_ack: acknowledges ? 0 : 1,
            exclusive: 0, nowait: 0, arguments: amqp_table_t())
        unsafe append(AMQP_BASIC_CONSUME_METHOD, channel: channel, &method)
    }

    func cancel(_ channel: UInt16, consumer: String) {
        arenaUsed = 0
        var method = unsafe amqp_basic_cancel_t(consumer_tag: put(consumer), nowait: 0)
        unsafe append(AMQP_BASIC_CANCEL_METHOD, channel: channel, &method)
    }

    func get(_ channel: UInt16, queue: String) {
        arenaUsed = 0
        var method = unsafe amqp_basic_get_t(ticket: 0, queue: put(queue), no_ack: 0)
        unsafe append(AMQP_BASIC_GET_METHOD, channel: channel, &method)
    }

    func ack(_ channel: UInt16, tag: UInt64, multiple: Bool) {
        var method = amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0)
        append(AMQP_BASIC_ACK_METHOD, channel: channel, &method)
    }

    func nack(_ channel: UInt16, tag: UInt64, requeue: Bool) {
        var method = amqp_basic_nack_t(delivery_tag: tag, multiple: 0, requeue: requeue ? 1 : 0)
        append(AMQP_BASIC_NACK_METHOD, channel: channel, &method)
    }

    /// Method, header and as many body frames as the size agreed on asks for. `head` and `tail` are one body in two
    /// parts, so that a batch needs no copy to get its envelope.
    func publish(
        _ channel: UInt16, exchange: String, routingKey: String, isMandatory: Bool, properties: MessageProperties,
        head: [UInt8], tail: [UInt8]
    ) {
        arenaUsed = 0
        var method = unsafe amqp_basic_publish_t(
            ticket: 0, exchange: put(exchange), routing_key: put(routingKey), mandatory: isMandatory ? 1 : 0,
            immediate: 0)
        unsafe append(AMQP_BASIC_PUBLISH_METHOD, channel: channel, &method)
        appendHeader(channel, properties, bodySize: head.count + tail.count)
        appendBody(channel, head, tail)
    }

    private func appendHeader(_ channel: UInt16, _ properties: MessageProperties, bodySize: Int) {
        arenaUsed = 0
        let headers = unsafe properties.headers.map { unsafe text($0.name, $0.value) }
        unsafe headers.withUnsafeBufferPointer { headers in
            var source = unsafe encode(properties, headers)
            let start = beginFrame(type: 2, channel: channel)
            bytes.appendBigEndian(UInt32(AMQP_BASIC_CLASS) << 16)
            bytes.appendBigEndian(UInt64(bodySize))
            let count = unsafe amqp_encode_properties(UInt16(AMQP_BASIC_CLASS), &source, amqp_bytes_t(frame))
            precondition(count > 0, "properties of our own making can be encoded")
            unsafe bytes.append(contentsOf: frame.prefix(Int(count)))
            endFrame(start)
        }
    }

    private func encode(
        _ properties: MessageProperties, _ headers: UnsafeBufferPointer<amqp_table_entry_t>
    ) -> amqp_basic_properties_t {
        var encoded = unsafe amqp_basic_properties_t()
        var flags = AMQP_BASIC_DELIVERY_MODE_FLAG
        func set(_ flag: Int32, _ text: String) -> amqp_bytes_t {
            if !text.isEmpty { flags |= flag }
            return unsafe put(text)
        }
        unsafe encoded.delivery_mode = properties.isPersistent ? 2 : 1
        unsafe encoded.type = set(AMQP_BASIC_TYPE_FLAG, properties.type)
        unsafe encoded.message_id = set(AMQP_BASIC_MESSAGE_ID_FLAG, properties.messageID)
        unsafe encoded.user_id = set(AMQP_BASIC_USER_ID_FLAG, properties.userID)
        unsafe encoded.correlation_id = set(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlationID)
        unsafe encoded.reply_to = set(AMQP_BASIC_REPLY_TO_FLAG, properties.replyTo)
        if let milliseconds = properties.expirationMilliseconds {
            unsafe encoded.expiration = set(AMQP_BASIC_EXPIRATION_FLAG, String(milliseconds))
        }
        if !headers.isEmpty {
            flags |= AMQP_BASIC_HEADERS_FLAG
            unsafe encoded.headers = amqp_table_t(headers)
        }
        unsafe encoded._flags = amqp_flags_t(flags)
        return unsafe encoded
    }

    private func appendBody(_ channel: UInt16, _ head: [UInt8], _ tail: [UInt8]) {
        let largest = frameMaximum - FrameScanner.headSize - 1
        let total = head.count + tail.count
        var sent = 0
        while sent < total {
            let end = min(total, sent + largest)
            let start = beginFrame(type: 3, channel: channel)
            if sent < head.count { bytes.append(contentsOf: head[sent..<min(end, head.count)]) }
            if end > head.count {
                bytes.append(contentsOf: tail[(max(sent, head.count) - head.count)..<(end - head.count)])
            }
            endFrame(start)
            sent = end
        }
    }

    // MARK: Frames

    /// Returns where the frame's payload begins; its size is filled in at the end.
    private func beginFrame(type: UInt8, channel: UInt16) -> Int {
        bytes.append(type)
        bytes.appendBigEndian(channel)
        bytes.appendBigEndian(UInt32(0))
        return bytes.count
    }

    private func endFrame(_ start: Int) {
        let size = UInt32(bytes.count - start)
        for index in 0..<4 { bytes[start - 4 + index] = UInt8(truncatingIfNeeded: size >> UInt32(24 - 8 * index)) }
        bytes.append(FrameScanner.endMark)
    }

    private func append<Method>(_ number: UInt32, channel: UInt16, _ method: inout Method) {
        let start = beginFrame(type: 1, channel: channel)
        bytes.appendBigEndian(number)
        let count = unsafe withUnsafeMutableBytes(of: &method) { method in
            unsafe amqp_encode_method(number, method.baseAddress, amqp_bytes_t(frame))
        }
        precondition(count >= 0, "a method of our own making can be encoded")
        unsafe bytes.append(contentsOf: frame.prefix(Int(count)))
        endFrame(start)
    }

    // MARK: The arena

    private func put(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { unsafe put($0, limit: Self.longestShortText) }
    }

    private func put(_ source: some Collection<UInt8>, limit: Int) -> amqp_bytes_t {
        let count = min(source.count, limit, Self.arenaCapacity - arenaUsed)
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: arena[arenaUsed..<(arenaUsed + count)])
        unsafe target.copyBytes(from: source.prefix(count))
        arenaUsed += count
        return unsafe amqp_bytes_t(UnsafeRawBufferPointer(target))
    }

    private func text(_ name: String, _ value: String) -> amqp_table_entry_t {
        var entry = unsafe amqp_table_entry_t()
        unsafe entry.key = put(name)
        unsafe entry.value.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
        unsafe entry.value.value.bytes = put(Array(value.utf8), limit: 1_024)
        return unsafe entry
    }

    private func number(_ name: String, _ value: Int) -> amqp_table_entry_t {
        var entry = unsafe amqp_table_entry_t()
        unsafe entry.key = put(name)
        unsafe entry.value.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
        unsafe entry.value.value.i64 = Int64(value)
        return unsafe entry
    }

    private func flag(_ name: String) -> amqp_table_entry_t {
        var entry = unsafe amqp_table_entry_t()
        unsafe entry.key = put(name)
        unsafe entry.value.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
        unsafe entry.value.value.boolean = 1
        return unsafe entry
    }

    private func table(_ name: String, _ entries: UnsafeBufferPointer<amqp_table_entry_t>) -> amqp_table_entry_t {
        var entry = unsafe amqp_table_entry_t()
        unsafe entry.key = put(name)
        unsafe entry.value.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
        unsafe entry.value.value.table = amqp_table_t(entries)
        return unsafe entry
    }
}

extension amqp_table_t {
    /// Borrows the entries: valid while the buffer is.
    fileprivate init(_ entries: UnsafeBufferPointer<amqp_table_entry_t>) {
        unsafe self.init(
            num_entries: Int32(entries.count), entries: UnsafeMutablePointer(mutating: entries.baseAddress))
    }
}

extension amqp_bytes_t {
    fileprivate init(_ buffer: UnsafeMutableRawBufferPointer) {
        unsafe self.init(UnsafeRawBufferPointer(buffer))
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian(_ value: some FixedWidthInteger & BitwiseCopyable) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }
}
